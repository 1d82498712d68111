// Tests of encoding.hpp: tables of guesses and conversions, and round trips of random text and random bytes
// through every encoding and the UTF-16 stream, from fixed seeds.
#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "avro_memory.hpp"
#include "core/encoding.hpp"
#include "core/text.hpp"

namespace {

using namespace ferry;
using avro::test::MemorySource;
using std::string;
using std::string_view;

constexpr Encoding all_encodings[] = {Encoding::utf8, Encoding::utf16le, Encoding::utf16be, Encoding::latin1,
                                      Encoding::windows1252};

string utf16(string_view utf8, Encoding encoding) {
    string out;
    BOOST_REQUIRE(append_encoded(encoding, utf8, out));
    return out;
}

// All that a source gives, read `step` bytes at a time from an input that gives `input_step`.
string drain(string_view bytes, Encoding encoding, size_t step, size_t input_step = SIZE_MAX) {
    MemorySource input(bytes, input_step);
    Utf16Source source(input, encoding);
    string out;
    std::vector<char> piece(step);
    while (const size_t n = source.read(piece.data(), step)) out.append(piece.data(), n);
    BOOST_CHECK_EQUAL(source.read(piece.data(), step), 0U);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(encoding)

BOOST_AUTO_TEST_CASE(encodings_are_guessed) {
    struct Case {
        string_view sample;
        bool whole;
        Encoding encoding;
        size_t mark;
    };
    using namespace std::string_view_literals;
    const Case cases[] = {
        {"", true, Encoding::utf8, 0},
        {"a,b\n", true, Encoding::utf8, 0},
        {"\xEF\xBB\xBFx", true, Encoding::utf8, 3},
        {"\xFF\xFE"sv, true, Encoding::utf16le, 2},
        {"\xFE\xFF\0a"sv, true, Encoding::utf16be, 2},
        {"1\0,\0a\0\n\0"sv, true, Encoding::utf16le, 0},
        {"\0"
         "1\0,\0a\0\n"sv,
         true, Encoding::utf16be, 0},
        {"\x2D\x4E\x87\x65,\0\x2D\x4E\x87\x65\n\0\x2D\x4E"sv, true, Encoding::utf16le, 0},
        {"a,b\n\0\0\0\0"sv, true, Encoding::utf8, 0},
        {"abc\0def,ghi\njkl,mno\npqr,stu\n"sv, true, Encoding::utf8, 0},
        {"M\xC3\xBCnchen", true, Encoding::utf8, 0},
        {"M\xC3", false, Encoding::utf8, 0},  // cut inside a character
        {"M\xC3", true, Encoding::latin1, 0},
        {"M\xFCnchen,K\xF6ln", true, Encoding::latin1, 0},
        {"M\xFCnchen,5 \x80", true, Encoding::windows1252, 0},
        {"\x93quoted\x94\x81", true, Encoding::windows1252, 0},
        {"\x81\xE9", true, Encoding::latin1, 0},
        {"\xC3\xA9\xC3\xA8\xC3\xA7 \xE9", true, Encoding::utf8, 0},  // one damaged row among good ones
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.sample) {
            const Guess guess = guess_encoding(c.sample, c.whole);
            BOOST_CHECK_EQUAL(encoding_name(guess.encoding), encoding_name(c.encoding));
            BOOST_CHECK_EQUAL(guess.mark, c.mark);
            BOOST_CHECK(!guess.why.empty());
        }
}

BOOST_AUTO_TEST_CASE(names_are_known) {
    for (const Encoding encoding : all_encodings)
        BOOST_CHECK(find_encoding(encoding_name(encoding)) == encoding);
    BOOST_CHECK(find_encoding("utf_8") == Encoding::utf8);
    BOOST_CHECK(find_encoding("WIN1252") == Encoding::windows1252);
    BOOST_CHECK(find_encoding("ISO 8859-1") == Encoding::latin1);
    BOOST_CHECK(!find_encoding("") && !find_encoding("latin2") && !find_encoding(string(100, 'x')));
}

BOOST_AUTO_TEST_CASE(text_becomes_utf8) {
    struct Case {
        Encoding encoding;
        string bytes, utf8;
    };
    const Case cases[] = {
        {Encoding::utf8, "a\xC3\xA9", "a\xC3\xA9"},
        {Encoding::latin1, "a\xE9\x80\xFF", "a\xC3\xA9\xC2\x80\xC3\xBF"},
        {Encoding::windows1252, "\x80\x9F\xE9", "\xE2\x82\xAC\xC5\xB8\xC3\xA9"},
        {Encoding::utf16le,
         {"a\0\xE9\0\xAC\x20\x3D\xD8\xA2\xDE", 10},
         "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\xA2"},
        {Encoding::utf16be, {"\0a\xD8\x3D\xDE\xA2", 6}, "a\xF0\x9F\x9A\xA2"},
        {Encoding::utf16le, "", ""},
    };
    for (const Case &c : cases) {
        string out = "x";
        BOOST_REQUIRE(append_utf8(c.encoding, c.bytes, out));
        BOOST_CHECK_EQUAL(out, "x" + c.utf8);
        out = "y";
        BOOST_REQUIRE(append_encoded(c.encoding, c.utf8, out));
        BOOST_CHECK_EQUAL(out, "y" + c.bytes);
        value::Arena arena;
        const auto kept = to_utf8(c.encoding, c.bytes, arena);
        BOOST_REQUIRE(kept);
        BOOST_CHECK_EQUAL(*kept, c.utf8);
        BOOST_CHECK_EQUAL(valid_prefix(c.encoding, c.bytes), c.bytes.size());
    }
}

BOOST_AUTO_TEST_CASE(what_means_nothing_is_refused_where_it_stands) {
    struct Case {
        Encoding encoding;
        string bytes;
        size_t offset;
    };
    std::vector<Case> cases = {
        {Encoding::utf8, "a\xE9", 1},
        {Encoding::utf16le, {"a\0b", 3}, 2},
        {Encoding::utf16le, {"a\0\x3D\xD8", 4}, 2},
        {Encoding::utf16le,
         {"\x3D\xD8"
          "a\0",
          4},
         0},
        {Encoding::utf16be, {"\0a\xDE\xA2\0b", 6}, 2},
    };
    for (const char undefined : {'\x81', '\x8D', '\x8F', '\x90', '\x9D'})
        cases.push_back({Encoding::windows1252, string("ab") + undefined, 2});
    for (const Case &c : cases) {
        string out = "kept";
        const Status status = append_utf8(c.encoding, c.bytes, out);
        BOOST_REQUIRE(!status);
        BOOST_CHECK(status.error().code == Code::invalid_encoding);
        BOOST_CHECK_EQUAL(status.error().offset, c.offset);
        BOOST_CHECK_EQUAL(out, "kept");
        BOOST_CHECK_EQUAL(valid_prefix(c.encoding, c.bytes), c.offset);
    }
    string out;
    BOOST_CHECK_EQUAL(append_encoded(Encoding::latin1, "ab\xE2\x82\xAC", out).error().offset, 2U);
    BOOST_CHECK_EQUAL(append_encoded(Encoding::windows1252, "a\xC2\x81", out).error().offset, 1U);
    BOOST_CHECK_EQUAL(append_encoded(Encoding::utf16le, "a\xFF", out).error().offset, 1U);
    BOOST_CHECK(out.empty());
}

BOOST_AUTO_TEST_CASE(every_single_byte_goes_there_and_back) {
    for (const Encoding encoding : {Encoding::latin1, Encoding::windows1252})
        for (int byte = 0; byte < 256; ++byte) {
            const string one(1, static_cast<char>(byte));
            string utf8;
            string back;
            if (!append_utf8(encoding, one, utf8)) continue;
            BOOST_CHECK_EQUAL(utf8_valid_prefix(utf8), utf8.size());
            BOOST_REQUIRE(append_encoded(encoding, utf8, back));
            BOOST_CHECK_EQUAL(back, one);
        }
}

BOOST_AUTO_TEST_CASE(utf16_streams_in_any_steps) {
    const string utf8 =
        "\xEF\xBB\xBFid,name\r\n1,\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\xA2\"\nlong ASCII text, long\n";
    for (const Encoding encoding : {Encoding::utf16le, Encoding::utf16be}) {
        const string bytes = utf16(utf8, encoding);
        for (const size_t step : {1U, 2U, 3U, 4U, 5U, 7U, 1000U})
            for (const size_t input_step : {1U, 2U, 3U, 1000U})
                BOOST_CHECK_EQUAL(drain(bytes, encoding, step, input_step), utf8);
        BOOST_CHECK_EQUAL(utf16_size(utf8), bytes.size());
        BOOST_CHECK_EQUAL(utf16_bytes(utf8, encoding), bytes);
    }
    string big;
    for (int i = 0; i < 40'000; ++i) big += "some ASCII and \xF0\x9F\x9A\xA2 ";
    BOOST_CHECK(drain(utf16(big, Encoding::utf16be), Encoding::utf16be, 4096) == big);
}

BOOST_AUTO_TEST_CASE(units_without_meaning_become_bytes_without_meaning) {
    const string lone("a\0\x3D\xD8,\0", 6);
    BOOST_CHECK_EQUAL(drain(lone, Encoding::utf16le, 100), "a\xED\xA0\xBD,");
    BOOST_CHECK_EQUAL(drain({"\0a\xDE", 3}, Encoding::utf16be, 100), "a\xFB\x9E");
    BOOST_CHECK_EQUAL(utf8_valid_prefix("\xFB\x9E"), 0U);
    BOOST_CHECK_EQUAL(utf8_valid_prefix("\xED\xA0\xBD"), 0U);
}

BOOST_AUTO_TEST_CASE(any_bytes_can_be_told_back_from_the_stream) {
    std::mt19937 random(160'016);
    for (int round = 0; round < 2000; ++round) {
        string bytes(random() % 60, '\0');
        for (char &c : bytes) {
            const unsigned kind = random() % 4;
            c = static_cast<char>(kind == 0 ? 0 : kind == 1 ? 0xD8 + random() % 8 : random() % 256);
        }
        for (const Encoding encoding : {Encoding::utf16le, Encoding::utf16be}) {
            const string out = drain(bytes, encoding, 1 + random() % 9, 1 + random() % 9);
            BOOST_REQUIRE_EQUAL(utf16_bytes(out, encoding), bytes);
            BOOST_REQUIRE_EQUAL(utf16_size(out), bytes.size());
            const size_t cut = random() % (out.size() + 1);
            BOOST_REQUIRE_EQUAL(
                utf16_size(string_view(out).substr(0, cut)) + utf16_size(string_view(out).substr(cut)),
                bytes.size());
            const bool valid = valid_prefix(encoding, bytes) == bytes.size();
            BOOST_REQUIRE_EQUAL(utf8_valid_prefix(out) == out.size(), valid);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
