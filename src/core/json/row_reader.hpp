// Reads a JSON array of objects into batches, one row per object and one column per key. It owns a copy of
// the text and of every string that had to be unescaped; numbers are never converted, only cut out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/json/scanner.hpp"
#include "core/record.hpp"
#include "core/value/arena.hpp"

namespace ferry::json {

// What to do with keys that are no column.
enum class Unknown : uint8_t { reject, ignore };

// Fields: a missing key is absent, null is null, a string is text (its token with quotes), numbers, true and
// false are literals, arrays and objects are json. Faults, all that a row has:
//   not_an_object     text = the row; all fields absent
//   unknown_key       text = the key; column -1. A key that no text can spell (\u0000, a lone surrogate) is
//                     unknown too, and told as written
//   duplicate_key     text = the key; the last value is the field's
//   nul_character     a string with \u0000; text = its inside as written; the field stays absent
//   invalid_encoding  a string with a lone surrogate; text and field likewise
class RowReader {
  public:
    // Keys among `refused` are unknown even where such are ignored.
    RowReader(std::vector<std::string> columns, Unknown unknown, std::vector<std::string> refused = {});
    RowReader(const RowReader &) = delete;
    RowReader &operator=(const RowReader &) = delete;

    // Takes a copy of the text, checks all of it and stands before its first row. Errors as array_elements()
    // gives them; the reader is then empty. Rows of the text before are no longer valid.
    Status open(std::string_view text);

    // Rows in the array.
    size_t size() const noexcept { return rows_.size(); }

    // Stands before the first row again. Rows given before are no longer valid.
    void rewind() noexcept;

    // Appends at most `limit` rows to the batch, whose width is the number of columns, and returns how many;
    // 0 (with limit > 0) at the end. They stay valid until rewind() or open().
    size_t next(Batch &batch, size_t limit);

  private:
    void read_row(Batch &batch, Field *row);
    void read_members(Batch &batch, Field *row, std::string_view object);
    void put(Batch &batch, Field &field, int column, std::string_view token);
    void put_string(Batch &batch, Field &field, int column, std::string_view token);
    int column_of(std::string_view key) noexcept;
    bool first_time(int column) noexcept;
    Escapes text_of(std::string_view token, std::string_view &text);

    std::vector<std::string> columns_;
    std::unordered_map<std::string_view, int> by_name_;  // borrows columns_
    Unknown unknown_;
    std::vector<std::string> refused_;
    std::string text_;
    std::vector<Extent> rows_;
    size_t row_ = 0;              // the next one
    size_t guess_ = 0;            // the column that the next key will likely be
    std::vector<uint64_t> seen_;  // by column: the pass of the last row that had it
    uint64_t pass_ = 0;           // counts rows read, over all rewinds
    value::Arena arena_;
};

}  // namespace ferry::json
