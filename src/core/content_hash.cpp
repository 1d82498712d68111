// Implements content_hash.hpp: every value is folded in by a 64 × 64 → 128 bit multiplication, rows are
// summed.
#include "core/content_hash.hpp"

#include <bit>
#include <cstring>

namespace ferry {
namespace {

// Odd constants without structure: the fractional parts of the square roots of 2, 3, 5 and 7.
constexpr uint64_t salt_a = 0x6a09e667f3bcc909ULL, salt_b = 0xbb67ae8584caa73bULL;
constexpr uint64_t salt_c = 0x3c6ef372fe94f82bULL, salt_d = 0xa54ff53a5f1d36f1ULL;

uint64_t fold(uint64_t a, uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64U);
}

uint64_t hash_bytes(uint64_t seed, const char *bytes, size_t size) noexcept {
    uint64_t state = seed ^ fold(size ^ salt_a, salt_b);
    for (; size >= sizeof(uint64_t); bytes += sizeof(uint64_t), size -= sizeof(uint64_t)) {
        uint64_t word;
        std::memcpy(&word, bytes, sizeof word);
        state = fold(state ^ word, salt_c);
    }
    uint64_t last = 0;
    if (size > 0) std::memcpy(&last, bytes, size);
    return fold(state ^ last, salt_d);
}

// The kinds that carry text all spell a value the same way.
uint64_t hash_field(uint64_t seed, const Field &field) noexcept {
    switch (field.kind) {
        case Field::Kind::absent:
        case Field::Kind::null:
            return fold(seed ^ salt_d, salt_a);
        case Field::Kind::boolean:
        case Field::Kind::integer:
            return fold(seed ^ static_cast<uint64_t>(field.integer) ^ salt_b, salt_c);
        case Field::Kind::real:
            return fold(seed ^ std::bit_cast<uint64_t>(field.real) ^ salt_c, salt_b);
        default:
            return hash_bytes(seed, field.text.data(), field.text.size());
    }
}

}  // namespace

void ContentHash::add(std::span<const Field> row) noexcept {
    uint64_t low = salt_a, high = salt_b;
    for (const Field &field : row) {
        low = hash_field(low, field);
        high = fold(high ^ low, salt_d);
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
