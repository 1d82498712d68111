// Implements literal.hpp. Years follow the Gregorian calendar without end in both directions, as PostgreSQL's
// do.
#include "core/avro/literal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/text.hpp"

namespace ferry::avro {
namespace {

constexpr int64_t micros_per_second = 1'000'000;
constexpr int64_t micros_per_day = 86'400 * micros_per_second;

// Days of the calendar's periods; years begin in March here, so that the leap day is a year's last.
constexpr int64_t days_per_era = 146'097;  // 400 years
constexpr int64_t days_per_century = 36'524;
constexpr int64_t days_per_four_years = 1'461;
constexpr int64_t days_per_year = 365;
constexpr int64_t days_to_epoch = 719'468;  // from 0000-03-01 to 1970-01-01
constexpr std::array<int, 12> month_starts{0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337};

struct Date {
    int64_t year;
    int month, day;
};

int64_t divide_down(int64_t a, int64_t b) noexcept {
    return a / b - (a % b < 0 ? 1 : 0);
}

Date date_of(int64_t days) noexcept {
    const int64_t past = days + days_to_epoch;
    const int64_t era = divide_down(past, days_per_era);
    int64_t rest = past - era * days_per_era;
    // The last century of an era and the last year of four are a day longer than the others.
    const int64_t century = std::min<int64_t>(rest / days_per_century, 3);
    rest -= century * days_per_century;
    const int64_t four = rest / days_per_four_years;
    rest -= four * days_per_four_years;
    const int64_t year = std::min<int64_t>(rest / days_per_year, 3);
    rest -= year * days_per_year;
    int month = 11;
    while (month_starts[static_cast<size_t>(month)] > rest) --month;
    const int day = static_cast<int>(rest) - month_starts[static_cast<size_t>(month)] + 1;
    const bool next_year = month >= 10;
    return {era * 400 + century * 100 + four * 4 + year + (next_year ? 1 : 0), month + (next_year ? -9 : 3),
            day};
}

void append_padded(std::string &out, int64_t number, size_t width) {
    const std::string text = std::to_string(number);
    if (text.size() < width) out.append(width - text.size(), '0');
    out += text;
}

// Returns whether the year is before 1.
bool append_year_to_day(std::string &out, int64_t days) {
    const Date date = date_of(days);
    append_padded(out, date.year > 0 ? date.year : 1 - date.year, 4);
    out.push_back('-');
    append_padded(out, date.month, 2);
    out.push_back('-');
    append_padded(out, date.day, 2);
    return date.year <= 0;
}

template <typename Number>
void append_any(std::string &out, Number value) {
    char buffer[32];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

template <typename Real>
void append_any_real(std::string &out, Real value) {
    if (std::isfinite(value))
        append_any(out, value);
    else
        out += std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

bool is_blank(char c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// Puts quotes around the tail and `escape` before every character that needs one, in place.
template <typename Needs>
void quote_tail(std::string &out, size_t start, Needs needs_escape, char (*escape)(char)) {
    const auto escapes = static_cast<size_t>(
        std::count_if(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), needs_escape));
    size_t from = out.size();
    out.resize(out.size() + escapes + 2);
    size_t to = out.size();
    out[--to] = '"';
    while (from > start) {
        const char c = out[--from];
        out[--to] = c;
        if (needs_escape(c)) out[--to] = escape(c);
    }
    out[start] = '"';
}

bool is_quote_or_backslash(char c) noexcept {
    return c == '"' || c == '\\';
}

}  // namespace

void append_date(std::string &out, int64_t days) {
    if (append_year_to_day(out, days)) out += " BC";
}

void append_time(std::string &out, int64_t micros) {
    if (micros < 0) out.push_back('-');
    // Seconds and fraction apart, because the smallest number has no positive.
    const int64_t seconds = std::abs(micros / micros_per_second);
    const int64_t fraction = std::abs(micros % micros_per_second);
    append_padded(out, seconds / 3600, 2);
    out.push_back(':');
    append_padded(out, seconds / 60 % 60, 2);
    out.push_back(':');
    append_padded(out, seconds % 60, 2);
    if (fraction == 0) return;
    out.push_back('.');
    append_padded(out, fraction, 6);
}

void append_timestamp(std::string &out, int64_t micros, char between, std::string_view zone) {
    const int64_t days = divide_down(micros, micros_per_day);
    const bool before_christ = append_year_to_day(out, days);
    out.push_back(between);
    // Not micros minus whole days, which the smallest number has not got room for.
    const int64_t rest = micros % micros_per_day;
    append_time(out, rest < 0 ? rest + micros_per_day : rest);
    out += zone;
    if (before_christ) out += " BC";
}

void append_interval(std::string &out, int64_t months, int64_t days, int64_t micros) {
    const auto append_signed = [&out](int64_t number) {
        if (number >= 0) out.push_back('+');
        append_number(out, number);
    };
    append_signed(months);
    out += " mons ";
    append_signed(days);
    out += " days ";
    out.push_back(micros < 0 ? '-' : '+');
    append_number(out, std::abs(micros / micros_per_second));
    out.push_back('.');
    append_padded(out, std::abs(micros % micros_per_second), 6);
    out += " secs";
}

void append_real(std::string &out, double value) {
    append_any_real(out, value);
}

void append_real(std::string &out, float value) {
    append_any_real(out, value);
}

void append_number(std::string &out, int64_t value) {
    append_any(out, value);
}

void append_hex(std::string &out, std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    out += "\\x";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 0xFU]);
    }
}

void quote_item(std::string &out, size_t start, char delimiter) {
    const std::string_view text = std::string_view(out).substr(start);
    const bool plain =
        !text.empty() && !equal_ignoring_case(text, "NULL") &&
        std::none_of(text.begin(), text.end(), [delimiter](char c) {
            return is_quote_or_backslash(c) || c == '{' || c == '}' || c == delimiter || is_blank(c);
        });
    if (!plain) quote_tail(out, start, is_quote_or_backslash, [](char) { return '\\'; });
}

void quote_field(std::string &out, size_t start) {
    const std::string_view text = std::string_view(out).substr(start);
    const bool plain = !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
        return is_quote_or_backslash(c) || c == '(' || c == ')' || c == ',' || is_blank(c);
    });
    if (!plain) quote_tail(out, start, is_quote_or_backslash, [](char c) { return c; });
}

void quote_text(std::string &out, size_t start) {
    quote_tail(out, start, is_quote_or_backslash, [](char) { return '\\'; });
}

}  // namespace ferry::avro
