// Tests of json/: which texts PostgreSQL's grammar accepts, where the others go wrong, what rows and fields
// come of an array and every fault that a row can have.
#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

#include "core/json/row_reader.hpp"
#include "core/text.hpp"

namespace {

using namespace ferry;
using namespace ferry::json;
using std::string;
using std::string_view;
using Strings = std::vector<string>;

string shown(const Field &field) {
    switch (field.kind) {
        case Field::Kind::absent:
            return "<absent>";
        case Field::Kind::null:
            return "NULL";
        case Field::Kind::text:
            return "text " + string(field.text) + " as " + string(field.token);
        case Field::Kind::literal:
            BOOST_CHECK_EQUAL(field.text, field.token);
            return "literal " + string(field.text);
        case Field::Kind::json:
            BOOST_CHECK_EQUAL(field.text, field.token);
            return "json " + string(field.text);
        default:
            return "<unexpected kind>";
    }
}

string shown(const Fault &fault) {
    return string(code_info(fault.code).name) + "@" + std::to_string(fault.column) + " " + string(fault.text);
}

void check_strings(const Strings &got, const Strings &expected) {
    BOOST_CHECK_EQUAL_COLLECTIONS(got.begin(), got.end(), expected.begin(), expected.end());
}

// The row of columns a and b that an array of one element gives.
void check_row(string_view element, const Strings &fields, const Strings &faults,
               Unknown unknown = Unknown::reject) {
    BOOST_TEST_CONTEXT(element) {
        RowReader reader({"a", "b"}, unknown);
        BOOST_REQUIRE(reader.open(" [ " + string(element) + " ] "));
        Batch batch;
        batch.clear(2);
        BOOST_REQUIRE_EQUAL(reader.next(batch, 10), 1U);
        Strings got;
        for (const Field &field : batch.row(0)) got.push_back(shown(field));
        check_strings(got, fields);
        got.clear();
        for (const Fault &fault : batch.faults) got.push_back(shown(fault));
        check_strings(got, faults);
        const Record &record = batch.records[0];
        BOOST_CHECK_EQUAL(record.number, 1U);
        BOOST_CHECK_EQUAL(record.line, 0U);
        BOOST_CHECK_EQUAL(record.offset, 3U);
        BOOST_CHECK_EQUAL(record.raw, element);
        BOOST_CHECK_EQUAL(record.first_fault, 0U);
        BOOST_CHECK_EQUAL(record.faults, faults.size());
    }
}

Error error_of(string_view text) {
    RowReader reader({"a"}, Unknown::reject);
    const Status status = reader.open(text);
    BOOST_REQUIRE_MESSAGE(!status, "accepted: " << text);
    BOOST_CHECK_EQUAL(reader.size(), 0U);
    return status.error();
}

string nested(size_t depth) {
    string text(depth, '[');
    return text.append(depth, ']');
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(accepted_texts) {
    const std::vector<string_view> texts = {
        "[]",
        " \t\r\n[ \t\r\n] \t\r\n",
        "[[],{},[{}]]",
        "[true,false,null]",
        "[0,-0,1,-1,10,1.5,-0.5,0e1,1E+2,1e-2,1.25E25,123456789012345678901234567890]",
        R"(["","a","\"\\\/\b\f\n\r\t","\u0041\u00e9\uD834\uDD1E"])",
        R"(["\u0000","\uD800","\uDC00","\uDC00\uD800","\uD800x","\uFFFF"])",
        "[\"\x7F \xC2\x80 \xE2\x80\xA8 \xF4\x8F\xBF\xBF\"]",
        R"([{"a":1,"a":2,"":{"":[]}}])",
        R"([ { "a" : 1 , "b" : [ 1 , 2 ] } , { } ])",
    };
    for (const string_view text : texts) BOOST_TEST_CONTEXT(text) {
            RowReader reader({}, Unknown::ignore);
            BOOST_CHECK(reader.open(text));
        }
}

BOOST_AUTO_TEST_CASE(refused_texts_say_where_and_what) {
    struct Case {
        string_view text;
        uint64_t offset;
        string_view expected;
    };
    const std::vector<Case> cases = {
        {"", 0, "a value"},
        {"  ", 2, "a value"},
        {"[", 1, "a value or \"]\""},
        {"]", 0, "a value"},
        {"[1", 2, "\",\" or \"]\""},
        {"[1,", 3, "a value"},
        {"[1,]", 3, "a value"},
        {"[,1]", 1, "a value or \"]\""},
        {"[1,,2]", 3, "a value"},
        {"[1 2]", 3, "\",\" or \"]\""},
        {"[1}", 2, "\",\" or \"]\""},
        {"[]]", 2, "end of input"},
        {"[] x", 3, "end of input"},
        {"[][]", 2, "end of input"},
        {"[{]", 2, "a key in quotes or \"}\""},
        {"[{\"a\"}]", 5, "\":\""},
        {"[{\"a\":}]", 6, "a value"},
        {"[{\"a\":1,}]", 8, "a key in quotes"},
        {"[{\"a\":1]", 7, "\",\" or \"}\""},
        {"[{a:1}]", 2, "a key in quotes or \"}\""},
        {"[{'a':1}]", 2, "a key in quotes or \"}\""},
        {"[{1:1}]", 2, "a key in quotes or \"}\""},
        {"[{\"a\"::1}]", 6, "a value"},
        {"[{\"a\" 1}]", 6, "\":\""},
        {"[01]", 2, "\",\" or \"]\""},
        {"[-01]", 3, "\",\" or \"]\""},
        {"[+1]", 1, "a value or \"]\""},
        {"[.5]", 1, "a value or \"]\""},
        {"[1.]", 3, "a digit"},
        {"[1.e1]", 3, "a digit"},
        {"[-]", 2, "a digit"},
        {"[1e]", 3, "a digit"},
        {"[1e+]", 4, "a digit"},
        {"[1a]", 2, "\",\" or \"]\""},
        {"[0x10]", 2, "\",\" or \"]\""},
        {"[NaN]", 1, "a value"},
        {"[Infinity]", 1, "a value"},
        {"[-Infinity]", 2, "a digit"},
        {"[nan]", 1, "a value"},
        {"[True]", 1, "a value"},
        {"[tru]", 1, "a value"},
        {"[truex]", 5, "\",\" or \"]\""},
        {"[null", 5, "\",\" or \"]\""},
        {"[nul", 1, "a value"},
        {"[\"", 2, "the string's closing quote"},
        {"[\"a", 3, "the string's closing quote"},
        {"[\"\\", 3, "an escape sequence"},
        {"[\"\\x\"]", 3, "one of"},
        {"[\"\\u12\"]", 6, "four hexadecimal digits"},
        {"[\"\\u12G4\"]", 6, "four hexadecimal digits"},
        {"[\"\\U1234\"]", 3, "one of"},
        {"[\"a\nb\"]", 3, "control characters"},
        {"[\"\t\"]", 2, "control characters"},
        {"[\"\x1F\"]", 2, "control characters"},
        {{"[\"\0\"]", 5}, 2, "control characters"},
        {{"[\0]", 3}, 1, "a value or \"]\""},
        {"[\f]", 1, "a value or \"]\""},
        {"\xEF\xBB\xBF[]", 0, "a value"},
        {"[1]//", 3, "end of input"},
        {"[/**/]", 1, "a value or \"]\""},
        {"['a']", 1, "a value or \"]\""},
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.text) {
            const Error error = error_of(c.text);
            BOOST_CHECK(error.code == Code::malformed_json);
            BOOST_CHECK_EQUAL(error.offset, c.offset);
            BOOST_CHECK_EQUAL(error.message, "invalid JSON");
            BOOST_CHECK_EQUAL(error.detail.substr(0, 9 + c.expected.size()),
                              "Expected " + string(c.expected));
        }
    BOOST_CHECK_EQUAL(error_of("[1").detail, "Expected \",\" or \"]\", but the input ended.");
    BOOST_CHECK_EQUAL(error_of("[1}").detail, "Expected \",\" or \"]\", found } at byte 2.");
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_refused) {
    for (const string_view bad : {"\x80", "\xC0\x80", "\xC3", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"}) {
        const Error error = error_of("[\"ab" + string(bad) + "\"]");
        BOOST_CHECK(error.code == Code::invalid_encoding);
        BOOST_CHECK_EQUAL(error.offset, 4U);
    }
}

BOOST_AUTO_TEST_CASE(other_values_are_no_array) {
    for (const string_view text : {"{}", "1", "\"[]\"", "null", "true", R"({"a":[1]})"}) {
        const Error error = error_of("  " + string(text) + " ");
        BOOST_CHECK(error.code == Code::not_an_array);
        BOOST_CHECK_EQUAL(error.offset, 2U);
    }
    BOOST_CHECK(error_of("{} x").code == Code::malformed_json);
}

BOOST_AUTO_TEST_CASE(depth_has_a_limit) {
    RowReader reader({}, Unknown::ignore);
    BOOST_REQUIRE(reader.open(nested(max_depth)));
    BOOST_CHECK_EQUAL(reader.size(), 1U);
    const Error error = error_of(nested(max_depth + 1));
    BOOST_CHECK(error.code == Code::too_deep);
    BOOST_CHECK_EQUAL(error.offset, max_depth);
    BOOST_CHECK(error_of(string(1'000'000, '[')).code == Code::too_deep);
}

BOOST_AUTO_TEST_CASE(fields_by_kind) {
    check_row(R"({"a":"x","b":1})", {"text x as \"x\"", "literal 1"}, {});
    check_row(R"({"b":null})", {"<absent>", "NULL"}, {});
    check_row(R"({})", {"<absent>", "<absent>"}, {});
    check_row(R"({ "b" : true , "a" : false })", {"literal false", "literal true"}, {});
    check_row(R"({"a":-1.50e+3,"b":12345678901234567890.10})",
              {"literal -1.50e+3", "literal 12345678901234567890.10"}, {});
    check_row(R"({"a":[1, {"x":"]"} ],"b":{"a":"}\""}})", {R"(json [1, {"x":"]"} ])", R"(json {"a":"}\""})"},
              {});
    check_row(R"({"a":"","b":"\\"})", {"text  as \"\"", R"(text \ as "\\")"}, {});
    check_row(R"({"\u0061":1,"\u0062":"n\ud83d\udea2\u00e9\u20ac\u0001\"\/\b\f\n\r\t"})",
              {"literal 1",
               "text n\xF0\x9F\x9A\xA2\xC3\xA9\xE2\x82\xAC\x01\"/\b\f\n\r\t as "
               R"("n\ud83d\udea2\u00e9\u20ac\u0001\"\/\b\f\n\r\t")"},
              {});
}

BOOST_AUTO_TEST_CASE(faults_by_row) {
    const Strings absent = {"<absent>", "<absent>"};
    check_row("1", absent, {"not_an_object@-1 1"});
    check_row("[{}]", absent, {"not_an_object@-1 [{}]"});
    check_row("\"x\"", absent, {"not_an_object@-1 \"x\""});
    check_row("null", absent, {"not_an_object@-1 null"});
    check_row(R"({"c":1,"A":{"a":1},"\u0063":2,"b":3})", {"<absent>", "literal 3"},
              {"unknown_key@-1 c", "unknown_key@-1 A", "unknown_key@-1 c"});
    check_row(R"({"c":[{"a":1}],"b":3,"\ud800":1})", {"<absent>", "literal 3"}, {}, Unknown::ignore);
    check_row(R"({"a\u0000":1,"\udc00":2})", absent, {"unknown_key@-1 a\\u0000", "unknown_key@-1 \\udc00"});
    check_row(R"({"a":1,"\u0061":"x","a":null})", {"NULL", "<absent>"},
              {"duplicate_key@0 a", "duplicate_key@0 a"});
    check_row(R"({"a":1,"b":2,"a":"\u0000"})", {"<absent>", "literal 2"},
              {"duplicate_key@0 a", "nul_character@0 \\u0000"});
    check_row(R"({"b":"x\u0000","a":1})", {"literal 1", "<absent>"}, {"nul_character@1 x\\u0000"});
    for (const string bad :
         {R"(\ud800)", R"(\udc00)", R"(\ud800\ud800)", R"(\ud800\n)", R"(\ud800x)", R"(\ud800\u0041)"})
        check_row("{\"a\":\"" + bad + "\"}", absent, {"invalid_encoding@0 " + bad});
    check_row(
        R"({"z":0,"a":"\u0000","b":"\ud800","b":1})", {"<absent>", "literal 1"},
        {"unknown_key@-1 z", "nul_character@0 \\u0000", "invalid_encoding@1 \\ud800", "duplicate_key@1 b"});
}

BOOST_AUTO_TEST_CASE(rows_come_in_order_and_again) {
    RowReader reader({"a"}, Unknown::reject);
    BOOST_REQUIRE(reader.open("[ {\"a\":\"\\n1\"},2 ,\n{\"a\":\"\\n3\"}]"));
    BOOST_CHECK_EQUAL(reader.size(), 3U);
    for (int pass = 0; pass < 2; ++pass) {
        Batch batch;
        batch.clear(1);
        BOOST_CHECK_EQUAL(reader.next(batch, 0), 0U);
        BOOST_CHECK_EQUAL(reader.next(batch, 2), 2U);
        BOOST_CHECK_EQUAL(reader.next(batch, 2), 1U);
        BOOST_CHECK_EQUAL(reader.next(batch, 2), 0U);
        BOOST_REQUIRE_EQUAL(batch.records.size(), 3U);
        BOOST_REQUIRE_EQUAL(batch.fields.size(), 3U);
        const std::vector<uint64_t> offsets = {2, 14, 18};
        for (size_t i = 0; i < 3; ++i) {
            BOOST_CHECK_EQUAL(batch.records[i].number, i + 1);
            BOOST_CHECK_EQUAL(batch.records[i].offset, offsets[i]);
            BOOST_CHECK_EQUAL(batch.records[i].faults, i == 1 ? 1U : 0U);
        }
        BOOST_CHECK_EQUAL(batch.fields[0].text, "\n1");
        BOOST_CHECK_EQUAL(batch.fields[2].text, "\n3");
        reader.rewind();
    }
    BOOST_REQUIRE(reader.open("[]"));
    BOOST_CHECK_EQUAL(reader.size(), 0U);
    BOOST_CHECK(!reader.open("["));
    Batch batch;
    batch.clear(1);
    BOOST_CHECK_EQUAL(reader.next(batch, 2), 0U);
}

// Random strings, written by append_json_string, come back unchanged as keys and as values.
BOOST_AUTO_TEST_CASE(what_is_written_is_read_again) {
    std::mt19937 random(11);
    const Strings alphabet = {
        "a", "\"", "\\", "/", "\n", "\x01", "\x1F", "\x7F", "\xC3\xA9", "\xF0\x9F\x9A\xA2", "]", "}"};
    for (int round = 0; round < 300; ++round) {
        string key = "k";
        string value;
        for (size_t n = random() % 20; n > 0; --n) key += alphabet[random() % alphabet.size()];
        for (size_t n = random() % 20; n > 0; --n) value += alphabet[random() % alphabet.size()];
        string text = "[{";
        append_json_string(text, key);
        text += ':';
        append_json_string(text, value);
        text += "}]";
        RowReader reader({key}, Unknown::reject);
        BOOST_REQUIRE(reader.open(text));
        Batch batch;
        batch.clear(1);
        BOOST_REQUIRE_EQUAL(reader.next(batch, 1), 1U);
        BOOST_CHECK_EQUAL(batch.records[0].faults, 0U);
        BOOST_CHECK_EQUAL(batch.fields[0].text, value);
    }
}

BOOST_AUTO_TEST_CASE(object_members_are_cut_at_their_borders) {
    const string_view text = R"( { "a" : [1, {"b": "}"}] ,"c\"d":null, "a":"x,]" } )";
    const auto members = object_members(text);
    BOOST_REQUIRE(members);
    std::vector<std::pair<string_view, string_view>> found;
    for (const Member &member : *members)
        found.emplace_back(text.substr(member.key.offset, member.key.size),
                           text.substr(member.value.offset, member.value.size));
    const std::vector<std::pair<string_view, string_view>> expected{
        {R"("a")", R"([1, {"b": "}"}])"}, {R"("c\"d")", "null"}, {R"("a")", R"("x,]")"}};
    BOOST_TEST(bool(found == expected));
    BOOST_TEST(object_members("{}")->empty());
    BOOST_TEST(bool(object_members(" [1]").error().code == Code::not_an_object));
    BOOST_TEST(object_members(" [1]").error().offset == 1U);
    BOOST_TEST(bool(object_members(R"({"a":1)").error().code == Code::malformed_json));
    BOOST_TEST(bool(object_members("{\"a\":\"\xff\"}").error().code == Code::invalid_encoding));
}

BOOST_AUTO_TEST_SUITE_END()
