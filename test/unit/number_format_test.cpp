// Tests of value/number_format.hpp: what is read with which decimal mark, and what is left alone.
#include "core/value/number_format.hpp"

#include <array>
#include <boost/test/unit_test.hpp>

using ferry::value::read_number;
using ferry::value::try_decimal;

namespace {

std::string number(std::string_view text, char decimal) {
    std::string out;
    return read_number(text, decimal, out) ? out : "no";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(number_format)

BOOST_AUTO_TEST_CASE(groups_and_decimal_marks) {
    BOOST_TEST(number("1,234.50", '.') == "1234.50");
    BOOST_TEST(number("1.234,50", ',') == "1234.50");
    BOOST_TEST(number("-1.234.567", ',') == "-1234567");
    BOOST_TEST(number("+1'234'567.8", '.') == "+1234567.8");
    BOOST_TEST(number("1 234,5", ',') == "1234.5");
    BOOST_TEST(number("1\xC2\xA0"
                      "234\xC2\xA0"
                      "567",
                      ',') == "1234567");
    BOOST_TEST(number("1\xE2\x80\xAF"
                      "234,5",
                      ',') == "1234.5");
    BOOST_TEST(number(" 9,5 ", ',') == "9.5");
    BOOST_TEST(number("1234,5", ',') == "1234.5");
    BOOST_TEST(number("0,05", ',') == "0.05");
}

BOOST_AUTO_TEST_CASE(everything_else_is_left_alone) {
    for (const char *text :
         {"", "-", ",", "12", "1,23,456", "1,2345", "1234,567", "1.234.56", "1,234 567", "1,234.", ".5",
          "1,234.5.6", "1e5", "12a", "$1,234", "1,,234", "1,234,", "--1.5"})
        BOOST_TEST(number(text, '.') == "no", text);
    BOOST_TEST(number("1.5", ',') == "no");
    BOOST_TEST(number("1,234.5", ',') == "no");
}

BOOST_AUTO_TEST_CASE(fractions_of_zeros) {
    const auto dropped = [](std::string number) {
        ferry::value::drop_empty_fraction(number);
        return number;
    };
    BOOST_TEST(dropped("2000.00") == "2000");
    BOOST_TEST(dropped("2000.") == "2000");
    BOOST_TEST(dropped("2000.01") == "2000.01");
    BOOST_TEST(dropped("2000") == "2000");
}

BOOST_AUTO_TEST_CASE(what_a_mark_makes_of_values) {
    const std::array<std::string_view, 2> commas{"1.234,50", "9,5"};
    BOOST_TEST(try_decimal(commas, ',').reads);
    BOOST_TEST(!try_decimal(commas, ',').whole);
    BOOST_TEST(!try_decimal(commas, '.').reads);
    const std::array<std::string_view, 2> either{"1,234", "12,000"};
    BOOST_TEST(try_decimal(either, '.').whole);
    BOOST_TEST(try_decimal(either, ',').reads);
    BOOST_TEST(!try_decimal(either, ',').whole);
    BOOST_TEST(!try_decimal({}, '.').reads);
}

BOOST_AUTO_TEST_SUITE_END()
