// Implements datetime.hpp. PostgreSQL's side: ParseDateTime, DecodeDate, DecodeTime and DecodeTimezone in
// utils/adt/datetime.c. A four-digit year settles the order of the fields whatever DateStyle says.
#include "core/value/datetime.hpp"

#include <array>
#include <cstddef>

namespace ferry::value {
namespace {

constexpr int64_t second = 1'000'000;  // microseconds
constexpr int64_t minute = 60 * second;
constexpr int64_t hour = 60 * minute;
constexpr int64_t day = 24 * hour;

constexpr unsigned not_a_number = 1U << 16U;

unsigned digit(char c) noexcept {
    const auto value = static_cast<unsigned>(c) - unsigned{'0'};
    return value <= 9 ? value : not_a_number;
}

// The number that two digits spell; not_a_number or more where they are not digits.
unsigned two_digits(const char *p) noexcept {
    return digit(p[0]) * 10 + digit(p[1]);
}

bool leap(unsigned year) noexcept {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// Days before the first of the month in an ordinary year, by month from 1; the last entry is the year's
// length.
constexpr std::array<uint16_t, 14> days_before{0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

// Days from 1970-01-01 to a date that exists.
int32_t days_from_epoch(unsigned year, unsigned month, unsigned day_of_month) noexcept {
    constexpr int32_t days_to_epoch = 719162;  // from 0001-01-01 to 1970-01-01
    const unsigned past = year - 1;
    const unsigned leap_day = month > 2 && leap(year) ? 1 : 0;
    const unsigned days = past * 365 + past / 4 - past / 100 + past / 400 + days_before[month] + leap_day;
    return static_cast<int32_t>(days + day_of_month - 1) - days_to_epoch;
}

// "HH:MM:SS[.ffffff]", or "HH:MM" where that is allowed.
bool scan_clock(std::string_view text, bool seconds_needed, int64_t &microseconds) noexcept {
    const char *const p = text.data();
    if (text.size() < 5 || p[2] != ':') return false;
    const unsigned hours = two_digits(p);
    const unsigned minutes = two_digits(p + 3);
    if (hours > 23 || minutes > 59) return false;
    microseconds = hours * hour + minutes * minute;
    if (text.size() == 5) return !seconds_needed;
    if (text.size() < 8 || p[5] != ':') return false;
    const unsigned seconds = two_digits(p + 6);
    if (seconds > 59) return false;
    microseconds += seconds * second;
    if (text.size() == 8) return true;
    if (text.size() < 10 || text.size() > 15 || p[8] != '.') return false;
    int64_t unit = second;
    for (size_t i = 9; i < text.size(); ++i) {
        const unsigned tenths = digit(p[i]);
        if (tenths > 9) return false;
        unit /= 10;
        microseconds += tenths * unit;
    }
    return true;
}

// "Z", "+HH", "+HHMM" or "+HH:MM" at the end of the text: how many bytes long (0: none), and how far east.
size_t scan_zone(std::string_view text, int64_t &east) noexcept {
    if (text.empty()) return 0;
    if (text.back() == 'Z') {
        east = 0;
        return 1;
    }
    const size_t sign = text.find_last_of("+-");
    if (sign == std::string_view::npos) return 0;
    const std::string_view zone = text.substr(sign);
    if (zone.size() != 3 && zone.size() != 5 && (zone.size() != 6 || zone[3] != ':')) return 0;
    const unsigned hours = two_digits(zone.data() + 1);
    const unsigned minutes = zone.size() == 3 ? 0 : two_digits(zone.data() + zone.size() - 2);
    if (hours > 15 || minutes > 59) return 0;
    east = hours * hour + minutes * minute;
    if (zone[0] == '-') east = -east;
    return zone.size();
}

}  // namespace

bool scan_date(std::string_view text, int32_t &days) noexcept {
    const char *const p = text.data();
    if (text.size() != 10 || p[4] != '-' || p[7] != '-') return false;
    const unsigned year = two_digits(p) * 100 + two_digits(p + 2);
    const unsigned month = two_digits(p + 5);
    const unsigned day_of_month = two_digits(p + 8);
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day_of_month < 1) return false;
    const unsigned leap_day = month == 2 && leap(year) ? 1 : 0;
    if (day_of_month > unsigned{days_before[month + 1]} - days_before[month] + leap_day) return false;
    days = days_from_epoch(year, month, day_of_month);
    return true;
}

bool scan_time(std::string_view text, int64_t &microseconds) noexcept {
    int64_t scanned = 0;
    if (!scan_clock(text, true, scanned)) return false;
    microseconds = scanned;
    return true;
}

bool scan_timestamp(std::string_view text, int64_t &microseconds) noexcept {
    int32_t days = 0;
    int64_t clock = 0;
    if (text.size() < 16 || (text[10] != 'T' && text[10] != ' ')) return false;
    if (!scan_date(text.substr(0, 10), days) || !scan_clock(text.substr(11), false, clock)) return false;
    microseconds = days * day + clock;
    return true;
}

bool scan_timestamptz(std::string_view text, int64_t &microseconds) noexcept {
    int64_t east = 0;
    int64_t local = 0;
    const size_t zone = scan_zone(text, east);
    if (zone == 0 || !scan_timestamp(text.substr(0, text.size() - zone), local)) return false;
    microseconds = local - east;
    return true;
}

}  // namespace ferry::value
