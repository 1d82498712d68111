// Rows as the result of a set-returning function, materialised in the server's tuplestore.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/boundary.hpp"

namespace ferry {

class ResultSet {
  public:
    // Raises 0A000 where the caller cannot take a set.
    explicit ResultSet(FunctionCallInfo fcinfo);
    // One row; each cell is text for its column's input function, nullopt for NULL.
    void add(const std::vector<std::optional<std::string>> &cells);

  private:
    ReturnSetInfo *info_;
    AttInMetadata *input_;
    ScopedContext row_{"ferry result row"};
};

// The same for a function that returns a set of one type, a row type or another one.
class ValueSet {
  public:
    // Raises 0A000 where the caller cannot take a set.
    ValueSet(FunctionCallInfo fcinfo, Oid type);
    // One value, as text for the type's input function.
    void add(std::string_view text);

  private:
    ReturnSetInfo *info_;
    FmgrInfo *input_;
    Oid parameter_;
    bool composite_;
    ScopedContext value_{"ferry result value"};
};

// One row of a composite type as a function's result, from cells like those above. `type` is in schema ferry.
Datum row_datum(const char *type, const std::vector<std::optional<std::string>> &cells);

}  // namespace ferry
