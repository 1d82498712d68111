// Small facts about text that several rooms need: is it UTF-8, where may it be cut, how is it written inside
// JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ferry {

// The offset of the first byte that is not part of valid UTF-8 (RFC 3629: no surrogates, no overlong forms,
// at most U+10FFFF), or text.size() when all of it is valid. NUL is valid here.
size_t utf8_valid_prefix(std::string_view text) noexcept;

// Writes the UTF-8 form of a code point, at most four bytes, surrogates as if they were characters; returns
// its end.
char *put_utf8(char *to, uint32_t c) noexcept;

// At most `limit` bytes of UTF-8 text, cut before a character rather than inside one.
std::string_view clip(std::string_view text, size_t limit) noexcept;

// Appends text as a JSON string with its quotes (RFC 8259 §7). Bytes from 0x20 upward other than " and \ go
// through as they are, so UTF-8 stays UTF-8.
void append_json_string(std::string &out, std::string_view text);

// True when both are equal but for the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

// Text without blanks (space and tab) at either end.
std::string_view trim(std::string_view text) noexcept;

}  // namespace ferry
