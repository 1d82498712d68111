// Tells text that the input function of a type is certain to refuse, and for what: asking it costs a
// subtransaction for every bad field. none means "ask the input function", never "valid".
#pragma once

#include <cstdint>
#include <string_view>

namespace ferry::value {

enum class Refusal : uint8_t {
    none,
    syntax,    // 22P02: not a number at all
    range,     // 22003: a number outside the type's range
    datetime,  // 22008: a day that its month does not have
};

// For smallint, integer and bigint: `bits` is 16, 32 or 64. Spellings that only some majors of PostgreSQL
// take, like 0x1F and 1_000, are left to the input function.
Refusal refuse_integer(std::string_view text, unsigned bits) noexcept;

// For date, and for timestamps with and without zone: "YYYY-MM-DD", where `timed` with a time and maybe a
// zone as in datetime.hpp.
Refusal refuse_datetime(std::string_view text, bool timed) noexcept;

}  // namespace ferry::value
