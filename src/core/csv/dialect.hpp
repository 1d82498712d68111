// What a CSV file is written with, and the two small walks over a single field that reading and writing
// share. The rules are those of PostgreSQL's COPY … CSV.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace ferry::csv {

struct Dialect {
    char delimiter = ',';
    char quote = '"';
    char escape = '"';        // inside quotes, makes a following quote or escape an ordinary character
    std::string null_string;  // an unquoted field of exactly this text is NULL
};

inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Refuses dialects that cannot be read unambiguously: equal delimiter and quote, line ends or NUL as a
// special character, a null string that holds delimiter, quote or a line end.
Status check(const Dialect &dialect);

// Where a field ends, and whether its quotes are closed there.
struct FieldEnd {
    size_t at;  // index of the delimiter or line end after the field, or the text's size
    bool closed;
};
FieldEnd find_field_end(std::string_view text, size_t start, const Dialect &dialect) noexcept;

// Takes quotes and escapes out of a raw field and writes what is left to `to`, which has room for
// field.size() bytes. Returns how many were written.
size_t unquote(std::string_view field, const Dialect &dialect, char *to) noexcept;

}  // namespace ferry::csv
