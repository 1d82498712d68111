// Tests of value/: what each scanner recognises, with the value PostgreSQL 15 gives, and what it must leave
// to the input function.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/value/arena.hpp"
#include "core/value/datetime.hpp"
#include "core/value/scan.hpp"

namespace {

using namespace ferry::value;
using std::string;
using std::string_view;

template <typename T>
struct Case {
    string_view text;
    T value;
};

template <typename T>
void check_accepted(bool (*scan)(string_view, T &) noexcept, const std::vector<Case<T>> &cases) {
    for (const Case<T> &c : cases) BOOST_TEST_CONTEXT(c.text) {
            T value{};
            BOOST_REQUIRE(scan(c.text, value));
            BOOST_CHECK_EQUAL(value, c.value);
        }
}

template <typename T>
void check_left(bool (*scan)(string_view, T &) noexcept, const std::vector<string_view> &texts) {
    for (const string_view text : texts) BOOST_TEST_CONTEXT(text) {
            T value = T{42};
            const string copy(text);  // of its own size, so that sanitizers see reads beyond it
            BOOST_CHECK(!scan(copy, value));
            BOOST_CHECK_EQUAL(value, T{42});
        }
}

constexpr int64_t second = 1'000'000;
constexpr int64_t day = 86'400 * second;

string two(unsigned value) {
    return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(value)

BOOST_AUTO_TEST_CASE(booleans) {
    check_accepted<bool>(scan_bool, {{"t", true},
                                     {"true", true},
                                     {"1", true},
                                     {"yes", true},
                                     {"on", true},
                                     {"f", false},
                                     {"false", false},
                                     {"0", false},
                                     {"no", false},
                                     {"off", false}});
    bool value = true;
    for (const string_view text :
         {"", "T", "tr", "y", "n", "o", "of", "2", " t", "t ", "TRUE", "truee", "01"})
        BOOST_CHECK(!scan_bool(text, value));
    BOOST_CHECK(value);
}

BOOST_AUTO_TEST_CASE(integers) {
    check_accepted<int16_t>(
        scan_int2, {{"0", 0}, {"-0", 0}, {"+7", 7}, {"007", 7}, {"32767", 32767}, {"-32768", -32768}});
    check_left<int16_t>(scan_int2, {"32768", "-32769", "65536", "99999999999999999999"});
    check_accepted<int32_t>(scan_int4,
                            {{"2147483647", 2147483647}, {"-2147483648", -2147483647 - 1}, {"+0", 0}});
    check_left<int32_t>(scan_int4, {"2147483648", "-2147483649", "4294967296", "18446744073709551616"});
    check_accepted<int64_t>(scan_int8, {{"9223372036854775807", std::numeric_limits<int64_t>::max()},
                                        {"-9223372036854775808", std::numeric_limits<int64_t>::min()},
                                        {"0000000000000000001", 1}});
    check_left<int64_t>(scan_int8, {"9223372036854775808",
                                    "-9223372036854775809",
                                    "18446744073709551617",
                                    "",
                                    "+",
                                    "-",
                                    "--1",
                                    "+-1",
                                    " 1",
                                    "1 ",
                                    "1.0",
                                    "1e3",
                                    "0x10",
                                    "1_000",
                                    "a",
                                    "/",
                                    ":",
                                    {"1\0", 2},
                                    "\xD9\xA1"});
}

BOOST_AUTO_TEST_CASE(integers_at_random) {
    std::mt19937_64 random(3);
    for (int i = 0; i < 10'000; ++i) {
        const auto expected =
            static_cast<int64_t>(random() >> (random() % 64)) * (random() % 2 == 0 ? 1 : -1);
        int64_t value = 0;
        int32_t small = 0;
        BOOST_REQUIRE(scan_int8(std::to_string(expected), value));
        BOOST_REQUIRE_EQUAL(value, expected);
        BOOST_REQUIRE_EQUAL(scan_int4(std::to_string(expected), small),
                            expected == static_cast<int32_t>(expected));
    }
}

BOOST_AUTO_TEST_CASE(floats) {
    check_accepted<double>(scan_float8,
                           {{"0", 0.0},
                            {"-1.5", -1.5},
                            {"+2.25", 2.25},
                            {".5", 0.5},
                            {"5.", 5.0},
                            {"1e3", 1000.0},
                            {"1E-3", 0.001},
                            {"0.1", 0.1},
                            {"1.7976931348623157e308", std::numeric_limits<double>::max()},
                            {"5e-324", std::numeric_limits<double>::denorm_min()},
                            {"0e-999", 0.0},
                            {"123456789012345678901234567890", 123456789012345678901234567890.0}});
    check_accepted<float>(scan_float4, {{"0.1", 0.1F},
                                        {"16777217", 16777216.0F},
                                        {"3.4028235e38", std::numeric_limits<float>::max()},
                                        {"1.17549429e-38", 1.17549429e-38F},
                                        {"7.038531e-26", 7.038531e-26F}});
    check_left<double>(scan_float8,
                       {"",      "+",      "-",      "+-1", "-+1",  ".",    "e5",  "1e",  "1e+",
                        "1e400", "-1e400", "1e-400", "inf", "-inf", "+inf", "nan", "NaN", "Infinity",
                        "0x1p3", " 1",     "1 ",     "1,5", "1f",   "1..2", "--1"});
    check_left<float>(scan_float4, {"3.5e38", "1e-46", "-1e-60", "nan"});
    double value = 1;
    BOOST_REQUIRE(scan_float8("-0", value));
    BOOST_CHECK(value == 0 && std::signbit(value));
}

BOOST_AUTO_TEST_CASE(dates) {
    check_accepted<int32_t>(scan_date, {{"1970-01-01", 0},
                                        {"1969-12-31", -1},
                                        {"2000-02-29", 11016},
                                        {"2021-11-07", 18938},
                                        {"0001-01-01", -719162},
                                        {"9999-12-31", 2932896},
                                        {"2024-02-29", 19782},
                                        {"1600-02-29", -135081},
                                        {"1900-03-01", -25508}});
    check_left<int32_t>(
        scan_date, {"",           "2021-02-29",  "1900-02-29", "2021-04-31",    "2021-00-10",  "2021-13-01",
                    "2021-01-00", "2021-01-32",  "0000-01-01", "21-01-01",      "2021-1-1",    "2021/01/01",
                    "20210101",   "2021-01-01 ", " 2021-01-1", "2021-01-01T",   "10000-01-01", "-001-01-01",
                    "2021-0a-01", "2021-01-:1",  "infinity",   "2021-01-01 BC", "epoch"});
}

BOOST_AUTO_TEST_CASE(every_date_of_the_calendar) {
    constexpr unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t expected = -719162;
    for (unsigned year = 1; year <= 9999; ++year)
        for (unsigned month = 1; month <= 12; ++month) {
            const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            const unsigned length = lengths[month - 1] + (month == 2 && leap ? 1 : 0);
            for (unsigned date = 1; date <= 32; ++date) {
                int32_t days = 0;
                const string text = two(year / 100) + two(year % 100) + "-" + two(month) + "-" + two(date);
                if (scan_date(text, days) != (date <= length)) BOOST_FAIL(text);
                if (date <= length && days != expected++) BOOST_FAIL(text);
            }
        }
    BOOST_CHECK_EQUAL(expected, 2932897);
}

BOOST_AUTO_TEST_CASE(times) {
    check_accepted<int64_t>(scan_time, {{"00:00:00", 0},
                                        {"23:59:59", day - second},
                                        {"02:48:42.5", 10122 * second + 500'000},
                                        {"00:00:00.000001", 1},
                                        {"23:59:59.999999", day - 1},
                                        {"00:00:01.12", 1'120'000}});
    check_left<int64_t>(scan_time, {"", "24:00:00", "23:60:00", "23:59:60", "02:48", "2:48:42", "02:48:42.",
                                    "02:48:42.1234567", "02:48:42Z", "02:48:42+02", "024842", "02:48:42 PM",
                                    "02-48-42", "02:48:4a", "02:48:42,5", "02:48:42.1x"});
}

BOOST_AUTO_TEST_CASE(timestamps) {
    constexpr int64_t date = 18938 * day;
    check_accepted<int64_t>(scan_timestamp, {{"2021-11-07T02:48:42", date + 10122 * second},
                                             {"2021-11-07 02:48", date + 10080 * second},
                                             {"1969-12-31 23:59:59.999999", -1},
                                             {"0001-01-01 00:00:00", -719162 * day},
                                             {"9999-12-31T23:59:59.9", 2932897 * day - 100'000}});
    check_left<int64_t>(
        scan_timestamp,
        {"", "2021-11-07", "2021-11-07T", "2021-11-07T02", "2021-11-07t02:48:42", "2021-11-07  02:48",
         "2021-11-07T02:48:42Z", "2021-11-07T02:48:42+00", "2021-02-30T02:48:42", "2021-11-07T24:00:00",
         "2021-11-07_02:48:42", "2021-11-07T02:48:", "2021-11-07T02:48:42 "});
}

BOOST_AUTO_TEST_CASE(timestamps_with_zone) {
    constexpr int64_t local = 18938 * day + 10122 * second;
    constexpr int64_t hour = 3600 * second;
    check_accepted<int64_t>(scan_timestamptz,
                            {{"2021-11-07T02:48:42Z", local},
                             {"2021-11-07 02:48:42+00", local},
                             {"2021-11-07 02:48:42-05", local + 5 * hour},
                             {"2021-11-07 02:48:42+0530", local - 11 * hour / 2},
                             {"2021-11-07 02:48:42.25+05:45", local + 250'000 - 23 * hour / 4},
                             {"2021-11-07T02:48:42-15:59", local + 16 * hour - 60 * second},
                             {"2021-11-07T02:48Z", local - 42 * second},
                             {"2021-11-07 02:48-00", local - 42 * second},
                             {"0001-01-01 00:00:00+15", -719162 * day - 15 * hour}});
    check_left<int64_t>(scan_timestamptz, {"",
                                           "Z",
                                           "2021-11-07T02:48:42",
                                           "2021-11-07 02:48",
                                           "2021-11-07",
                                           "2021-11-07Z",
                                           "2021-11-07-05",
                                           "2021-11-07T02:48:42z",
                                           "2021-11-07T02:48:42 Z",
                                           "2021-11-07T02:48:42+5",
                                           "2021-11-07T02:48:42+16",
                                           "2021-11-07T02:48:42+15:60",
                                           "2021-11-07T02:48:42+05:3",
                                           "2021-11-07T02:48:42+053",
                                           "2021-11-07T02:48:42+05:30:15",
                                           "2021-11-07T02:48:42+",
                                           "2021-11-07T02:48:42 +05",
                                           "2021-11-07T02:48:42UTC",
                                           "2021-11-07 02:48:42 America/New_York",
                                           "2021-11-07T02:48:42ZZ",
                                           "2021-11-07T02:48:42+05x30",
                                           "+05",
                                           "-07T02"});
}

BOOST_AUTO_TEST_CASE(uuids) {
    Uuid value{};
    const Uuid expected{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                        0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};
    for (const string_view text :
         {"00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-AABBccDDeeFF"}) {
        BOOST_REQUIRE(scan_uuid(text, value));
        BOOST_CHECK(value == expected);
    }
    for (const string_view text :
         {"", "00112233445566778899aabbccddeeff", "{00112233-4455-6677-8899-aabbccddeeff}",
          "00112233-4455-6677-8899-aabbccddeefg", "00112233-4455-6677-8899_aabbccddeeff",
          "0011223-34455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddeef",
          "00112233-4455-6677-8899-aabbccddeef\xFF"})
        BOOST_CHECK(!scan_uuid(text, value));
    BOOST_CHECK(value == expected);
}

BOOST_AUTO_TEST_CASE(arena_keeps_addresses) {
    Arena arena;
    std::vector<string_view> kept;
    for (int i = 0; i < 2000; ++i) {
        char *const to = arena.reserve(100);
        const string text(static_cast<size_t>(i % 100), static_cast<char>('a' + i % 26));
        text.copy(to, text.size());
        arena.keep(text.size());
        kept.emplace_back(to, text.size());
    }
    char *const large = arena.reserve(1'000'000);
    large[999'999] = 'x';
    arena.keep(1'000'000);
    for (int i = 0; i < 2000; ++i)
        BOOST_REQUIRE_EQUAL(kept[static_cast<size_t>(i)],
                            string(static_cast<size_t>(i % 100), static_cast<char>('a' + i % 26)));
    arena.clear();
    *arena.reserve(1) = 'y';
}

BOOST_AUTO_TEST_SUITE_END()
