// Dates and times written as a pattern says ('DD/MM/YYYY HH24:MI'), and the proposal of a pattern for values
// that nothing else could read. Patterns use the names of to_timestamp(), but reading is strict: the whole
// text must fit, and every date and time must exist.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace ferry::value {

// What a pattern read, in the units of datetime.hpp.
struct Moment {
    int32_t days = 0;          // since 1970-01-01; 0 where the pattern has no date
    int64_t microseconds = 0;  // since midnight; 0 where the pattern has no time
    int32_t east = 0;          // seconds that the zone is east of Greenwich
    bool has_zone = false;

    bool operator==(const Moment &) const = default;

    // Microseconds since 1970-01-01 00:00, the zone left aside.
    int64_t timestamp() const noexcept;
    // Microseconds since 1970-01-01 00:00 UTC, for moments with a zone.
    int64_t timestamptz() const noexcept;
};

// Fields, in any case, an FM before them ignored:
//   YYYY      four digits, 0001 to 9999
//   YY        two digits: 70 to 99 are 1970 to 1999, 00 to 69 are 2000 to 2069, as in to_timestamp()
//   MM DD     01 to 12, 01 to 31; Mon, Month: English names, any case
//   HH24      00 to 23; HH12 and HH: 01 to 12, with AM or PM somewhere in the pattern
//   MI SS     00 to 59
//   MS US     one to three, one to six digits of a second's fraction (".5" is half a second)
//   AM PM     either of the two, any case; also A.M. and P.M.
//   TZ OF     Z, UTC, GMT, +HH, +HHMM or +HH:MM, either sign, at most 15:59
// All else stands for itself: blanks, punctuation, T before a time, and text in double quotes. Months, days
// and hours may have one digit where no digit can follow ("1/2/2021 9:05" is read by 'DD/MM/YYYY HH24:MI').
class DateFormat {
  public:
    // Code::invalid_option, with the offset in the pattern, for letters that name no field, a field twice,
    // part of a date, a time with gaps, HH12 without AM or PM and the reverse, and patterns without fields.
    static Result<DateFormat> parse(std::string_view pattern);

    // False when the text is not written like that, or names a date or time that does not exist.
    bool read(std::string_view text, Moment &out) const noexcept;

    bool has_date() const noexcept { return has_date_; }
    bool has_time() const noexcept { return has_time_; }
    bool has_zone() const noexcept { return has_zone_; }

  private:
    enum class Part : uint8_t {
        year,
        short_year,
        month,
        month_name,
        month_abbreviation,
        day,
        hour24,
        hour12,
        minute,
        second,
        millisecond,
        microsecond,
        meridiem,
        zone,
        literal,
    };
    struct Element {
        Part part;
        char literal = '\0';
        bool one_digit = false;  // no digit can follow, so that one may do
    };
    struct Name;
    struct Raw;
    static const Name names[];

    DateFormat() = default;

    Status add(std::string_view pattern, size_t &at);
    Status settle();
    static bool read_element(const Element &element, std::string_view text, size_t &at, Raw &raw) noexcept;

    std::vector<Element> elements_;
    bool has_date_ = false, has_time_ = false, has_zone_ = false;
};

// Patterns that read nearly all of some values.
struct DateGuess {
    std::vector<std::string> patterns;  // none; one; or several that disagree about what the values mean
    size_t values = 0;                  // how many were looked at
    size_t read = 0;                    // how many the first pattern reads
};

// Looks for patterns that read at least 95 % of the values, of which it looks at some thousand at most, taken
// evenly. Day and month are told apart by days beyond 12; where no value decides, both patterns are given,
// day first. No values, no patterns.
DateGuess guess_date_format(std::span<const std::string_view> values);

}  // namespace ferry::value
