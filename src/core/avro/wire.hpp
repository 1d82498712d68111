// Avro's binary encoding of single values (specification 1.11, "Binary Encoding"), both ways. Reading goes
// through a bounded Cursor that never passes its end; writing puts bytes into room reserved beforehand.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>

#include "core/result.hpp"

namespace ferry::avro {

static_assert(std::endian::native == std::endian::little || std::endian::native == std::endian::big);
inline constexpr bool little_endian = std::endian::native == std::endian::little;

// The longest int or long: ten groups of seven bits.
inline constexpr size_t max_varint = 10;

// Bytes that grow at the end, without the zeroing that std::string does. Owns its memory; a view is valid
// until the next call that is not const.
class Buffer {
  public:
    size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    size_t capacity() const noexcept { return capacity_; }
    std::string_view view() const noexcept { return {data_.get(), size_}; }

    // Room for `extra` bytes after the end, and where it begins. The room counts only once committed.
    char *reserve(size_t extra) {
        if (capacity_ - size_ < extra) grow(extra);
        return data_.get() + size_;
    }
    // The bytes written since reserve(), up to `end`, are now part of the buffer.
    void commit(const char *end) noexcept { size_ = static_cast<size_t>(end - data_.get()); }
    // Where the reserved room ends.
    const char *limit() const noexcept { return data_.get() + capacity_; }

    void append(std::string_view bytes) {
        if (bytes.empty()) return;
        char *const to = reserve(bytes.size());
        std::memcpy(to, bytes.data(), bytes.size());
        commit(to + bytes.size());
    }
    void truncate(size_t size) noexcept { size_ = std::min(size_, size); }
    void clear() noexcept { size_ = 0; }
    // Empties the buffer and gives memory beyond `keep` bytes back: one giant row must not stay for good.
    void clear_to(size_t keep) noexcept {
        size_ = 0;
        if (capacity_ > keep) {
            data_.reset();
            capacity_ = 0;
        }
    }

  private:
    void grow(size_t extra) {
        const size_t wanted = std::max({size_ + extra, capacity_ * 2, size_t{256}});
        std::unique_ptr<char[]> bigger(new char[wanted]);
        if (size_ > 0) std::memcpy(bigger.get(), data_.get(), size_);
        data_ = std::move(bigger);
        capacity_ = wanted;
    }

    std::unique_ptr<char[]> data_;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

// "Zig-zag": the sign goes to the lowest bit, so that small numbers of either sign stay short.
constexpr uint64_t zigzag(int64_t value) noexcept {
    return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t unzigzag(uint64_t value) noexcept {
    return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// The bytes of a float or double are little-endian, whatever the machine is.
template <typename Word>
constexpr Word to_little(Word word) noexcept {
    if constexpr (little_endian) {
        return word;
    } else {
        Word out = 0;
        for (size_t i = 0; i < sizeof word; ++i) out = (out << 8) | ((word >> (8 * i)) & 0xFF);
        return out;
    }
}

// ---- writing: each put_ writes to `to` and returns the end; the caller has reserved the worst case ----

// Needs max_varint bytes of room even for short numbers: it may write past the end that it returns.
inline char *put_long(char *to, int64_t value) noexcept {
    uint64_t z = zigzag(value);
    if (z < 0x80) {
        *to = static_cast<char>(z);
        return to + 1;
    }
    if constexpr (little_endian) {
        if (z < (uint64_t{1} << 56)) {
            // Up to eight groups at once: spread 56 bits over eight bytes, set the top bit of all but the
            // last.
            const auto n = static_cast<size_t>((std::bit_width(z) + 6) / 7);
            uint64_t w = (z & 0x0FFFFFFFULL) | ((z & 0x00FFFFFFF0000000ULL) << 4);
            w = (w & 0x00003FFF00003FFFULL) | ((w & 0x0FFFC0000FFFC000ULL) << 2);
            w = (w & 0x007F007F007F007FULL) | ((w & 0x3F803F803F803F80ULL) << 1);
            w |= 0x8080808080808080ULL >> (8 * (9 - n));
            std::memcpy(to, &w, sizeof w);
            return to + n;
        }
    }
    while (z >= 0x80) {
        *to++ = static_cast<char>((z & 0x7F) | 0x80);
        z >>= 7;
    }
    *to++ = static_cast<char>(z);
    return to;
}

inline char *put_float(char *to, float value) noexcept {
    const auto word = to_little(std::bit_cast<uint32_t>(value));
    std::memcpy(to, &word, sizeof word);
    return to + sizeof word;
}

inline char *put_double(char *to, double value) noexcept {
    const auto word = to_little(std::bit_cast<uint64_t>(value));
    std::memcpy(to, &word, sizeof word);
    return to + sizeof word;
}

// Bytes and strings: length, then content. Needs max_varint + size bytes of room.
inline char *put_bytes(char *to, std::string_view bytes) noexcept {
    to = put_long(to, static_cast<int64_t>(bytes.size()));
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    return to + bytes.size();
}

inline void append_long(Buffer &out, int64_t value) {
    out.commit(put_long(out.reserve(max_varint), value));
}
inline void append_bytes(Buffer &out, std::string_view bytes) {
    out.commit(put_bytes(out.reserve(max_varint + bytes.size()), bytes));
}

// ---- reading ----

// A window on encoded bytes with a place in it. Every read_ either succeeds and moves on, or returns false,
// stays at the first byte of what it could not read and remembers why. The bytes are borrowed.
class Cursor {
  public:
    Cursor() = default;
    // `base` is added to offsets: where `bytes` begin in whatever the user knows as the input.
    explicit Cursor(std::string_view bytes, uint64_t base = 0) noexcept
        : begin_(bytes.data()), p_(bytes.data()), end_(bytes.data() + bytes.size()), base_(base) {}

    size_t left() const noexcept { return static_cast<size_t>(end_ - p_); }
    bool at_end() const noexcept { return p_ == end_; }
    uint64_t offset() const noexcept { return base_ + static_cast<uint64_t>(p_ - begin_); }

    bool read_byte(uint8_t &out) noexcept {
        if (p_ == end_) return fail(truncated);
        out = static_cast<uint8_t>(*p_++);
        return true;
    }

    bool read_long(int64_t &out) noexcept {
        if (p_ < end_ && static_cast<uint8_t>(*p_) < 0x80) {
            out = unzigzag(static_cast<uint8_t>(*p_++));
            return true;
        }
        if constexpr (little_endian) {
            if (left() >= 8 && read_eight(out)) return true;
        }
        return read_long_slowly(out);
    }

    bool read_int(int32_t &out) noexcept {
        const char *const start = p_;
        int64_t wide;
        if (!read_long(wide)) return false;
        if (wide < std::numeric_limits<int32_t>::min() || wide > std::numeric_limits<int32_t>::max()) {
            p_ = start;
            return fail("int out of range");
        }
        out = static_cast<int32_t>(wide);
        return true;
    }

    bool read_float(float &out) noexcept {
        uint32_t word;
        if (!read_word(word)) return false;
        out = std::bit_cast<float>(word);
        return true;
    }

    bool read_double(double &out) noexcept {
        uint64_t word;
        if (!read_word(word)) return false;
        out = std::bit_cast<double>(word);
        return true;
    }

    bool read_fixed(size_t size, std::string_view &out) noexcept {
        if (left() < size) return fail(truncated);
        out = {p_, size};
        p_ += size;
        return true;
    }

    // A length and as many bytes. The length is held against what is left before anything else happens.
    bool read_bytes(std::string_view &out) noexcept {
        const char *const start = p_;
        int64_t length;
        if (!read_long(length)) return false;
        if (length < 0 || static_cast<uint64_t>(length) > left()) {
            p_ = start;
            return fail(length < 0 ? "negative length" : "length exceeds the remaining bytes");
        }
        out = {p_, static_cast<size_t>(length)};
        p_ += length;
        return true;
    }

    bool skip(size_t size) noexcept {
        if (left() < size) return fail(truncated);
        p_ += size;
        return true;
    }

    // Back to the byte that read_byte() has just given, which turned out to be wrong.
    void step_back() noexcept { --p_; }

    // Records why the bytes at the cursor are wrong; static text. Returns false, for `return cursor.fail(…)`.
    bool fail(const char *why) noexcept {
        fault_ = why;
        return false;
    }
    const char *fault() const noexcept { return fault_; }

    static constexpr const char *truncated = "unexpected end of data";

  private:
    template <typename Word>
    bool read_word(Word &out) noexcept {
        if (left() < sizeof out) return fail(truncated);
        std::memcpy(&out, p_, sizeof out);
        out = to_little(out);
        p_ += sizeof out;
        return true;
    }

    // A number of at most eight bytes out of the next eight: find its last byte, squeeze out the top bits.
    bool read_eight(int64_t &out) noexcept {
        uint64_t w;
        std::memcpy(&w, p_, sizeof w);
        const uint64_t stops = ~w & 0x8080808080808080ULL;
        if (stops == 0) return false;
        const int bits = std::countr_zero(stops) + 1;
        w &= 0x7F7F7F7F7F7F7F7FULL >> (64 - bits);
        w = (w & 0x007F007F007F007FULL) | ((w & 0x7F007F007F007F00ULL) >> 1);
        w = (w & 0x00003FFF00003FFFULL) | ((w & 0x3FFF00003FFF0000ULL) >> 2);
        w = (w & 0x000000000FFFFFFFULL) | ((w & 0x0FFFFFFF00000000ULL) >> 4);
        out = unzigzag(w);
        p_ += bits / 8;
        return true;
    }

    bool read_long_slowly(int64_t &out) noexcept {
        uint64_t value = 0;
        const char *p = p_;
        for (int shift = 0; shift < 70; shift += 7) {
            if (p == end_) return fail(truncated);
            const auto byte = static_cast<uint8_t>(*p++);
            if (shift == 63 && byte > 1) return fail("number longer than 64 bits");
            value |= static_cast<uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) {
                out = unzigzag(value);
                p_ = p;
                return true;
            }
        }
        return fail("number longer than 64 bits");
    }

    const char *begin_ = nullptr;
    const char *p_ = nullptr;
    const char *end_ = nullptr;
    uint64_t base_ = 0;
    const char *fault_ = nullptr;
};

}  // namespace ferry::avro
