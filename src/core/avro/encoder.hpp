// Rows of Fields into Avro's binary form, by a plan compiled once per table. The schema that belongs to the
// bytes is schema_json() of the same columns.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/avro/schema.hpp"
#include "core/avro/wire.hpp"
#include "core/record.hpp"

namespace ferry::avro {

// Writes one value in its kind's binary form, without a union's branch, and returns the end; null when the
// kind cannot hold it. Needs value_room() bytes of room. Arrays and records come as Kind::encoded.
char *put_value(Kind kind, int precision, int scale, const Field &field, char *at) noexcept;

inline constexpr size_t max_fixed_value = max_varint + 16;  // a decimal with its length

constexpr size_t value_room(const Field &field) noexcept {
    return max_fixed_value + field.text.size();
}

class RowEncoder {
  public:
    explicit RowEncoder(std::span<const Column> columns);

    // Appends one row and returns -1; or returns the index of the first column whose value its kind cannot
    // hold and leaves `out` as it was. The caller then starts a file with text_branch set for that column,
    // and gives such values as Kind::text. A null in a not_null column is told the same way; absent counts as
    // null. Text must be UTF-8. row.size() is the number of columns.
    int encode(std::span<const Field> row, Buffer &out) const;

  private:
    // What is done with Fields of the kind that a column's values mostly have; anything else goes the long
    // way.
    enum class Way : uint8_t { none, narrow, wide, real, text, encoded };
    struct Step {
        Way way = Way::none;
        Field::Kind usual = Field::Kind::absent;
        uint8_t prefix_size = 0, prefix = 0;
        Kind kind = Kind::string;
        bool nullable = false;
        // The bytes of a union's branch numbers; 0xFF where there is no union or no such branch.
        uint8_t value_prefix = no_prefix;
        uint8_t text_prefix = no_prefix;
        int precision = 0;
        int scale = 0;
    };
    static constexpr uint8_t no_prefix = 0xFF;

    // A place in a buffer that is being written: `at` may be written to, with at least `fixed_` bytes of
    // room.
    static void choose_way(Step &step);
    char *put_usual(const Step &step, const Field &field, char *at, Buffer &out) const;
    char *put_field(const Step &step, const Field &field, char *at, Buffer &out) const;
    char *make_room(const Field &field, char *at, Buffer &out) const;

    std::vector<Step> steps_;
    size_t fixed_ = 0;  // bytes of the longest row, the content of strings and bytes aside
};

}  // namespace ferry::avro
