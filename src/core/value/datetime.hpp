// Turns ISO 8601 dates, times and timestamps into values without asking PostgreSQL. Only forms whose meaning
// no session setting can change are recognised; false means "ask the input function", never "invalid".
#pragma once

#include <cstdint>
#include <string_view>

namespace ferry::value {

// "YYYY-MM-DD", years 0001 to 9999, to days since 1970-01-01.
bool scan_date(std::string_view text, int32_t &days) noexcept;

// "HH:MM:SS", with up to six digits after a point, to microseconds since midnight.
bool scan_time(std::string_view text, int64_t &microseconds) noexcept;

// A date, "T" or a blank, and "HH:MM" or a time as above, without zone, to microseconds since 1970-01-01
// 00:00.
bool scan_timestamp(std::string_view text, int64_t &microseconds) noexcept;

// The same with a zone ("Z", "+HH", "+HHMM" or "+HH:MM", either sign, at most 15:59 from Greenwich), to
// microseconds since 1970-01-01 00:00 UTC.
bool scan_timestamptz(std::string_view text, int64_t &microseconds) noexcept;

}  // namespace ferry::value
