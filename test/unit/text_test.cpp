// Tests of text.hpp: UTF-8, clipping, JSON strings and small comparisons.
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "core/text.hpp"

using namespace ferry;
using std::string;
using std::string_view;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(valid_utf8_is_valid_at_every_alignment) {
    const std::vector<string> valid = {"",
                                       "abc",
                                       "\x7F",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF",
                                       string(1, '\0')};
    for (size_t pad = 0; pad < 20; ++pad)
        for (const string &v : valid) {
            const string text = string(pad, 'x') + v + "y";
            BOOST_CHECK_EQUAL(utf8_valid_prefix(text), text.size());
        }
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_found_at_its_first_byte) {
    const std::vector<string> invalid = {"\x80",
                                         "\xBF",
                                         "\xC0\x80",
                                         "\xC1\xBF",
                                         "\xC2",
                                         "\xC2\x41",
                                         "\xE0\x9F\xBF",
                                         "\xE2\x82",
                                         "\xED\xA0\x80",
                                         "\xED\xBF\xBF",
                                         "\xF0\x8F\xBF\xBF",
                                         "\xF0\x90\x80",
                                         "\xF4\x90\x80\x80",
                                         "\xF5\x80\x80\x80",
                                         "\xFF"};
    for (size_t pad = 0; pad < 20; ++pad)
        for (const string &v : invalid) {
            BOOST_CHECK_EQUAL(utf8_valid_prefix(string(pad, 'x') + v), pad);
            BOOST_CHECK_EQUAL(utf8_valid_prefix(string(pad, 'x') + v + "y\xC3\xA9"), pad);
        }
}

BOOST_AUTO_TEST_CASE(every_code_point_is_valid_but_surrogates) {
    for (uint32_t c = 0x800; c <= 0xFFFF; ++c) {
        const string text = {static_cast<char>(0xE0U | c >> 12U),
                             static_cast<char>(0x80U | (c >> 6U & 0x3FU)),
                             static_cast<char>(0x80U | (c & 0x3FU))};
        const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        if ((utf8_valid_prefix(text) == 3) == surrogate) BOOST_FAIL(c);
    }
    BOOST_CHECK_EQUAL(utf8_valid_prefix("\xED\x9F\xBF\xEE\x80\x80"), 6U);
}

BOOST_AUTO_TEST_CASE(clip_never_cuts_a_character) {
    BOOST_CHECK_EQUAL(clip("abc", 5), "abc");
    BOOST_CHECK_EQUAL(clip("abc", 3), "abc");
    BOOST_CHECK_EQUAL(clip("abc", 2), "ab");
    BOOST_CHECK_EQUAL(clip("abc", 0), "");
    BOOST_CHECK_EQUAL(clip("a\xC3\xA9z", 2), "a");
    BOOST_CHECK_EQUAL(clip("a\xC3\xA9z", 3), "a\xC3\xA9");
    BOOST_CHECK_EQUAL(clip("\xF0\x9F\x9A\xA2", 3), "");
}

BOOST_AUTO_TEST_CASE(json_strings_are_escaped) {
    string out = "x";
    append_json_string(out, string_view("\"\\\b\f\n\r\t\x01\x1F\0/\x7F\xC3\xA9", 14));
    BOOST_CHECK_EQUAL(out, "x\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\\u0000/\x7F\xC3\xA9\"");
}

BOOST_AUTO_TEST_CASE(comparison_ignores_only_ascii_case) {
    BOOST_CHECK(equal_ignoring_case("Department", "dEPARTMENT"));
    BOOST_CHECK(equal_ignoring_case("", ""));
    BOOST_CHECK(!equal_ignoring_case("a", "ab"));
    BOOST_CHECK(!equal_ignoring_case("[", "{"));
    BOOST_CHECK(!equal_ignoring_case("@", "`"));
    BOOST_CHECK(!equal_ignoring_case("\xC3\x89", "\xC3\xA9"));
}

BOOST_AUTO_TEST_CASE(trim_takes_blanks_and_tabs) {
    BOOST_CHECK_EQUAL(trim(" \ta b\t "), "a b");
    BOOST_CHECK_EQUAL(trim("\n a \n"), "\n a \n");
    BOOST_CHECK_EQUAL(trim(" \t "), "");
    BOOST_CHECK_EQUAL(trim(""), "");
}

BOOST_AUTO_TEST_SUITE_END()
