// Implements scan.hpp. PostgreSQL's side of each form: utils/adt/bool.c (parse_bool_with_len), numutils.c
// (pg_strtoint*), float.c (float4in, float8in_internal) and uuid.c (string_to_uuid).
#include "core/value/scan.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>

namespace ferry::value {
namespace {

template <typename Int>
bool scan_integer(std::string_view text, Int &value) noexcept {
    constexpr size_t safe_digits = 18;  // as many nines still fit an int64
    const bool negative = !text.empty() && text.front() == '-';
    if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
    if (text.empty() || text.size() > safe_digits + 1) return false;
    uint64_t magnitude = 0;
    for (const char c : text) {
        const auto digit = static_cast<unsigned>(c) - unsigned{'0'};
        if (digit > 9) return false;
        magnitude = magnitude * 10 + digit;
    }
    constexpr auto max = static_cast<uint64_t>(std::numeric_limits<Int>::max());
    if (magnitude > max + (negative ? 1 : 0)) return false;
    value = static_cast<Int>(negative ? uint64_t{0} - magnitude : magnitude);
    return true;
}

// Whether a decimal number's digits before the exponent are all zero.
bool zero_mantissa(std::string_view text) noexcept {
    for (const char c : text) {
        if (c == 'e' || c == 'E') break;
        if (c >= '1' && c <= '9') return false;
    }
    return true;
}

template <typename Float>
bool scan_float(std::string_view text, Float &value) noexcept {
    if (!text.empty() && text.front() == '+') {
        text.remove_prefix(1);
        if (!text.empty() && text.front() == '-') return false;
    }
    const size_t first = !text.empty() && text.front() == '-' ? 1 : 0;
    if (first >= text.size()) return false;
    const char c = text[first];
    if (c != '.' && (c < '0' || c > '9')) return false;  // inf and nan
    Float scanned = 0;
    const char *const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, scanned, std::chars_format::general);
    if (error != std::errc{} || stop != end || !std::isfinite(scanned)) return false;
    if (scanned == 0 && !zero_mantissa(text)) return false;
    value = scanned;
    return true;
}

constexpr std::array<int8_t, 256> make_hex_table() {
    std::array<int8_t, 256> table{};
    for (auto &entry : table) entry = -1;
    for (size_t i = 0; i < 10; ++i) table[size_t{'0'} + i] = static_cast<int8_t>(i);
    for (size_t i = 0; i < 6; ++i)
        table[size_t{'a'} + i] = table[size_t{'A'} + i] = static_cast<int8_t>(10 + i);
    return table;
}

constexpr std::array<int8_t, 256> hex_table = make_hex_table();

int hex_digit(char c) noexcept {
    return hex_table[static_cast<unsigned char>(c)];
}

}  // namespace

bool scan_bool(std::string_view text, bool &value) noexcept {
    if (text == "t" || text == "true" || text == "1" || text == "yes" || text == "on") {
        value = true;
        return true;
    }
    if (text == "f" || text == "false" || text == "0" || text == "no" || text == "off") {
        value = false;
        return true;
    }
    return false;
}

bool scan_int2(std::string_view text, int16_t &value) noexcept {
    return scan_integer(text, value);
}

bool scan_int4(std::string_view text, int32_t &value) noexcept {
    return scan_integer(text, value);
}

bool scan_int8(std::string_view text, int64_t &value) noexcept {
    return scan_integer(text, value);
}

bool scan_float4(std::string_view text, float &value) noexcept {
    return scan_float(text, value);
}

bool scan_float8(std::string_view text, double &value) noexcept {
    return scan_float(text, value);
}

bool scan_uuid(std::string_view text, Uuid &value) noexcept {
    constexpr std::array<uint8_t, 16> starts{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
    if (text.size() != 36) return false;
    if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return false;
    Uuid scanned;
    int wrong = 0;
    for (size_t i = 0; i < scanned.size(); ++i) {
        const int high = hex_digit(text[starts[i]]);
        const int low = hex_digit(text[starts[i] + size_t{1}]);
        wrong |= high | low;
        scanned[i] = static_cast<uint8_t>(static_cast<unsigned>(high) << 4U | static_cast<unsigned>(low));
    }
    if (wrong < 0) return false;
    value = scanned;
    return true;
}

}  // namespace ferry::value
