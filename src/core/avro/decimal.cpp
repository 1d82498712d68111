// Implements decimal.hpp. Values of up to eight bytes take a short way; the rest is divided by 10^9 limb by
// limb.
#include "core/avro/decimal.hpp"

#include <algorithm>
#include <vector>

namespace ferry::avro {
namespace {

constexpr uint32_t limb_base = 1'000'000'000;
constexpr int limb_digits = 9;

uint128 power_of_ten(int exponent) noexcept {
    uint128 out = 1;
    while (exponent-- > 0) out *= 10;
    return out;
}

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// Two's complement of any length, big-endian, as its sign and its magnitude in 32-bit words, lowest first.
std::vector<uint32_t> magnitude_of(std::string_view bytes, bool negative) {
    std::vector<uint32_t> words((bytes.size() + 3) / 4);
    uint32_t carry = negative ? 1 : 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
        uint32_t byte = static_cast<unsigned char>(bytes[bytes.size() - 1 - i]);
        if (negative) {
            byte = (byte ^ 0xFFU) + carry;
            carry = byte >> 8;
            byte &= 0xFFU;
        }
        words[i / 4] |= byte << (8 * (i % 4));
    }
    return words;
}

// Divides in place and returns the remainder; drops leading zero words.
uint32_t divide(std::vector<uint32_t> &words, uint32_t divisor) {
    uint64_t rest = 0;
    for (size_t i = words.size(); i-- > 0;) {
        const uint64_t part = (rest << 32) | words[i];
        words[i] = static_cast<uint32_t>(part / divisor);
        rest = part % divisor;
    }
    while (!words.empty() && words.back() == 0) words.pop_back();
    return static_cast<uint32_t>(rest);
}

// Appends digits, lowest first.
void append_digits(std::vector<uint32_t> words, std::string &out) {
    while (!words.empty()) {
        uint32_t limb = divide(words, limb_base);
        for (int i = 0; i < limb_digits && (limb > 0 || !words.empty()); ++i, limb /= 10)
            out.push_back(static_cast<char>('0' + limb % 10));
    }
}

void append_digits(uint64_t value, std::string &out) {
    for (; value > 0; value /= 10) out.push_back(static_cast<char>('0' + value % 10));
}

}  // namespace

std::optional<int128> parse_decimal(std::string_view text, int precision, int scale) noexcept {
    const bool negative = !text.empty() && text[0] == '-';
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    uint128 value = 0;
    int digits = 0;     // significant ones taken so far
    int decimals = -1;  // taken behind the point; -1 before it
    bool any = false;
    for (const char c : text) {
        if (c == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (!is_digit(c)) return std::nullopt;
        any = true;
        if (decimals >= scale) {
            if (c != '0') return std::nullopt;
            continue;
        }
        if (decimals >= 0) ++decimals;
        if (digits > 0 || c != '0') ++digits;
        if (digits > precision) return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    if (!any) return std::nullopt;
    const int missing = scale - std::max(decimals, 0);
    if (value != 0 && digits + missing > precision) return std::nullopt;
    if (value != 0) value *= power_of_ten(missing);
    return negative ? -static_cast<int128>(value) : static_cast<int128>(value);
}

bool fits_precision(int128 unscaled, int precision) noexcept {
    const uint128 magnitude =
        unscaled < 0 ? ~static_cast<uint128>(unscaled) + 1 : static_cast<uint128>(unscaled);
    return magnitude < power_of_ten(std::min(precision, max_precision));
}

char *put_unscaled(char *to, int128 unscaled) noexcept {
    int bytes = 1;
    while (bytes < 16 && (unscaled >> (8 * bytes - 1)) != (unscaled < 0 ? -1 : 0)) ++bytes;
    for (int i = bytes - 1; i >= 0; --i) *to++ = static_cast<char>(static_cast<uint128>(unscaled) >> (8 * i));
    return to;
}

void format_decimal(std::string_view bytes, int scale, std::string &out) {
    out.clear();
    const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0;
    if (bytes.size() <= 8) {
        uint64_t value = negative ? ~uint64_t{0} : 0;
        for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
        append_digits(negative ? ~value + 1 : value, out);
    } else {
        append_digits(magnitude_of(bytes, negative), out);
    }
    // Digits stand lowest first: fill up to one before the point, set the point, turn around.
    const auto decimals = static_cast<size_t>(scale);
    if (out.size() < decimals + 1) out.append(decimals + 1 - out.size(), '0');
    if (decimals > 0) out.insert(decimals, 1, '.');
    if (negative) out.push_back('-');
    std::reverse(out.begin(), out.end());
}

}  // namespace ferry::avro
