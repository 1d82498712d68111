// Turns the common spellings of bool, integers, floats and uuid into values without asking PostgreSQL. A
// scanner says true only for text that the type's input function reads the same way; false means "ask the
// input function", never "invalid".
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ferry::value {

using Uuid = std::array<uint8_t, 16>;

// t, f, true, false, yes, no, on, off, 1, 0; lower case.
bool scan_bool(std::string_view text, bool &value) noexcept;

// Decimal digits with an optional sign, in range.
bool scan_int2(std::string_view text, int16_t &value) noexcept;
bool scan_int4(std::string_view text, int32_t &value) noexcept;
bool scan_int8(std::string_view text, int64_t &value) noexcept;

// Decimal numbers with an optional sign, fraction and exponent, rounded to nearest like strtof and strtod do.
// Overflow, underflow to zero, infinities, NaN and hexadecimal forms are left to the input function.
bool scan_float4(std::string_view text, float &value) noexcept;
bool scan_float8(std::string_view text, double &value) noexcept;

// 8-4-4-4-12 hexadecimal digits, either case.
bool scan_uuid(std::string_view text, Uuid &value) noexcept;

}  // namespace ferry::value
