// Decimals as Avro carries them (specification, "Decimal"): an unscaled integer in two's complement,
// big-endian, beside a scale that the schema knows. Here they become text and come from text or from the form
// in which PostgreSQL stores a numeric, exactly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferry::avro {

__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;

// Digits that fit 128 bits, and the most that common readers take.
inline constexpr int max_precision = 38;

// Bytes that the largest of these takes.
inline constexpr size_t max_decimal_bytes = 16;

// The unscaled value of plain decimal notation ("-12.50", no exponent), or nothing when the text is something
// else, or has more digits than precision and scale (1 to 38, 0 to precision) can hold.
std::optional<int128> parse_decimal(std::string_view text, int precision, int scale) noexcept;

// The unscaled value of a numeric as PostgreSQL stores it (numeric.c, "NumericData"): a header, perhaps a
// weight, and digits to base 10000, in the machine's byte order but at any address. Nothing for NaN,
// infinity, and values with more digits than precision (1 to 38) and scale (0 to 38) can hold.
std::optional<int128> read_numeric(std::string_view image, int precision, int scale) noexcept;

// True when |unscaled| has at most `precision` digits.
bool fits_precision(int128 unscaled, int precision) noexcept;

// Writes the shortest two's complement form, at least one byte; returns the end. Needs max_decimal_bytes of
// room even for short ones.
char *put_unscaled(char *to, int128 unscaled) noexcept;

// Replaces `out` by the decimal in plain notation. Any number of bytes; none counts as zero. The work grows
// with the square of the size, so callers cap it.
void format_decimal(std::string_view bytes, int scale, std::string &out);

}  // namespace ferry::avro
