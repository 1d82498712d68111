// Which encoding a text is in, and the way from it to UTF-8 and back. Whole streams are changed only from
// UTF-16; single-byte encodings are ASCII supersets, so CSV is split as it is and only fields are changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_stream.hpp"
#include "core/result.hpp"
#include "core/value/arena.hpp"

namespace ferry {

// latin1 is ISO 8859-1 with the controls U+0080 to U+009F, as the server's LATIN1. windows1252 leaves 0x81,
// 0x8D, 0x8F, 0x90 and 0x9D undefined, as the server's WIN1252.
enum class Encoding : uint8_t { utf8, utf16le, utf16be, latin1, windows1252 };

// "UTF-8", "UTF-16LE" and so on; static storage.
std::string_view encoding_name(Encoding encoding) noexcept;

// The encoding of that name: ours, the server's and IANA's spellings, case, '-', '_' and blanks ignored.
// "UTF-16" alone is little-endian; a byte order mark knows better, so guess first.
std::optional<Encoding> find_encoding(std::string_view name) noexcept;

// True where every character is one byte and bytes below 0x80 are ASCII.
constexpr bool single_byte(Encoding encoding) noexcept {
    return encoding == Encoding::latin1 || encoding == Encoding::windows1252;
}

struct Guess {
    Encoding encoding = Encoding::utf8;
    size_t mark = 0;  // bytes of the byte order mark at the start
    std::string why;  // for the log
};

// Guesses from the start of a text. `whole`: the sample is all of it. In this order: a byte order mark; NULs
// on one side of the units (UTF-16); UTF-8 when all of it is valid, or more characters beyond ASCII are than
// bytes are not (a few damaged rows do not make a file Latin-1); else Windows-1252 when bytes from 0x80 to
// 0x9F occur and most are defined there, else Latin-1.
Guess guess_encoding(std::string_view sample, bool whole);

// The index of the first unit that means nothing in that encoding, or the text's size. Of UTF-16 too.
size_t valid_prefix(Encoding encoding, std::string_view text) noexcept;

// How far a conversion came: `read` is the index of the unit that cannot be converted, or the text's size.
struct Conversion {
    size_t read = 0;
    size_t written = 0;
};

// The most bytes of UTF-8 that text of so many bytes can become.
constexpr size_t max_utf8_size(size_t bytes) noexcept {
    return 3 * bytes;
}

// Converts to UTF-8 until the end or the first unit that means nothing: a lone surrogate, half a unit, an
// undefined byte, bytes that are not UTF-8. `to` has room for max_utf8_size(). Marks are characters like any.
Conversion to_utf8(Encoding from, std::string_view text, char *to) noexcept;

// The same at the end of `out`, or into the arena. Code::invalid_encoding with the offset of the bad unit;
// `out` is then as before.
Status append_utf8(Encoding from, std::string_view text, std::string &out);
Result<std::string_view> to_utf8(Encoding from, std::string_view text, value::Arena &arena);

// UTF-8 to another encoding, at the end of `out`. Code::invalid_encoding with the offset of what is not UTF-8
// or has no place in that encoding; `out` is then as before.
Status append_encoded(Encoding to, std::string_view utf8, std::string &out);

// UTF-16 as a stream of UTF-8, the mark included. Units that mean nothing do not end the stream, because one
// record's damage is no other's: a lone surrogate becomes its three bytes (ED A0 80 to ED BF BF), half a unit
// at the end becomes two (F8 to FB, then 80 to BF). Neither is valid UTF-8, so whoever checks a record
// refuses just that one; both can be told back.
class Utf16Source final : public ByteSource {
  public:
    // `input` outlives the source.
    Utf16Source(ByteSource &input, Encoding encoding);

    size_t read(char *to, size_t size) override;

  private:
    bool refill();
    size_t convert(char *to, size_t size) noexcept;
    char *put_unit(char *to) noexcept;
    uint32_t unit(size_t at) const noexcept;

    ByteSource &input_;
    bool big_endian_;
    std::vector<char> buffer_;
    size_t start_ = 0, end_ = 0;  // what is not converted yet
    bool at_end_ = false;
    char pending_[4] = {};  // a character that did not fit where the last read() went
    size_t pending_start_ = 0, pending_end_ = 0;
};

// For pieces of what a Utf16Source gave: how many bytes of the original they were. A character counts where
// its first byte is, so the sizes of pieces add up wherever they were cut.
uint64_t utf16_size(std::string_view piece) noexcept;

// The original bytes themselves. Characters that are cut off at either end are left out.
std::string utf16_bytes(std::string_view piece, Encoding encoding);

}  // namespace ferry
