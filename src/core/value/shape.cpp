// Implements shape.hpp. Bytes beyond ASCII count as letters, so no character is cut in two.
#include "core/value/shape.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace ferry::value {
namespace {

constexpr size_t longest_shape = 40;

bool digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

bool alike(char a, char b) noexcept {
    return digit(a) ? digit(b) : letter(a) ? letter(b) : a == b;
}

void append_run(std::string &shape, char c, size_t length) {
    if (digit(c))
        shape += length < 4 ? "9" : length == 4 ? "9999" : "9+";
    else if (letter(c))
        shape += 'a';
    else
        shape.append(std::min<size_t>(length, 3), c);
}

}  // namespace

std::string shape_of(std::string_view text) {
    std::string shape;
    for (size_t at = 0; at < text.size();) {
        if (shape.size() > longest_shape) return shape.substr(0, longest_shape) + "...";
        size_t end = at + 1;
        while (end < text.size() && alike(text[at], text[end])) ++end;
        append_run(shape, text[at], end - at);
        at = end;
    }
    return shape;
}

bool means_no_value(std::string_view text) noexcept {
    static constexpr std::array<std::string_view, 24> words{
        "",    "null", "(null)", "nil", "none", "n/a", "na", "n.a.", "#n/a",    "#null!",  "#value!", "nan",
        "\\n", "-",    "--",     "---", "?",    "??",  ".",  "...",  "missing", "unknown", "empty",   "void"};
    const std::string_view word = trim(text);
    return std::ranges::any_of(words, [&](std::string_view w) { return equal_ignoring_case(w, word); });
}

}  // namespace ferry::value
