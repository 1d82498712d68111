// JSON arrays and objects for columns of array and composite types: made as json_populate_record makes them,
// by the server itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "load/column_plan.hpp"
#include "server/sql.hpp"

namespace ferry {

class JsonValues {
  public:
    // The text that make() wants, of a JSON value as it was written.
    static std::string wrap(std::string_view json);

    // Prepares the question for this column, unless it was asked before.
    void prepare(size_t column, const PlannedColumn &plan);
    // The value of a wrapped text, in the current memory context. To be called inside pg_call; raises what
    // json_to_record raises.
    Datum make(size_t column, const char *wrapped, bool &null) const;

  private:
    std::vector<KeptPlan> plans_;
};

}  // namespace ferry
