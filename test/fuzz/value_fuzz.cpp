// Feeds any text to every value scanner. What a scanner takes must be what the C library or the calendar
// makes of the text, must agree with the scanners of wider types, and must come back from its own written
// form.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/text.hpp"
#include "core/value/date_format.hpp"
#include "core/value/datetime.hpp"
#include "core/value/refusal.hpp"
#include "core/value/scan.hpp"

using namespace ferry::value;

namespace {

constexpr int64_t second = 1'000'000;
constexpr int64_t day = 86'400 * second;

void demand(bool holds) {
    if (!holds) std::abort();
}

template <typename T>
std::string written(T value) {
    char buffer[40];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

template <typename T>
bool same_bits(T a, T b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

std::string iso(int64_t microseconds) {
    const int64_t days = (microseconds >= 0 ? microseconds : microseconds - day + 1) / day;
    const std::chrono::year_month_day date{
        std::chrono::sys_days{std::chrono::days{static_cast<int32_t>(days)}}};
    const int64_t clock = microseconds - days * day;
    const auto part = [&](int64_t unit, int64_t limit) { return static_cast<int>(clock / unit % limit); };
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d.%06d", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  part(3600 * second, 24), part(60 * second, 60), part(second, 60), part(1, second));
    return text;
}

// An integer that one type takes is taken by every type that can hold it.
void check_integers(std::string_view text) {
    int16_t small = 0;
    int32_t medium = 0;
    int64_t large = 0;
    const bool is_large = scan_int8(text, large);
    const bool is_medium = scan_int4(text, medium);
    const bool is_small = scan_int2(text, small);
    demand(is_medium == (is_large && large >= INT32_MIN && large <= INT32_MAX));
    demand(is_small == (is_large && large >= INT16_MIN && large <= INT16_MAX));
    demand(!is_medium || medium == large);
    demand(!is_small || small == large);
    if (!is_large) return;
    demand(large == std::strtoll(std::string(text).c_str(), nullptr, 10));
    int64_t again = 0;
    demand(scan_int8(written(large), again) && again == large);
    double real = 0;
    demand(scan_float8(text, real));
    demand(real == static_cast<double>(large));
}

// Blanks, a sign, digits, blanks.
bool is_integer(std::string_view text) {
    constexpr std::string_view blanks = " \t\n\v\f\r";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    return digits > 0 && text.find_first_not_of(blanks, digits) == text.npos;
}

// What is refused for certain is nothing that could be taken.
void check_refusals(std::string_view text) {
    for (const unsigned bits : {16U, 32U, 64U}) {
        const Refusal refusal = refuse_integer(text, bits);
        demand(refusal != Refusal::syntax || !is_integer(text));
        if (refusal != Refusal::range) continue;
        int64_t value = 0;
        const char *const first = text.data() + (text[0] == '+' ? 1 : 0);
        const auto [stop, error] = std::from_chars(first, text.data() + text.size(), value);
        demand(stop == text.data() + text.size());
        demand(error == std::errc::result_out_of_range ||
               (bits < 64 && value != value << (64 - bits) >> (64 - bits)));
    }
    for (const bool timed : {false, true}) {
        if (refuse_datetime(text, timed) == Refusal::none) continue;
        const auto number = [&](size_t at, size_t size) {
            return static_cast<unsigned>(std::stoul(std::string(text.substr(at, size))));
        };
        const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(number(0, 4))),
                                               std::chrono::month(number(5, 2)),
                                               std::chrono::day(number(8, 2))};
        demand(!date.ok() && date.month().ok() && date.day().ok());
    }
}

void check_floats(std::string_view text) {
    const std::string copy(text);
    float single = 0;
    double real = 0;
    char *end = nullptr;
    if (scan_float8(text, real)) {
        demand(same_bits(real, std::strtod(copy.c_str(), &end)));
        demand(*end == '\0');
        double again = 0;
        demand(scan_float8(written(real), again) && same_bits(real, again));
    }
    if (scan_float4(text, single)) {
        demand(same_bits(single, std::strtof(copy.c_str(), &end)));
        demand(*end == '\0');
        float again = 0;
        demand(scan_float4(written(single), again) && same_bits(single, again));
    }
}

void check_dates(std::string_view text) {
    static const DateFormat pattern = *DateFormat::parse("YYYY-MM-DD");
    int32_t days = 0;
    if (!scan_date(text, days)) return;
    demand(iso(days * day).substr(0, 10) == text);
    Moment moment;
    demand(pattern.read(text, moment) && moment.days == days);
}

void check_clock(std::string_view text) {
    int64_t clock = 0;
    if (!scan_time(text, clock)) return;
    demand(clock >= 0 && clock < day);
    demand(iso(clock).compare(11, text.size(), text) == 0);
}

void check_moments(std::string_view text) {
    int64_t local = 0;
    int64_t zoned = 0;
    int64_t again = 0;
    if (scan_timestamp(text, local)) {
        int32_t days = 0;
        demand(scan_date(text.substr(0, 10), days));
        demand(local >= days * day && local - days * day < day);
        demand(scan_timestamp(iso(local), again) && again == local);
        demand(scan_timestamptz(std::string(text) + "Z", zoned) && zoned == local);
        demand(scan_timestamptz(std::string(text) + "+15:59", zoned) &&
               zoned == local - (day - 481 * 60 * second));
        demand(scan_timestamptz(std::string(text) + "-0130", zoned) && zoned == local + 90 * 60 * second);
    }
    if (!scan_timestamptz(text, zoned)) return;
    const std::string utc = iso(zoned);
    if (utc.size() != 26 || utc < "0001") return;  // the zone has moved it out of the four-digit years
    demand(scan_timestamptz(utc + "Z", again) && again == zoned);
}

void check_words(std::string_view text) {
    bool boolean = false;
    if (scan_bool(text, boolean)) {
        const std::string_view words = boolean ? " t true 1 yes on " : " f false 0 no off ";
        demand(words.find(" " + std::string(text) + " ") != words.npos);
    }
    Uuid uuid{};
    if (!scan_uuid(text, uuid)) return;
    std::string back;
    for (size_t i = 0; i < uuid.size(); ++i) {
        char pair[3];
        std::snprintf(pair, sizeof pair, "%02x", uuid[i]);
        if (i == 4 || i == 6 || i == 8 || i == 10) back += '-';
        back += pair;
    }
    demand(ferry::equal_ignoring_case(back, text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const std::string_view text(reinterpret_cast<const char *>(data), size);
    if (text.find('\0') != text.npos) return 0;  // no text ever has one
    check_words(text);
    check_integers(text);
    check_refusals(text);
    check_floats(text);
    check_dates(text);
    check_clock(text);
    check_moments(text);
    return 0;
}
