// Tests of value/date_format.hpp: patterns, what they read and refuse, agreement with the ISO scanners on
// random moments, and what is guessed from rejected values.
#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/value/date_format.hpp"
#include "core/value/datetime.hpp"

namespace {

using namespace ferry;
using namespace ferry::value;
using std::string;
using std::string_view;

DateFormat format(string_view pattern) {
    Result<DateFormat> result = DateFormat::parse(pattern);
    BOOST_TEST_CONTEXT(pattern) BOOST_REQUIRE(result);
    return *std::move(result);
}

// The moment as ISO text, or "-" when the text is refused.
string shown(string_view pattern, string_view text) {
    Moment moment;
    if (!format(pattern).read(text, moment)) return "-";
    int32_t days = 0;
    char date[] = "YYYY-MM-DD";
    for (unsigned y = 1; y < 10000; ++y) {  // slow and plain
        std::snprintf(date, sizeof date, "%04u-01-01", y % 10000);
        scan_date(date, days);
        if (moment.days - days >= 366) continue;
        for (unsigned m = 1; m <= 12; ++m)
            for (unsigned d = 1; d <= 31; ++d) {
                std::snprintf(date, sizeof date, "%04u-%02u-%02u", y % 10000, m % 100, d % 100);
                if (scan_date(date, days) && days == moment.days) {
                    const int64_t s = moment.microseconds / 1'000'000;
                    char all[80];
                    std::snprintf(all, sizeof all, "%s %02d:%02d:%02d.%06d", date, static_cast<int>(s / 3600),
                                  static_cast<int>(s / 60 % 60), static_cast<int>(s % 60),
                                  static_cast<int>(moment.microseconds % 1'000'000));
                    return all + (moment.has_zone ? " " + std::to_string(moment.east) : "");
                }
            }
    }
    return "?";
}

std::vector<string> guessed(const std::vector<string_view> &values) {
    return guess_date_format(values).patterns;
}

void check_guess(const std::vector<string_view> &values, const std::vector<string> &expected) {
    const std::vector<string> got = guessed(values);
    BOOST_CHECK_EQUAL_COLLECTIONS(got.begin(), got.end(), expected.begin(), expected.end());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(date_format)

BOOST_AUTO_TEST_CASE(patterns_read_what_they_say) {
    struct Case {
        string_view pattern, text, moment;
    };
    const Case cases[] = {
        {"DD/MM/YYYY", "03/02/2021", "2021-02-03 00:00:00.000000"},
        {"dd/mm/yyyy", "3/2/2021", "2021-02-03 00:00:00.000000"},
        {"MM/DD/YYYY HH24:MI", "02/03/2021 4:05", "2021-02-03 04:05:00.000000"},
        {"YYYYMMDD", "20210203", "2021-02-03 00:00:00.000000"},
        {"YYYYMMDDHH24MISS", "20210203040506", "2021-02-03 04:05:06.000000"},
        {"DD.MM.YY", "03.02.69", "2069-02-03 00:00:00.000000"},
        {"DD.MM.YY", "03.02.70", "1970-02-03 00:00:00.000000"},
        {"DD-Mon-YYYY", "3-FEB-2021", "2021-02-03 00:00:00.000000"},
        {"FMDDMonthYYYY", "3february2021", "2021-02-03 00:00:00.000000"},
        {"Month DD, YYYY", "May 3, 2021", "2021-05-03 00:00:00.000000"},
        {"YYYY-MM-DD HH12:MI:SS AM", "2021-02-03 12:00:00 am", "2021-02-03 00:00:00.000000"},
        {"YYYY-MM-DD HH:MI PM", "2021-02-03 12:00 PM", "2021-02-03 12:00:00.000000"},
        {"YYYY-MM-DD HH:MIA.M.", "2021-02-03 1:30p.m.", "2021-02-03 13:30:00.000000"},
        {"YYYY-MM-DDTHH24:MI:SS.MS", "2021-02-03T04:05:06.5", "2021-02-03 04:05:06.500000"},
        {"YYYY-MM-DD\"T\"HH24:MI:SS.USTZ", "2021-02-03T04:05:06.000007Z", "2021-02-03 04:05:06.000007 0"},
        {"YYYY-MM-DD HH24:MI OF", "2021-02-03 04:05 -0330", "2021-02-03 04:05:00.000000 -12600"},
        {"YYYY-MM-DD HH24:MITZ", "2021-02-03 04:05+02:00", "2021-02-03 04:05:00.000000 7200"},
        {"YYYY-MM-DD HH24:MI TZ", "2021-02-03 04:05 utc", "2021-02-03 04:05:00.000000 0"},
        {"\"on\" DD/MM/YYYY", "on 29/02/2000", "2000-02-29 00:00:00.000000"},
        {"DD/MM/YYYY", "31/12/9999", "9999-12-31 00:00:00.000000"},
        {"DD/MM/YYYY", "01/01/0001", "0001-01-01 00:00:00.000000"},
        {"HH24:MI", "23:59", "1970-01-01 23:59:00.000000"},
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.pattern << " of " << c.text)
    BOOST_CHECK_EQUAL(shown(c.pattern, c.text), c.moment);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_or_exist_is_refused) {
    struct Case {
        string_view pattern, text;
    };
    const Case cases[] = {
        {"DD/MM/YYYY", ""},
        {"DD/MM/YYYY", "31/02/2021"},
        {"DD/MM/YYYY", "29/02/1900"},
        {"DD/MM/YYYY", "01/13/2021"},
        {"DD/MM/YYYY", "0/1/2021"},
        {"DD/MM/YYYY", "01/01/0000"},
        {"DD/MM/YYYY", "01/01/21"},
        {"DD/MM/YYYY", "01/01/12021"},
        {"DD/MM/YYYY", "01/01/2021 "},
        {"DD/MM/YYYY", " 01/01/2021"},
        {"DD/MM/YYYY", "01-01-2021"},
        {"DD/MM/YYYY", "001/01/2021"},
        {"YYYYMMDD", "2021213"},
        {"HH24:MI", "24:00"},
        {"HH24:MI", "12:60"},
        {"HH24:MI", "12:5"},
        {"HH24:MI:SS", "12:00:60"},
        {"HH24:MI:SS.US", "12:00:00."},
        {"HH24:MI:SS.MS", "12:00:00.1234"},
        {"HH12:MI AM", "13:00 PM"},
        {"HH12:MI AM", "0:00 AM"},
        {"HH12:MI AM", "1:00"},
        {"HH24:MI TZ", "12:00 CET"},
        {"HH24:MI TZ", "12:00 +16"},
        {"HH24:MI TZ", "12:00 +01:60"},
        {"HH24:MI TZ", "12:00 +1"},
        {"DD Mon YYYY", "1 Fev 2021"},
        {"DD Mon YYYY", "1 February 2021"},
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.pattern << " of " << c.text) {
            Moment moment{1, 2, 3, true};
            BOOST_CHECK(!format(c.pattern).read(c.text, moment));
            BOOST_CHECK(moment == (Moment{1, 2, 3, true}));
        }
}

BOOST_AUTO_TEST_CASE(patterns_that_cannot_be_meant_are_refused) {
    struct Case {
        string_view pattern;
        uint64_t offset;
    };
    const Case cases[] = {
        {"", 0},
        {"nonsense", 0},
        {"DD/MM", 0},
        {"YYYY-MM", 0},
        {"DD/MM/YYYY Q", 11},
        {"DD/DD/YYYY", 0},
        {"MM Mon DD YYYY", 0},
        {"HH:MI", 0},
        {"HH24:MI AM", 0},
        {"HH24:SS", 0},
        {"MI:SS", 0},
        {"DD/MM/YYYY \"x", 11},
        {"DD/MM/20YY", 6},
        {"DD/MM/YYYY TZ", 0},
        {"///", 0},
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.pattern) {
            const auto result = DateFormat::parse(c.pattern);
            BOOST_REQUIRE(!result);
            BOOST_CHECK(result.error().code == Code::invalid_option);
            BOOST_CHECK_EQUAL(result.error().offset, c.offset);
        }
    BOOST_CHECK(format("DD/MM/YYYY").has_date() && !format("DD/MM/YYYY").has_time());
    BOOST_CHECK(format("HH24:MI OF").has_zone() && !format("HH24:MI OF").has_date());
}

BOOST_AUTO_TEST_CASE(random_moments_read_as_the_iso_scanners_read_them) {
    const DateFormat own = format("DD.MM.YYYY HH24:MI:SS.US OF");
    std::mt19937_64 random(8601);
    for (int round = 0; round < 20'000; ++round) {
        const auto pick = [&random](int low, int high) {
            return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
        };
        const int y = pick(1, 9999), m = pick(1, 13), d = pick(1, 31), h = pick(0, 24), mi = pick(0, 60);
        const int s = pick(0, 60), us = pick(0, 999'999), zh = pick(0, 15), zm = pick(0, 59);
        const char sign = pick(0, 1) == 0 ? '+' : '-';
        char iso[100];
        char mine[100];
        std::snprintf(iso, sizeof iso, "%04d-%02d-%02d %02d:%02d:%02d.%06d%c%02d:%02d", y, m, d, h, mi, s, us,
                      sign, zh, zm);
        std::snprintf(mine, sizeof mine, "%02d.%02d.%04d %02d:%02d:%02d.%06d %c%02d:%02d", d, m, y, h, mi, s,
                      us, sign, zh, zm);
        int64_t expected = 0;
        Moment moment;
        const bool good = scan_timestamptz(iso, expected);
        BOOST_REQUIRE_EQUAL(own.read(mine, moment), good);
        if (good) BOOST_REQUIRE_EQUAL(moment.timestamptz(), expected);
    }
}

BOOST_AUTO_TEST_CASE(formats_are_guessed) {
    check_guess({}, {});
    check_guess({"n/a", "unknown"}, {});
    check_guess({"31/01/2021", "02/03/2021"}, {"DD/MM/YYYY"});
    check_guess({"01/31/2021", "02/03/2021"}, {"MM/DD/YYYY"});
    check_guess({"01/02/2021", "02/03/2021"}, {"DD/MM/YYYY", "MM/DD/YYYY"});
    check_guess({"01/01/2021", "02/02/2021"}, {"DD/MM/YYYY"});  // no matter which
    check_guess({"7/27/2021 16:02", "7/1/2021 9:30"}, {"MM/DD/YYYY HH24:MI"});
    check_guess({"27.07.21", "01.02.21"}, {"DD.MM.YY"});
    check_guess({"20210727", "20210101"}, {"YYYYMMDD"});
    check_guess({"27 May 2021", "1 May 2020"}, {"DD Mon YYYY"});
    check_guess({"27 May 2021", "1 June 2020"}, {"DD Month YYYY"});
    check_guess({"Jul 27, 2021 04:05:06 PM"}, {"Mon DD, YYYY HH12:MI:SS AM"});
    check_guess({"27-07-2021T16:02:08Z", "01-02-2021T00:00:00Z"}, {"DD-MM-YYYYTHH24:MI:SSOF"});
    check_guess({"13/01/2021", "01/13/2021"}, {});
}

BOOST_AUTO_TEST_CASE(a_few_wrong_values_do_not_hide_the_format) {
    std::vector<string> texts;
    for (int i = 0; i < 5000; ++i)
        texts.push_back(
            i % 40 == 0 ? "never" : std::to_string(1 + i % 28) + "/" + std::to_string(1 + i % 12) + "/2021");
    const std::vector<string_view> values(texts.begin(), texts.end());
    const DateGuess guess = guess_date_format(values);
    BOOST_REQUIRE_EQUAL(guess.patterns.size(), 1U);
    BOOST_CHECK_EQUAL(guess.patterns[0], "DD/MM/YYYY");
    BOOST_CHECK_EQUAL(guess.values, 1000U);
    BOOST_CHECK_GE(guess.read, 950U);
}

BOOST_AUTO_TEST_SUITE_END()
