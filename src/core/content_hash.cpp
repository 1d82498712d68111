// Implements content_hash.hpp by multiplications of 64 × 64 → 128 bits. Fields are mixed with where they
// stand and summed, rows likewise: nothing waits for what was before it.
#include "core/content_hash.hpp"

#include <bit>
#include <cstring>

namespace ferry {
namespace {

// Odd constants without structure: the fractional parts of the square roots of 2, 3, 5 and 7, and of the
// golden ratio.
constexpr uint64_t salt_a = 0x6a09e667f3bcc909ULL, salt_b = 0xbb67ae8584caa73bULL;
constexpr uint64_t salt_c = 0x3c6ef372fe94f82bULL, salt_d = 0xa54ff53a5f1d36f1ULL;
constexpr uint64_t golden = 0x9e3779b97f4a7c15ULL;

uint64_t fold(uint64_t a, uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64U);
}

// Little-endian, so that a file is proven on any machine.
template <typename Word>
uint64_t load(const char *bytes) noexcept {
    Word word;
    std::memcpy(&word, bytes, sizeof word);
    if constexpr (std::endian::native == std::endian::big) {
        if constexpr (sizeof word == sizeof(uint64_t))
            word = __builtin_bswap64(word);
        else
            word = __builtin_bswap32(word);
    }
    return word;
}

// Two words at a time; the last two may overlap those before.
uint64_t hash_bytes(const char *bytes, size_t size) noexcept {
    constexpr size_t word = sizeof(uint64_t), half = sizeof(uint32_t);
    uint64_t first = 0, second = 0, state = salt_a + size * golden;
    if (size > 2 * word) {
        const char *const last = bytes + size - 2 * word;
        for (; bytes < last; bytes += 2 * word)
            state = fold(load<uint64_t>(bytes) ^ salt_c, load<uint64_t>(bytes + word) ^ state);
        first = load<uint64_t>(last);
        second = load<uint64_t>(last + word);
    } else if (size >= word) {
        first = load<uint64_t>(bytes);
        second = load<uint64_t>(bytes + size - word);
    } else if (size >= half) {
        first = load<uint32_t>(bytes);
        second = load<uint32_t>(bytes + size - half);
    } else if (size > 0) {
        const auto byte = [bytes](size_t at) { return uint64_t{static_cast<unsigned char>(bytes[at])}; };
        first = byte(0) << 16U | byte(size / 2) << 8U | byte(size - 1);
    }
    return fold(first ^ salt_b, second ^ state);
}

// The kinds that carry text all spell a value the same way.
uint64_t hash_field(const Field &field) noexcept {
    switch (field.kind) {
        case Field::Kind::absent:
        case Field::Kind::null:
            return salt_d;
        case Field::Kind::boolean:
        case Field::Kind::integer:
            return static_cast<uint64_t>(field.integer) ^ salt_b;
        case Field::Kind::real:
            return std::bit_cast<uint64_t>(field.real) ^ salt_c;
        default:
            return hash_bytes(field.text.data(), field.text.size());
    }
}

}  // namespace

void ContentHash::add(std::span<const Field> row) noexcept {
    uint64_t low = salt_a, high = salt_b, place = golden;
    for (const Field &field : row) {
        const uint64_t value = hash_field(field);
        low += fold(value ^ place, salt_c);
        high += fold(value + place, salt_d);
        place += golden;
    }
    low_ += fold(low ^ salt_c, salt_a);
    high_ += fold(high ^ salt_d, salt_b);
    ++rows_;
}

std::string ContentHash::text() const {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const uint64_t half : {high_, low_})
        for (int shift = 60; shift >= 0; shift -= 4)
            text.push_back(digits[(half >> static_cast<unsigned>(shift)) & 15U]);
    return text;
}

}  // namespace ferry
