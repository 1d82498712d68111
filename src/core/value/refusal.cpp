// Implements refusal.hpp. PostgreSQL's side: pg_strtoint* in utils/adt/numutils.c, ValidateDate in
// utils/adt/datetime.c.
#include "core/value/refusal.hpp"

#include "core/value/datetime.hpp"
#include "core/value/scan.hpp"

namespace ferry::value {
namespace {

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_space(char c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool fits(std::string_view text, unsigned bits) noexcept {
    int16_t small;
    int32_t medium;
    int64_t large;
    return bits == 16   ? scan_int2(text, small)
           : bits == 32 ? scan_int4(text, medium)
                        : scan_int8(text, large);
}

}  // namespace

Refusal refuse_integer(std::string_view text, unsigned bits) noexcept {
    size_t at = 0;
    while (at < text.size() && is_space(text[at])) ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const size_t first = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    const size_t digits = at - first;
    const size_t always_in_range = bits == 16 ? 4 : bits == 32 ? 9 : 18;
    if (at < text.size() && text[at] == '_') return Refusal::none;
    if (digits == 0) return Refusal::syntax;
    if (at == text.size()) {
        constexpr size_t counted = 19;  // by the scanners; more digits are too many unless zeros lead
        const bool sure = !is_space(text[0]) && (digits <= counted || text[first] != '0');
        return sure && !fits(text, bits) ? Refusal::range : Refusal::none;
    }
    if (digits > always_in_range) return Refusal::none;  // which fault comes first depends on the major
    if (digits == 1 && text[first] == '0' && !is_space(text[at])) return Refusal::none;
    while (at < text.size() && is_space(text[at])) ++at;
    return at < text.size() ? Refusal::syntax : Refusal::none;
}

Refusal refuse_datetime(std::string_view text, bool timed) noexcept {
    constexpr size_t date = 10;
    if (text.size() < date || (!timed && text.size() != date)) return Refusal::none;
    if (text[8] != '2' && text[8] != '3') return Refusal::none;
    // The same text with a day that every month has is read; so it is the day alone that is wrong.
    constexpr size_t longest = 40;
    char copy[longest];
    if (text.size() > longest) return Refusal::none;
    text.copy(copy, text.size());
    copy[8] = '2';
    copy[9] = '8';
    const std::string_view mended(copy, text.size());
    int32_t days;
    int64_t micros;
    const auto reads = [&](std::string_view t) {
        return timed ? scan_timestamp(t, micros) || scan_timestamptz(t, micros) : scan_date(t, days);
    };
    const bool a_day = is_digit(text[9]) && (text[8] == '2' || text[9] <= '1');
    return a_day && reads(mended) && !reads(text) ? Refusal::datetime : Refusal::none;
}

}  // namespace ferry::value
