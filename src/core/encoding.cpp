// Implements encoding.hpp. Text is mostly ASCII whatever its encoding, so each way has a short cut for that.
#include "core/encoding.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/text.hpp"

namespace ferry {
namespace {

// Code points of the bytes from 0x80 to 0x9F; 0 where a byte is undefined.
constexpr std::array<uint16_t, 32> windows1252_high{
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

constexpr size_t buffer_size = size_t{64} << 10U;

constexpr bool high_surrogate(uint32_t unit) noexcept {
    return unit >= 0xD800 && unit < 0xDC00;
}

constexpr bool low_surrogate(uint32_t unit) noexcept {
    return unit >= 0xDC00 && unit < 0xE000;
}

unsigned char byte_at(std::string_view text, size_t at) noexcept {
    return static_cast<unsigned char>(text[at]);
}

uint32_t read_unit(std::string_view text, size_t at, bool big_endian) noexcept {
    const uint32_t first = byte_at(text, at);
    const uint32_t second = byte_at(text, at + 1);
    return big_endian ? first << 8U | second : second << 8U | first;
}

// The code point at `at` of UTF-16 with at least two bytes left, and its size; 0 for a lone surrogate.
uint32_t read_utf16(std::string_view text, size_t at, bool big_endian, size_t &size) noexcept {
    const uint32_t unit = read_unit(text, at, big_endian);
    size = 2;
    if (!high_surrogate(unit)) {
        if (low_surrogate(unit)) size = 0;
        return unit;
    }
    const uint32_t next = text.size() - at >= 4 ? read_unit(text, at + 2, big_endian) : 0;
    size = low_surrogate(next) ? 4 : 0;
    return size == 0 ? unit : 0x10000U + ((unit - 0xD800U) << 10U) + (next - 0xDC00U);
}

Conversion utf16_to_utf8(std::string_view text, bool big_endian, char *to) noexcept {
    char *out = to;
    size_t at = 0;
    while (text.size() - at >= 2) {
        size_t size = 0;
        const uint32_t c = read_utf16(text, at, big_endian, size);
        if (size == 0) break;
        out = put_utf8(out, c);
        at += size;
    }
    return {at, static_cast<size_t>(out - to)};
}

Conversion bytes_to_utf8(std::string_view text, bool windows, char *to) noexcept {
    char *out = to;
    for (size_t at = 0; at < text.size(); ++at) {
        uint32_t c = byte_at(text, at);
        if (windows && c >= 0x80 && c < 0xA0) {
            c = windows1252_high[c - 0x80];
            if (c == 0) return {at, static_cast<size_t>(out - to)};
        }
        out = put_utf8(out, c);
    }
    return {text.size(), static_cast<size_t>(out - to)};
}

// The character at `at` of valid UTF-8, or of what Utf16Source makes; `at` moves behind it.
uint32_t next_character(std::string_view utf8, size_t &at) noexcept {
    const uint32_t lead = byte_at(utf8, at++);
    if (lead < 0xC0) return lead;
    const unsigned more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    uint32_t c = lead & (0x3FU >> more);
    for (unsigned i = 0; i < more; ++i) c = c << 6U | (byte_at(utf8, at++) & 0x3FU);
    return c;
}

void append_unit(std::string &out, uint32_t unit, bool big_endian) {
    const auto low = static_cast<char>(unit & 0xFFU);
    const auto high = static_cast<char>(unit >> 8U);
    out.push_back(big_endian ? high : low);
    out.push_back(big_endian ? low : high);
}

void append_utf16(std::string &out, uint32_t c, bool big_endian) {
    if (c < 0x10000) {
        append_unit(out, c, big_endian);
        return;
    }
    append_unit(out, 0xD800U + ((c - 0x10000U) >> 10U), big_endian);
    append_unit(out, 0xDC00U + (c & 0x3FFU), big_endian);
}

// The byte that stands for a character, or -1.
int single_byte_of(uint32_t c, bool windows) noexcept {
    if (c < 0x80 || (c >= 0xA0 && c <= 0xFF)) return static_cast<int>(c);
    if (!windows) return c <= 0xFF ? static_cast<int>(c) : -1;
    const auto *const found = std::ranges::find(windows1252_high, c);
    return found == windows1252_high.end() ? -1 : static_cast<int>(0x80 + (found - windows1252_high.begin()));
}

Error bad_unit(Encoding encoding, size_t offset) {
    return {
        Code::invalid_encoding, "invalid text in " + std::string(encoding_name(encoding)), {}, {}, offset};
}

}  // namespace

std::string_view encoding_name(Encoding encoding) noexcept {
    switch (encoding) {
        case Encoding::utf8:
            return "UTF-8";
        case Encoding::utf16le:
            return "UTF-16LE";
        case Encoding::utf16be:
            return "UTF-16BE";
        case Encoding::latin1:
            return "Latin-1";
        case Encoding::windows1252:
            return "Windows-1252";
    }
    return "";
}

std::optional<Encoding> find_encoding(std::string_view name) noexcept {
    struct Spelling {
        std::string_view name;
        Encoding encoding;
    };
    static constexpr Spelling spellings[] = {
        {"utf8", Encoding::utf8},
        {"unicode", Encoding::utf8},
        {"utf16", Encoding::utf16le},
        {"utf16le", Encoding::utf16le},
        {"utf16be", Encoding::utf16be},
        {"latin1", Encoding::latin1},
        {"iso88591", Encoding::latin1},
        {"win1252", Encoding::windows1252},
        {"cp1252", Encoding::windows1252},
        {"ansi", Encoding::windows1252},
        {"windows1252", Encoding::windows1252},
    };
    std::array<char, 12> bare{};
    size_t size = 0;
    for (const char c : name) {
        if (c == '-' || c == '_' || c == ' ') continue;
        if (size == bare.size()) return {};
        bare[size++] = c;
    }
    for (const Spelling &spelling : spellings)
        if (equal_ignoring_case({bare.data(), size}, spelling.name)) return spelling.encoding;
    return {};
}

// ---- guessing ----

namespace {

// NULs by the side of the unit they stand on, and what stands in units without one.
struct Nuls {
    size_t even = 0, odd = 0, both = 0, units = 0;
    size_t other_bytes = 0, ascii = 0;
};

Nuls count_nuls(std::string_view sample) noexcept {
    const auto ascii = [](char c) { return (c >= ' ' && c <= '~') || c == '\t' || c == '\n' || c == '\r'; };
    Nuls nuls;
    nuls.units = sample.size() / 2;
    for (size_t i = 0; i + 1 < sample.size(); i += 2) {
        const bool even = sample[i] == '\0';
        const bool odd = sample[i + 1] == '\0';
        nuls.even += even ? 1 : 0;
        nuls.odd += odd ? 1 : 0;
        nuls.both += even && odd ? 1 : 0;
        if (even || odd) continue;
        nuls.other_bytes += 2;
        nuls.ascii += (ascii(sample[i]) ? 1U : 0U) + (ascii(sample[i + 1]) ? 1U : 0U);
    }
    return nuls;
}

// NULs stand on one side, hardly any on the other, none on both; they are many, or (in scripts where only
// delimiters and line ends have one) a sixteenth, and what has none is not pairs of ASCII; and the bytes make
// sense as UTF-16.
std::optional<Encoding> guess_utf16(std::string_view sample) {
    const Nuls nuls = count_nuls(sample);
    const size_t more = std::max(nuls.even, nuls.odd);
    const size_t fewer = std::min(nuls.even, nuls.odd);
    if (nuls.units < 2 || more * 16 < nuls.units || fewer * 10 > more || nuls.both > 0) return {};
    if (more * 3 < nuls.units && nuls.ascii * 5 > nuls.other_bytes * 4) return {};
    const bool big_endian = nuls.even > nuls.odd;
    size_t good = 0;
    size_t lone = 0;
    for (size_t at = 0; at + 2 <= sample.size();) {
        size_t size = 0;
        read_utf16(sample, at, big_endian, size);
        ++(size == 0 ? lone : good);
        at += std::max<size_t>(size, 2);
    }
    if (lone * 100 > good) return {};
    return big_endian ? Encoding::utf16be : Encoding::utf16le;
}

// What the bytes beyond ASCII look like as UTF-8.
struct Utf8Evidence {
    size_t characters = 0, bad_bytes = 0;
};

Utf8Evidence judge_utf8(std::string_view sample, bool whole) noexcept {
    Utf8Evidence evidence;
    while (!sample.empty()) {
        const size_t valid = utf8_valid_prefix(sample);
        for (size_t i = 0; i < valid; ++i) evidence.characters += byte_at(sample, i) >= 0xC0 ? 1 : 0;
        sample.remove_prefix(valid);
        const bool cut = !whole && sample.size() < 4 && !sample.empty() && byte_at(sample, 0) >= 0xC2;
        if (sample.empty() || cut) break;
        ++evidence.bad_bytes;
        sample.remove_prefix(1);
    }
    return evidence;
}

Guess guess_single_byte(std::string_view sample) {
    size_t defined = 0;
    size_t undefined = 0;
    for (const char ch : sample) {
        const auto c = static_cast<unsigned char>(ch);
        if (c >= 0x80 && c < 0xA0) ++(windows1252_high[c - 0x80U] != 0 ? defined : undefined);
    }
    if (defined > 0 && defined >= undefined)
        return {Encoding::windows1252, 0,
                "not UTF-8; " + std::to_string(defined) + " bytes from 0x80 to 0x9F are characters there"};
    return {Encoding::latin1, 0, "not UTF-8, and no byte is one that only Windows-1252 has"};
}

}  // namespace

Guess guess_encoding(std::string_view sample, bool whole) {
    if (sample.substr(0, 3) == "\xEF\xBB\xBF") return {Encoding::utf8, 3, "byte order mark"};
    if (sample.substr(0, 2) == "\xFF\xFE") return {Encoding::utf16le, 2, "byte order mark"};
    if (sample.substr(0, 2) == "\xFE\xFF") return {Encoding::utf16be, 2, "byte order mark"};
    if (const auto utf16 = guess_utf16(sample))
        return {*utf16, 0, "every other byte is NUL where it is ASCII"};
    const Utf8Evidence evidence = judge_utf8(sample, whole);
    if (evidence.bad_bytes == 0)
        return {Encoding::utf8, 0, evidence.characters == 0 ? "all bytes are ASCII" : "all bytes are UTF-8"};
    if (evidence.characters > evidence.bad_bytes)
        return {Encoding::utf8, 0,
                std::to_string(evidence.bad_bytes) + " bytes are not UTF-8, but " +
                    std::to_string(evidence.characters) + " characters beyond ASCII are"};
    return guess_single_byte(sample);
}

// ---- converting ----

size_t valid_prefix(Encoding encoding, std::string_view text) noexcept {
    if (encoding == Encoding::utf8) return utf8_valid_prefix(text);
    if (encoding == Encoding::latin1) return text.size();
    size_t at = 0;
    if (encoding == Encoding::windows1252) {
        const auto undefined = [](char ch) {
            const auto c = static_cast<unsigned char>(ch);
            return c >= 0x80 && c < 0xA0 && windows1252_high[c - 0x80U] == 0;
        };
        return static_cast<size_t>(std::ranges::find_if(text, undefined) - text.begin());
    }
    for (size_t size = 1; size > 0 && text.size() - at >= 2; at += size)
        read_utf16(text, at, encoding == Encoding::utf16be, size);
    return at;
}

Conversion to_utf8(Encoding from, std::string_view text, char *to) noexcept {
    if (single_byte(from)) return bytes_to_utf8(text, from == Encoding::windows1252, to);
    if (from != Encoding::utf8) return utf16_to_utf8(text, from == Encoding::utf16be, to);
    const size_t valid = utf8_valid_prefix(text);
    std::copy_n(text.data(), valid, to);
    return {valid, valid};
}

Status append_utf8(Encoding from, std::string_view text, std::string &out) {
    const size_t before = out.size();
    out.resize(before + max_utf8_size(text.size()));
    const Conversion done = to_utf8(from, text, out.data() + before);
    const bool good = done.read == text.size();
    out.resize(good ? before + done.written : before);
    if (!good) return bad_unit(from, done.read);
    return Done{};
}

Result<std::string_view> to_utf8(Encoding from, std::string_view text, value::Arena &arena) {
    char *const to = arena.reserve(max_utf8_size(text.size()));
    const Conversion done = to_utf8(from, text, to);
    if (done.read != text.size()) return bad_unit(from, done.read);
    arena.keep(done.written);
    return std::string_view(to, done.written);
}

Status append_encoded(Encoding to, std::string_view utf8, std::string &out) {
    const size_t before = out.size();
    const size_t valid = utf8_valid_prefix(utf8);
    size_t at = 0;
    size_t bad = valid;
    while (at < valid) {
        const size_t start = at;
        const uint32_t c = next_character(utf8, at);
        if (to == Encoding::utf8) {
            out.append(utf8.substr(start, at - start));
        } else if (!single_byte(to)) {
            append_utf16(out, c, to == Encoding::utf16be);
        } else if (const int byte = single_byte_of(c, to == Encoding::windows1252); byte >= 0) {
            out.push_back(static_cast<char>(byte));
        } else {
            bad = start;
            break;
        }
    }
    if (bad == utf8.size()) return Done{};
    out.resize(before);
    return bad_unit(bad == valid ? Encoding::utf8 : to, bad);
}

// ---- UTF-16 as a stream ----

Utf16Source::Utf16Source(ByteSource &input, Encoding encoding)
    : input_(input), big_endian_(encoding == Encoding::utf16be), buffer_(buffer_size) {}

size_t Utf16Source::read(char *to, size_t size) {
    size_t written = 0;
    while (written == 0) {
        written = std::min(size, pending_end_ - pending_start_);
        std::copy_n(pending_ + pending_start_, written, to);
        pending_start_ += written;
        written += convert(to + written, size - written);
        if (written > 0 || pending_start_ < pending_end_) continue;
        if (!refill()) break;
    }
    return written;
}

// Gets more input behind what is left of the old. Returns false at the end of both.
bool Utf16Source::refill() {
    if (at_end_) return start_ < end_;
    std::copy(buffer_.begin() + static_cast<ptrdiff_t>(start_),
              buffer_.begin() + static_cast<ptrdiff_t>(end_), buffer_.begin());
    end_ -= start_;
    start_ = 0;
    const size_t n = input_.read(buffer_.data() + end_, buffer_.size() - end_);
    at_end_ = n == 0;
    end_ += n;
    return start_ < end_ || !at_end_;
}

uint32_t Utf16Source::unit(size_t at) const noexcept {
    return read_unit({buffer_.data(), end_}, at, big_endian_);
}

// Converts what is whole in the buffer while there is room; the last character may end in pending_.
size_t Utf16Source::convert(char *to, size_t size) noexcept {
    const uint64_t beyond_ascii = big_endian_ ? 0x80FF80FF80FF80FFULL : 0xFF80FF80FF80FF80ULL;
    char *out = to;
    char *const out_end = to + size;
    while (out < out_end) {
        while (std::endian::native == std::endian::little && end_ - start_ >= 8 && out_end - out >= 4) {
            uint64_t four;
            std::memcpy(&four, buffer_.data() + start_, 8);
            if ((four & beyond_ascii) != 0) break;
            if (big_endian_) four >>= 8U;
            for (unsigned i = 0; i < 4; ++i) *out++ = static_cast<char>(four >> 16U * i);
            start_ += 8;
        }
        if (out_end - out >= 4) {
            char *const next = put_unit(out);
            if (next == out) break;
            out = next;
            continue;
        }
        pending_start_ = 0;
        pending_end_ = static_cast<size_t>(put_unit(pending_) - pending_);
        if (pending_end_ == 0) break;
        const size_t fits = std::min(pending_end_, static_cast<size_t>(out_end - out));
        out = std::copy_n(pending_, fits, out);
        pending_start_ = fits;
    }
    return static_cast<size_t>(out - to);
}

// Writes the next character, at most four bytes; nothing when more input is needed to know it.
char *Utf16Source::put_unit(char *to) noexcept {
    const size_t left = end_ - start_;
    if (left == 0 || (left < 2 && !at_end_)) return to;
    if (left < 2) {
        const uint32_t half = static_cast<unsigned char>(buffer_[start_++]);
        *to++ = static_cast<char>(0xF8U | half >> 6U);
        *to++ = static_cast<char>(0x80U | (half & 0x3FU));
        return to;
    }
    const uint32_t first = unit(start_);
    if (high_surrogate(first)) {
        if (left < 4 && !at_end_) return to;
        const uint32_t second = left < 4 ? 0 : unit(start_ + 2);
        if (low_surrogate(second)) {
            start_ += 4;
            return put_utf8(to, 0x10000U + ((first - 0xD800U) << 10U) + (second - 0xDC00U));
        }
    }
    start_ += 2;
    return put_utf8(to, first);
}

uint64_t utf16_size(std::string_view piece) noexcept {
    uint64_t size = 0;
    for (const char ch : piece) {
        const auto c = static_cast<unsigned char>(ch);
        size += (c & 0xC0U) == 0x80 ? 0U : c < 0xF0 ? 2U : c < 0xF8 ? 4U : 1U;
    }
    return size;
}

std::string utf16_bytes(std::string_view piece, Encoding encoding) {
    std::string out;
    size_t at = 0;
    while (at < piece.size() && (byte_at(piece, at) & 0xC0U) == 0x80) ++at;
    while (at < piece.size()) {
        const uint32_t lead = byte_at(piece, at);
        const size_t size = lead < 0x80 ? 1 : lead < 0xE0 || lead >= 0xF8 ? 2 : lead < 0xF0 ? 3 : 4;
        if (piece.size() - at < size) break;
        if (lead >= 0xF8) {
            out.push_back(static_cast<char>((lead & 3U) << 6U | (byte_at(piece, at + 1) & 0x3FU)));
            at += size;
        } else {
            append_utf16(out, next_character(piece, at), encoding == Encoding::utf16be);
        }
    }
    return out;
}

}  // namespace ferry
