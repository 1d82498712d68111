// Tests of csv/locate.hpp: where fields start and structure breaks, in all encodings and after salvage.
#include "core/csv/locate.hpp"

#include <boost/test/unit_test.hpp>

using ferry::Encoding;
using namespace ferry::csv;

namespace {

// "0 2 5 | 7": where the fields start, and the fault.
std::string places(std::string_view raw, size_t expected, Encoding encoding = Encoding::utf8,
                   bool salvage = false) {
    const Dialect dialect;
    Places found;
    locate_fields(raw, {dialect, expected, encoding, salvage}, found);
    std::string text;
    for (const size_t start : found.starts) text += (text.empty() ? "" : " ") + std::to_string(start);
    return found.fault ? text + " | " + std::to_string(*found.fault) : text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(csv_locate)

BOOST_AUTO_TEST_CASE(fields_start_with_their_quotes) {
    BOOST_TEST(places("a,b,c", 3) == "0 2 4");
    BOOST_TEST(places("\"a,\"\"x\",\"b\nc\",", 3) == "0 8 14");
    BOOST_TEST(places("", 1) == "0");
}

BOOST_AUTO_TEST_CASE(faults_of_structure) {
    BOOST_TEST(places("a,b", 3) == "0 2 | 3");
    BOOST_TEST(places("a,b,c,d", 2) == "0 2 4 6 | 4");
    BOOST_TEST(places("a,b,\"c", 3) == "0 2 4 | 4");
}

BOOST_AUTO_TEST_CASE(a_salvaged_record_has_the_places_of_salvage) {
    BOOST_TEST(places("a,\"b,c", 3, Encoding::utf8, true) == "0 2 5");
    BOOST_TEST(places("x,5\",\"y\"", 3, Encoding::utf8, true) == "0 2 5");
    BOOST_TEST(places("x", 2, Encoding::utf8, true) == "0");
}

BOOST_AUTO_TEST_CASE(utf16_is_told_in_its_own_bytes) {
    using namespace std::string_view_literals;
    BOOST_TEST(places("\xE9\0,\0b\0"sv, 2, Encoding::utf16le) == "0 4");
    BOOST_TEST(places("\0a\0,"sv, 3, Encoding::utf16be) == "0 4 | 4");
    BOOST_TEST(places("a\0,"sv, 2, Encoding::utf16le) == "");
}

BOOST_AUTO_TEST_SUITE_END()
