// Tests of json/ on test/json_cases.txt: what is accepted, what is refused, and at which byte. That the list
// is PostgreSQL's own verdict is what sql/json_grammar.sql proves.
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <string>
#include <vector>

#include "core/json/row_reader.hpp"
#include "core/text.hpp"

namespace {

using namespace ferry;
using namespace ferry::json;
using std::string;
using std::string_view;

struct Case {
    bool good;
    string text;
    size_t fault;  // of a text that is not good
};

constexpr string_view fault_mark = "\xC2\xA6";

string decoded(string_view written) {
    string text;
    for (size_t i = 0; i < written.size(); ++i) {
        if (written[i] == '%') {
            text.push_back(static_cast<char>(std::stoi(string(written.substr(i + 1, 2)), nullptr, 16)));
            i += 2;
        } else {
            text.push_back(written[i]);
        }
    }
    return text;
}

std::vector<Case> read_cases() {
    std::ifstream file(FERRY_SOURCE_DIR "/test/json_cases.txt");
    std::vector<Case> cases;
    for (string line; std::getline(file, line);) {
        if (line.empty() || line.front() == '#') continue;
        const string_view written = string_view(line).substr(2);
        const size_t mark = written.find(fault_mark);
        BOOST_REQUIRE_EQUAL(line.front() == 'y', mark == string_view::npos);
        string text = decoded(written.substr(0, mark));
        const size_t fault = text.size();
        if (mark != string_view::npos) text += decoded(written.substr(mark + fault_mark.size()));
        cases.push_back({line.front() == 'y', std::move(text), fault});
    }
    return cases;
}

// Whether both ways in find the text well formed. They must agree, and on the position of a fault too.
bool accepts(string_view text, Error &error) {
    const auto elements = array_elements(text);
    const auto members = object_members(text);
    const bool well_formed = elements || elements.error().code == Code::not_an_array;
    BOOST_CHECK_EQUAL(well_formed, members || members.error().code == Code::not_an_object);
    if (well_formed) return true;
    error = elements.error();
    BOOST_CHECK(error.code == members.error().code);
    BOOST_CHECK_EQUAL(error.offset, members.error().offset);
    BOOST_CHECK(error.code ==
                (utf8_valid_prefix(text) < text.size() ? Code::invalid_encoding : Code::malformed_json));
    return false;
}

// A value in an array and in an object is given back as it was written.
void check_cut(const string &text) {
    const size_t start = skip_blanks(text, 0);
    const string_view value = string_view(text).substr(start, value_end(text, start) - start);
    BOOST_CHECK_EQUAL(skip_blanks(text, start + value.size()), text.size());
    const string array = "[0 ," + text + ", {} ]";
    const auto elements = array_elements(array);
    BOOST_REQUIRE(elements);
    BOOST_REQUIRE_EQUAL(elements->size(), 3U);
    BOOST_CHECK_EQUAL(string_view(array).substr((*elements)[1].offset, (*elements)[1].size), value);
    const string object = "[{\"z\" :[ ], \"a\":" + text + "}]";
    RowReader reader({"a", "z"}, Unknown::reject);
    BOOST_REQUIRE(reader.open(object));
    Batch batch;
    batch.clear(2);
    BOOST_REQUIRE_EQUAL(reader.next(batch, 2), 1U);
    const Field &field = batch.fields[0];
    BOOST_CHECK_EQUAL(batch.fields[1].token, "[ ]");
    if (field.kind == Field::Kind::null)
        BOOST_CHECK_EQUAL(value, "null");
    else if (batch.faults.empty())
        BOOST_CHECK_EQUAL(field.token, value);
    else
        BOOST_CHECK_EQUAL(batch.faults[0].text, value.substr(1, value.size() - 2));
}

// Whether the text ends inside true, false or null, which goes wrong where it begins.
bool ends_in_word(string_view text, size_t fault) {
    const string_view rest = text.substr(fault);
    return !rest.empty() && (string_view("true").starts_with(rest) ||
                             string_view("false").starts_with(rest) || string_view("null").starts_with(rest));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_grammar)

BOOST_AUTO_TEST_CASE(every_case_is_judged_as_the_server_does) {
    size_t good = 0, bad = 0;
    for (const Case &c : read_cases()) BOOST_TEST_CONTEXT(c.text) {
            Error error;
            BOOST_CHECK_EQUAL(accepts(c.text, error), c.good);
            if (c.good)
                check_cut(c.text);
            else
                BOOST_CHECK_EQUAL(error.offset, c.fault);
            ++(c.good ? good : bad);
        }
    BOOST_CHECK_GT(good, 100U);
    BOOST_CHECK_GT(bad, 300U);
}

BOOST_AUTO_TEST_CASE(what_follows_a_fault_changes_nothing) {
    for (const Case &c : read_cases()) BOOST_TEST_CONTEXT(c.text) {
            Error error;
            if (c.good || c.fault == c.text.size() || accepts(c.text, error)) continue;
            if (error.code == Code::invalid_encoding) continue;  // looked for first, in the whole text
            for (const string_view more : {"]", "}", "\"", ",1]", "\n"}) {
                BOOST_CHECK(!accepts(c.text + string(more), error));
                BOOST_CHECK_EQUAL(error.offset, c.fault);
            }
        }
}

BOOST_AUTO_TEST_CASE(a_document_is_refused_wherever_it_is_cut_off) {
    const std::vector<Case> cases = read_cases();
    const string &document = cases.back().text;
    for (size_t size = 0; size < document.size(); ++size) {
        const string_view text = string_view(document).substr(0, size);
        BOOST_TEST_CONTEXT(text) {
            Error error;
            BOOST_CHECK(!accepts(text, error));
            if (error.code == Code::invalid_encoding)
                BOOST_CHECK_EQUAL(error.offset, utf8_valid_prefix(text));
            else if (!ends_in_word(text, error.offset))
                BOOST_CHECK_EQUAL(error.offset, size);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
