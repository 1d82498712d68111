// Implements decimal.hpp. Values of up to eight bytes take a short way; the rest is divided by 10^9 limb by
// limb.
#include "core/avro/decimal.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "core/avro/wire.hpp"

namespace ferry::avro {
namespace {

constexpr uint32_t limb_base = 1'000'000'000;
constexpr int limb_digits = 9;

constexpr std::array<uint128, max_precision + 1> powers_of_ten = [] {
    std::array<uint128, max_precision + 1> powers{1};
    for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
}();

uint128 power_of_ten(int exponent) noexcept {
    return powers_of_ten[static_cast<size_t>(exponent)];
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

// ---- PostgreSQL's stored numeric (numeric.c) ----

constexpr int numeric_base = 10'000;
constexpr int numeric_base_digits = 4;
constexpr uint32_t numeric_special = 0xC000, numeric_short = 0x8000;
constexpr uint32_t numeric_long_negative = 0x4000, numeric_short_negative = 0x2000;
constexpr uint32_t numeric_short_weight_sign = 0x40, numeric_short_weight = 0x3F;

int16_t load_int16(const char *at) noexcept {
    int16_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

int digits_of(int base_digit) noexcept {
    return base_digit < 10 ? 1 : base_digit < 100 ? 2 : base_digit < 1000 ? 3 : 4;
}

// The digits with the last one moved to `exponent` (above -4), as one number; nothing when that cuts off
// decimals. The caller has made sure that Wide holds it.
template <typename Wide>
std::optional<Wide> join_digits(const char *digits, size_t count, int exponent) noexcept {
    Wide value = 0;
    for (size_t i = 0; i + 1 < count; ++i)
        value = value * numeric_base + static_cast<Wide>(load_int16(digits + 2 * i));
    const auto last = static_cast<Wide>(load_int16(digits + 2 * (count - 1)));
    if (exponent >= 0) return (value * numeric_base + last) * static_cast<Wide>(power_of_ten(exponent));
    const auto cut = static_cast<Wide>(power_of_ten(-exponent));
    if (last % cut != 0) return std::nullopt;
    return value * (numeric_base / cut) + last / cut;
}

char *put_narrow(char *to, int64_t unscaled) noexcept {
    const auto word = static_cast<uint64_t>(unscaled);
    const auto bytes =
        static_cast<size_t>(std::bit_width(unscaled < 0 ? ~word : word)) / 8 + 1;  // with room for the sign
    uint64_t big = word << (8 * (sizeof word - bytes));
    if constexpr (little_endian) big = __builtin_bswap64(big);
    std::memcpy(to, &big, sizeof big);
    return to + bytes;
}

}  // namespace

std::optional<int128> read_numeric(std::string_view image, int precision, int scale) noexcept {
    if (image.size() < sizeof(int16_t)) return std::nullopt;
    const auto header = static_cast<uint32_t>(static_cast<uint16_t>(load_int16(image.data())));
    if ((header & numeric_special) == numeric_special) return std::nullopt;
    const bool is_short = (header & numeric_short) != 0;
    if (!is_short && image.size() < 2 * sizeof(int16_t)) return std::nullopt;
    const bool negative = (header & (is_short ? numeric_short_negative : numeric_long_negative)) != 0;
    int weight = 0;  // the first digit counts for 10000 to this power
    if (is_short)
        weight = static_cast<int>(header & numeric_short_weight) -
                 ((header & numeric_short_weight_sign) != 0 ? 64 : 0);
    else
        weight = load_int16(image.data() + sizeof(int16_t));
    image.remove_prefix(is_short ? sizeof(int16_t) : 2 * sizeof(int16_t));
    const size_t count = image.size() / sizeof(int16_t);
    if (count == 0) return 0;
    const int digits = numeric_base_digits * weight + digits_of(load_int16(image.data())) + scale;
    const auto last = static_cast<int64_t>(weight) - static_cast<int64_t>(count - 1);
    const int64_t exponent = numeric_base_digits * last + scale;
    // Neither the first nor the last digit is zero, so these two settle how long the number is.
    if (digits > precision || exponent <= -numeric_base_digits) return std::nullopt;
    constexpr int digits_of_64_bits = 18;
    int128 value = 0;
    if (digits <= digits_of_64_bits) {
        const auto joined = join_digits<int64_t>(image.data(), count, static_cast<int>(exponent));
        if (!joined) return std::nullopt;
        value = *joined;
    } else {
        const auto joined = join_digits<int128>(image.data(), count, static_cast<int>(exponent));
        if (!joined) return std::nullopt;
        value = *joined;
    }
    return negative ? -value : value;
}

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
    if (const auto narrow = static_cast<int64_t>(unscaled); narrow == unscaled) return put_narrow(to, narrow);
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
