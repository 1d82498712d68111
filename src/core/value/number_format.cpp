// Implements number_format.hpp.
#include "core/value/number_format.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/text.hpp"

namespace ferry::value {
namespace {

bool digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

size_t count_digits(std::string_view text) noexcept {
    return static_cast<size_t>(std::ranges::find_if_not(text, digit) - text.begin());
}

// The mark between groups that the text begins with; empty when there is none.
std::string_view group_mark(std::string_view text, char decimal) noexcept {
    static constexpr std::array<std::string_view, 6> marks{".", ",", "'", " ", "\xC2\xA0", "\xE2\x80\xAF"};
    for (const std::string_view mark : marks)
        if (text.starts_with(mark) && (mark.size() > 1 || mark[0] != decimal)) return mark;
    return {};
}

}  // namespace

bool read_number(std::string_view text, char decimal, std::string &out) {
    out.clear();
    text = trim(text);
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        out += text[0];
        text.remove_prefix(1);
    }
    const size_t first = count_digits(text);
    if (first == 0) return false;
    out += text.substr(0, first);
    text.remove_prefix(first);
    const std::string_view mark = group_mark(text, decimal);
    if (!mark.empty() && first > 3) return false;
    while (!mark.empty() && text.starts_with(mark)) {
        text.remove_prefix(mark.size());
        if (count_digits(text) != 3) return false;
        out += text.substr(0, 3);
        text.remove_prefix(3);
    }
    if (text.empty()) return !mark.empty();
    if (text[0] != decimal) return false;
    text.remove_prefix(1);
    if (text.empty() || count_digits(text) != text.size()) return false;
    out += '.';
    out += text;
    return true;
}

void drop_empty_fraction(std::string &number) {
    const size_t point = number.find('.');
    if (point != number.npos && number.find_first_not_of('0', point + 1) == number.npos) number.resize(point);
}

NumberGuess try_decimal(std::span<const std::string_view> values, char decimal) {
    NumberGuess guess{!values.empty(), !values.empty()};
    std::string number;
    for (const std::string_view value : values) {
        if (!read_number(value, decimal, number)) return {};
        drop_empty_fraction(number);
        guess.whole = guess.whole && number.find('.') == number.npos;
    }
    return guess;
}

}  // namespace ferry::value
