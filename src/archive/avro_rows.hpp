// The rows of any Avro file, one text each: JSON, or a composite as its input function takes it. Nothing is
// known of the file but what it says itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "archive/parts_source.hpp"
#include "core/avro/decoder.hpp"

namespace ferry {

class AvroRows {
  public:
    // `path` is as for restore_file(). `as` is a composite type, whose attributes take the fields of their
    // names, or nothing for JSON; then values of a file that does not hold records come as {"value": …}.
    // Raises 22P03 for a damaged header, 42804 for fields that the type has no place for, and what files may
    // be.
    explicit AvroRows(const std::string &path, const avro::Column *as = nullptr);

    // The next row; false at the end. Raises 22P03 with the offset in the file, 22021 for bytes that are no
    // text.
    bool next();
    // Valid until the next call of next().
    std::string_view text() const noexcept { return row_.text; }

  private:
    OpenPart file_;
    std::optional<avro::RowDecoder> decoder_;
    avro::Block block_;
    std::optional<avro::Cursor> cursor_;  // in the block, while rows are left in it
    uint64_t left_ = 0;
    Field row_;
};

}  // namespace ferry
