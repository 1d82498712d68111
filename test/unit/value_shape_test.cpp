// Tests of value/shape.hpp: shapes of values and the words for none.
#include "core/value/shape.hpp"

#include <boost/test/unit_test.hpp>

#include "core/text.hpp"

using ferry::value::means_no_value;
using ferry::value::shape_of;

BOOST_AUTO_TEST_SUITE(value_shape)

BOOST_AUTO_TEST_CASE(runs_become_one_sign) {
    BOOST_TEST(shape_of("31/12/2021") == "9/9/9999");
    BOOST_TEST(shape_of("1/2/2021") == "9/9/9999");
    BOOST_TEST(shape_of("20211231") == "9+");
    BOOST_TEST(shape_of("1,234.50") == "9,9.9");
    BOOST_TEST(shape_of("12 Mar 2021") == "9 a 9999");
    BOOST_TEST(shape_of("N/A") == "a/a");
    BOOST_TEST(shape_of("") == "");
    BOOST_TEST(shape_of("=====x-----") == "===a---");
}

BOOST_AUTO_TEST_CASE(characters_beyond_ascii_are_letters) {
    BOOST_TEST(shape_of("año 1") == "a 9");
    BOOST_TEST(shape_of("\xE2\x82\xAC"
                        "5") == "a9");
}

BOOST_AUTO_TEST_CASE(long_shapes_are_cut_and_stay_text) {
    std::string many;
    for (int i = 0; i < 100; ++i) many += "1\xC3\xA9,";
    const std::string shape = shape_of(many);
    BOOST_TEST(shape.size() == 43U);
    BOOST_TEST(shape.ends_with("..."));
    BOOST_TEST(ferry::utf8_valid_prefix(shape) == shape.size());
}

BOOST_AUTO_TEST_CASE(words_for_no_value) {
    for (const char *word : {"", "  ", "NULL", "null", "N/A", "n/a", "\\N", "-", "?", "none", "#N/A"})
        BOOST_TEST(means_no_value(word), word);
    for (const char *word : {"0", "x", "- -", "nullable", "no"}) BOOST_TEST(!means_no_value(word), word);
}

BOOST_AUTO_TEST_SUITE_END()
