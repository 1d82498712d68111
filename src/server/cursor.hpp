// A query's rows one by one, however many: a cursor of the server, read some at a time. Made and closed in
// the same transaction; on an error the server closes it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/sql.hpp"

namespace ferry {

class Cursor {
  public:
    // Opens it under a new snapshot and with the current user's rights, which are asked for here and not
    // again. Names in the text are qualified by whoever writes it.
    explicit Cursor(const std::string &sql, std::span<const SqlArgument> arguments = {});
    Cursor(const Cursor &) = delete;
    Cursor &operator=(const Cursor &) = delete;

    // Moves on to the next row, the first one at first; false at the end.
    bool next();

    // Columns of that row, from 0. Bytes are those of a text or bytea and valid until the next call of
    // next(); for NULL they are empty and the number is 0.
    bool null(int column);
    int64_t number(int column);
    std::string_view bytes(int column);

    // The last call in a transaction that goes on.
    void close();

  private:
    static constexpr size_t rows_at_once = 100;

    void fetch();
    Datum value(int column, bool &null);

    std::string portal_;
    TupleDesc descriptor_ = nullptr;  // the portal's
    HeapTuple tuples_[rows_at_once] = {};
    size_t count_ = 0, at_ = 0;
    ScopedContext fetched_{"ferry cursor rows"};
    ScopedContext values_{"ferry cursor values"};
};

}  // namespace ferry
