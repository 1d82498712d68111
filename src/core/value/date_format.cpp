// Implements date_format.hpp. A pattern becomes a list of elements, read from left to right without ever
// going back; the guess tries every layout that dates are commonly written in.
#include "core/value/date_format.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/text.hpp"
#include "core/value/datetime.hpp"

namespace ferry::value {
namespace {

constexpr int64_t second = 1'000'000;  // microseconds
constexpr int64_t day = 86'400 * second;

constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};

bool digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool letter(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool starts_with(std::string_view text, std::string_view prefix) noexcept {
    return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// Reads `fewest` to `most` digits; returns how many, 0 when there are too few.
size_t read_digits(std::string_view text, size_t &at, size_t fewest, size_t most, unsigned &value) noexcept {
    size_t n = 0;
    value = 0;
    for (; n < most && at + n < text.size() && digit(text[at + n]); ++n)
        value = value * 10 + static_cast<unsigned>(text[at + n] - '0');
    if (n < fewest) return 0;
    at += n;
    return n;
}

// A number of two digits within bounds.
bool read_two(std::string_view text, size_t &at, bool one_digit, unsigned low, unsigned high,
              unsigned &value) noexcept {
    return read_digits(text, at, one_digit ? 1 : 2, 2, value) > 0 && value >= low && value <= high;
}

// A second's fraction of at most `most` digits, in microseconds.
bool read_fraction(std::string_view text, size_t &at, size_t most, unsigned &microseconds) noexcept {
    const size_t n = read_digits(text, at, 1, most, microseconds);
    for (size_t i = n; i < 6; ++i) microseconds *= 10;
    return n > 0;
}

bool read_month(std::string_view text, size_t &at, bool whole, unsigned &month) noexcept {
    for (size_t i = 0; i < months.size(); ++i) {
        const std::string_view name = whole ? months[i] : months[i].substr(0, 3);
        if (!starts_with(text.substr(at), name)) continue;
        at += name.size();
        month = static_cast<unsigned>(i) + 1;
        return true;
    }
    return false;
}

bool read_meridiem(std::string_view text, size_t &at, bool &afternoon) noexcept {
    const std::string_view rest = text.substr(at);
    for (const std::string_view name : {"AM", "PM", "A.M.", "P.M."}) {
        if (!starts_with(rest, name)) continue;
        at += name.size();
        afternoon = name[0] == 'P';
        return true;
    }
    return false;
}

bool read_zone(std::string_view text, size_t &at, int32_t &east) noexcept {
    const std::string_view rest = text.substr(at);
    east = 0;
    for (const std::string_view name : {"Z", "UTC", "GMT"}) {
        if (!starts_with(rest, name)) continue;
        at += name.size();
        return true;
    }
    if (rest.empty() || (rest[0] != '+' && rest[0] != '-')) return false;
    unsigned hours = 0;
    unsigned minutes = 0;
    size_t i = at + 1;
    if (!read_two(text, i, false, 0, 15, hours)) return false;
    const size_t colon = i < text.size() && text[i] == ':' ? 1 : 0;
    if (i + colon < text.size() && digit(text[i + colon])) {
        i += colon;
        if (!read_two(text, i, false, 0, 59, minutes)) return false;
    }
    at = i;
    east = static_cast<int32_t>(hours * 3600 + minutes * 60);
    if (rest[0] == '-') east = -east;
    return true;
}

Error refusal(std::string message, size_t offset, std::string hint = {}) {
    return {Code::invalid_option, "date format " + std::move(message), {}, std::move(hint), offset};
}

}  // namespace

struct DateFormat::Name {
    std::string_view name;
    Part part;
};

// Longer names before those they begin with.
const DateFormat::Name DateFormat::names[] = {
    {"YYYY", Part::year},
    {"YY", Part::short_year},
    {"Month", Part::month_name},
    {"MM", Part::month},
    {"Mon", Part::month_abbreviation},
    {"MI", Part::minute},
    {"MS", Part::millisecond},
    {"DD", Part::day},
    {"HH24", Part::hour24},
    {"HH12", Part::hour12},
    {"HH", Part::hour12},
    {"SS", Part::second},
    {"US", Part::microsecond},
    {"A.M.", Part::meridiem},
    {"P.M.", Part::meridiem},
    {"AM", Part::meridiem},
    {"PM", Part::meridiem},
    {"TZ", Part::zone},
    {"OF", Part::zone},
};

// What stands in a text, before it is put together.
struct DateFormat::Raw {
    unsigned year = 1970, month = 1, day = 1;
    unsigned hour = 0, minute = 0, seconds = 0, microseconds = 0;
    bool twelve = false, afternoon = false;
    int32_t east = 0;
};

int64_t Moment::timestamp() const noexcept {
    return days * day + microseconds;
}

int64_t Moment::timestamptz() const noexcept {
    return timestamp() - east * second;
}

Result<DateFormat> DateFormat::parse(std::string_view pattern) {
    DateFormat format;
    for (size_t at = 0; at < pattern.size();) {
        const Status added = format.add(pattern, at);
        if (!added) return added.error();
    }
    const Status settled = format.settle();
    if (!settled) return settled.error();
    return format;
}

// Adds what stands at `at` of the pattern and moves behind it.
Status DateFormat::add(std::string_view pattern, size_t &at) {
    const std::string_view rest = pattern.substr(at);
    if (rest[0] == '"') {
        const size_t close = rest.find('"', 1);
        if (close == std::string_view::npos) return refusal("has an open quote", at);
        for (const char c : rest.substr(1, close - 1)) elements_.push_back({Part::literal, c});
        at += close + 1;
        return Done{};
    }
    for (const Name &name : names) {
        if (!starts_with(rest, name.name)) continue;
        elements_.push_back({name.part});
        at += name.name.size();
        return Done{};
    }
    if (starts_with(rest, "FM")) {
        at += 2;
        return Done{};
    }
    const bool time_follows = starts_with(rest, "THH");
    if (letter(rest[0]) && !time_follows)
        return refusal("has no field \"" + std::string(clip(rest, 10)) + "\"", at,
                       "Use YYYY, YY, MM, Mon, Month, DD, HH24, HH12, MI, SS, MS, US, AM, TZ or OF, and put "
                       "other letters in double quotes.");
    if (digit(rest[0])) return refusal("has a digit outside double quotes", at);
    elements_.push_back({Part::literal, rest[0]});
    ++at;
    return Done{};
}

// Checks that the elements make sense together, and finds which numbers may have one digit.
Status DateFormat::settle() {
    std::array<unsigned, static_cast<size_t>(Part::literal) + 1> seen{};
    const auto count = [&seen](Part part) { return seen[static_cast<size_t>(part)]; };
    for (size_t i = 0; i < elements_.size(); ++i) {
        ++seen[static_cast<size_t>(elements_[i].part)];
        const bool last = i + 1 == elements_.size();
        const Part next = last ? Part::literal : elements_[i + 1].part;
        elements_[i].one_digit =
            last || (next == Part::literal ? !digit(elements_[i + 1].literal)
                                           : next == Part::month_name || next == Part::month_abbreviation ||
                                                 next == Part::meridiem || next == Part::zone);
    }
    const unsigned years = count(Part::year) + count(Part::short_year);
    const unsigned all_months =
        count(Part::month) + count(Part::month_name) + count(Part::month_abbreviation);
    const unsigned hours = count(Part::hour24) + count(Part::hour12);
    const unsigned fractions = count(Part::millisecond) + count(Part::microsecond);
    const unsigned minutes = count(Part::minute);
    const unsigned seconds = count(Part::second);
    for (const unsigned n : {years, all_months, count(Part::day), hours, minutes, seconds, fractions,
                             count(Part::meridiem), count(Part::zone)})
        if (n > 1) return refusal("has a field twice", 0);
    if (years != all_months || years != count(Part::day))
        return refusal("has part of a date", 0, "Name year, month and day, or none of them.");
    if (minutes > hours || seconds > minutes || fractions > seconds)
        return refusal("has a time with gaps", 0, "Minutes need hours, seconds minutes, fractions seconds.");
    if (count(Part::hour12) != count(Part::meridiem))
        return refusal("needs HH12 and AM together", 0, "Use HH24 for hours from 00 to 23.");
    if (years + hours == 0) return refusal("has neither date nor time", 0);
    if (count(Part::zone) > hours) return refusal("has a zone without a time", 0);
    has_date_ = years > 0;
    has_time_ = hours > 0;
    has_zone_ = count(Part::zone) > 0;
    return Done{};
}

bool DateFormat::read_element(const Element &element, std::string_view text, size_t &at, Raw &raw) noexcept {
    switch (element.part) {
        case Part::year:
            return read_digits(text, at, 4, 4, raw.year) > 0 && raw.year > 0;
        case Part::short_year:
            if (read_digits(text, at, 2, 2, raw.year) == 0) return false;
            raw.year += raw.year < 70 ? 2000 : 1900;
            return true;
        case Part::month:
            return read_two(text, at, element.one_digit, 1, 12, raw.month);
        case Part::month_name:
            return read_month(text, at, true, raw.month);
        case Part::month_abbreviation:
            return read_month(text, at, false, raw.month);
        case Part::day:
            return read_two(text, at, element.one_digit, 1, 31, raw.day);
        case Part::hour24:
            return read_two(text, at, element.one_digit, 0, 23, raw.hour);
        case Part::hour12:
            raw.twelve = true;
            return read_two(text, at, element.one_digit, 1, 12, raw.hour);
        case Part::minute:
            return read_two(text, at, false, 0, 59, raw.minute);
        case Part::second:
            return read_two(text, at, false, 0, 59, raw.seconds);
        case Part::millisecond:
            return read_fraction(text, at, 3, raw.microseconds);
        case Part::microsecond:
            return read_fraction(text, at, 6, raw.microseconds);
        case Part::meridiem:
            return read_meridiem(text, at, raw.afternoon);
        case Part::zone:
            return read_zone(text, at, raw.east);
        case Part::literal:
            return at < text.size() && text[at++] == element.literal;
    }
    return false;
}

bool DateFormat::read(std::string_view text, Moment &out) const noexcept {
    Raw raw;
    size_t at = 0;
    for (const Element &element : elements_)
        if (!read_element(element, text, at, raw)) return false;
    if (at != text.size()) return false;
    if (raw.twelve) raw.hour = raw.hour % 12 + (raw.afternoon ? 12 : 0);
    Moment moment;
    if (has_date_) {  // the calendar is datetime.hpp's
        const auto put = [](char *to, unsigned n) {
            to[0] = static_cast<char>('0' + n / 10 % 10);
            to[1] = static_cast<char>('0' + n % 10);
        };
        std::array<char, 10> iso{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0'};
        put(iso.data(), raw.year / 100);
        put(iso.data() + 2, raw.year % 100);
        put(iso.data() + 5, raw.month);
        put(iso.data() + 8, raw.day);
        if (!scan_date({iso.data(), iso.size()}, moment.days)) return false;
    }
    moment.microseconds = (int64_t{raw.hour} * 3600 + int64_t{raw.minute} * 60 + raw.seconds) * second;
    moment.microseconds += raw.microseconds;
    moment.east = raw.east;
    moment.has_zone = has_zone_;
    out = moment;
    return true;
}

// ---- guessing ----

namespace {

constexpr size_t most_values = 1000;

// Dates as they are commonly written, day first before month first.
std::vector<std::string> date_layouts() {
    std::vector<std::string> layouts;
    for (const std::string_view order :
         {"DD_MM_YYYY", "MM_DD_YYYY", "YYYY_MM_DD", "DD_MM_YY", "MM_DD_YY", "YY_MM_DD"})
        for (const char separator : {'/', '.', '-', ' '})
            std::ranges::replace(layouts.emplace_back(order), '_', separator);
    for (const char *const layout :
         {"YYYYMMDD", "DDMMYYYY", "MMDDYYYY", "DD Mon YYYY", "DD Month YYYY", "DD-Mon-YYYY", "DD-Mon-YY",
          "DD/Mon/YYYY", "DD Mon YY", "Mon DD, YYYY", "Month DD, YYYY", "Mon DD YYYY", "Month DD YYYY",
          "DD. Month YYYY", "YYYY-Mon-DD", "YYYY Mon DD", "DDMonYYYY"})
        layouts.emplace_back(layout);
    return layouts;
}

constexpr std::array<std::string_view, 15> time_layouts{
    "",           "HH24:MI",       "HH24:MI:SS", "HH24:MI:SS.US", "HH12:MI AM",   "HH12:MI:SS AM",
    "HH12:MIAM",  "HH24.MI",       "HH24.MI.SS", "HH24:MIOF",     "HH24:MI:SSOF", "HH24:MI:SS.USOF",
    "HH24:MI OF", "HH24:MI:SS OF", "HH24MISS",
};

std::vector<std::string> all_layouts() {
    std::vector<std::string> layouts;
    for (const std::string &date : date_layouts())
        for (const std::string_view time : time_layouts) {
            if (time.empty()) {
                layouts.push_back(date);
                continue;
            }
            for (const std::string_view between : {" ", "T", ", ", ""}) {
                if (between.empty() && time != "HH24MISS") continue;
                layouts.push_back(date + std::string(between) + std::string(time));
            }
        }
    return layouts;
}

struct Candidate {
    std::string pattern;
    DateFormat format;
    size_t read = 0;
};

// How two formats that read nearly all values agree about them.
struct Comparison {
    size_t only_first = 0, only_second = 0, differ = 0;
};

Comparison compare(const DateFormat &a, const DateFormat &b, std::span<const std::string_view> values) {
    Comparison result;
    for (const std::string_view value : values) {
        Moment first;
        Moment second_moment;
        const bool by_a = a.read(value, first);
        const bool by_b = b.read(value, second_moment);
        result.only_first += by_a && !by_b ? 1 : 0;
        result.only_second += by_b && !by_a ? 1 : 0;
        result.differ += by_a && by_b && !(first == second_moment) ? 1 : 0;
    }
    return result;
}

// Formats that read at least 95 % of the values, the best first.
std::vector<Candidate> find_candidates(std::span<const std::string_view> values) {
    std::vector<Candidate> found;
    const size_t allowed = values.size() / 20;
    for (std::string &pattern : all_layouts()) {
        Result<DateFormat> format = DateFormat::parse(pattern);
        if (!format) continue;
        size_t failed = 0;
        Moment moment;
        for (const std::string_view value : values)
            if (!format->read(value, moment) && ++failed > allowed) break;
        if (failed <= allowed)
            found.push_back({std::move(pattern), *std::move(format), values.size() - failed});
    }
    std::ranges::stable_sort(found, std::ranges::greater{}, &Candidate::read);
    return found;
}

}  // namespace

DateGuess guess_date_format(std::span<const std::string_view> values) {
    std::vector<std::string_view> sample;
    const size_t step = std::max<size_t>(values.size() / most_values, 1);
    for (size_t i = 0; i + step <= values.size(); i += step)  // evenly, but in step with no pattern of theirs
        sample.push_back(values[i + i / step * 7919 % step]);
    DateGuess guess{{}, sample.size(), 0};
    if (sample.empty()) return guess;
    const std::vector<Candidate> found = find_candidates(sample);
    if (found.empty()) return guess;
    const Candidate &best = found.front();
    guess.read = best.read;
    for (const Candidate &other : found) {
        if (&other == &best) {
            guess.patterns.push_back(best.pattern);
            continue;
        }
        const bool year_first = other.pattern.starts_with("YY") && !other.pattern.starts_with("YYYY");
        if (year_first) continue;  // two digits of a year in front are too rare to be doubted about
        const Comparison c = compare(best.format, other.format, sample);
        // Values that only the best can read decide, unless as many as a tenth of them speak for the other.
        const bool decided = c.only_first > 0 && c.only_second * 10 <= c.only_first;
        if (c.differ > 0 && !decided) guess.patterns.push_back(other.pattern);
    }
    return guess;
}

}  // namespace ferry::value
