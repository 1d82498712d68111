// Finds the bytes of a window that mean something to CSV, 64 at a time, so that the splitter never looks at
// the bytes between them. On the side it notices bytes that call for a check: NUL and everything beyond
// ASCII.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/csv/dialect.hpp"

namespace ferry::csv {

// Walks the stops (delimiter, quote, escape, line feed, carriage return) of a window it borrows.
class Stops {
  public:
    Stops(std::string_view window, const Dialect &dialect) noexcept
        : end_(window.data() + window.size()),
          delimiter_(dialect.delimiter),
          quote_(dialect.quote),
          escape_(dialect.escape) {
        restart(window.data());
    }

    // Goes on at `from`, forgetting what was noticed before.
    void restart(const char *from) noexcept {
        block_ = from;
        odd_before_ = false;
        stops_ = odd_ = 0;
        if (from < end_) load();
    }

    // The next stop, or the window's end.
    const char *next() noexcept {
        while (stops_ == 0) {
            if (end_ - block_ <= block_size) return end_;
            odd_before_ |= odd_ != 0;
            block_ += block_size;
            load();
        }
        const char *const stop = block_ + std::countr_zero(stops_);
        stops_ &= stops_ - 1;
        return stop;
    }

    // Whether a NUL or a byte beyond ASCII stands between the last call (or restart) and `to`, a stop just
    // given or the window's end.
    bool odd_up_to(const char *to) noexcept {
        const auto width = static_cast<size_t>(to - block_);
        const uint64_t before = width >= block_size ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
        const bool odd = odd_before_ || (odd_ & before) != 0;
        odd_before_ = false;
        odd_ &= ~before;
        return odd;
    }

  private:
    static constexpr ptrdiff_t block_size = 64;

    void load() noexcept {
        const ptrdiff_t left = end_ - block_;
        if (left >= block_size) {
            classify(block_);
            return;
        }
        std::array<char, block_size> tail{};
        std::memcpy(tail.data(), block_, static_cast<size_t>(left));
        classify(tail.data());
        const uint64_t inside = (uint64_t{1} << static_cast<unsigned>(left)) - 1;
        stops_ &= inside;
        odd_ &= inside;
    }

#if defined(__SSE2__)
    void classify(const char *bytes) noexcept {
        const __m128i delimiter = _mm_set1_epi8(delimiter_);
        const __m128i quote = _mm_set1_epi8(quote_);
        const __m128i escape = _mm_set1_epi8(escape_);
        const __m128i line_feed = _mm_set1_epi8('\n');
        const __m128i carriage_return = _mm_set1_epi8('\r');
        stops_ = odd_ = 0;
        for (unsigned i = 0; i < block_size; i += 16) {
            const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i *>(bytes + i));
            const __m128i lines =
                _mm_or_si128(_mm_cmpeq_epi8(x, line_feed), _mm_cmpeq_epi8(x, carriage_return));
            const __m128i quotes = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, escape));
            const __m128i stops = _mm_or_si128(_mm_or_si128(lines, quotes), _mm_cmpeq_epi8(x, delimiter));
            const __m128i odd = _mm_or_si128(x, _mm_cmpeq_epi8(x, _mm_setzero_si128()));
            stops_ |= mask_of(stops) << i;
            odd_ |= mask_of(odd) << i;
        }
    }

    static uint64_t mask_of(__m128i bytes) noexcept {
        return static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(bytes)));
    }
#else
    void classify(const char *bytes) noexcept {
        stops_ = odd_ = 0;
        for (unsigned i = 0; i < block_size; ++i) {
            const char c = bytes[i];
            const bool stop = static_cast<unsigned>(c == delimiter_) | static_cast<unsigned>(c == quote_) |
                              static_cast<unsigned>(c == escape_) | static_cast<unsigned>(c == '\n') |
                              static_cast<unsigned>(c == '\r');
            const bool odd = static_cast<unsigned char>(c) - 1U >= 0x7FU;
            stops_ |= static_cast<uint64_t>(stop) << i;
            odd_ |= static_cast<uint64_t>(odd) << i;
        }
    }
#endif

    const char *end_;
    const char *block_ = nullptr;  // the 64 bytes that the masks describe, bit i for byte i
    uint64_t stops_ = 0;           // those not yet given
    uint64_t odd_ = 0;             // those not yet told by odd_up_to
    bool odd_before_ = false;      // odd bytes in blocks already left
    char delimiter_, quote_, escape_;
};

}  // namespace ferry::csv
