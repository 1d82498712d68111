// Tests of csv/salvage.hpp and of the splitter's salvage and encodings: tables of broken records with what is
// saved of them, and properties on random bytes and windows, from fixed seeds.
#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/csv/splitter.hpp"
#include "core/text.hpp"

namespace {

using namespace ferry;
using namespace ferry::csv;
using std::string;
using std::string_view;
using Strings = std::vector<string>;

struct Setup {
    Dialect dialect{};
    std::vector<int> mapping{0, 1, 2};
    size_t width = 3;
    size_t max_record = Splitter::default_max_record;
    Encoding encoding = Encoding::utf8;
    bool salvage = true;
};

struct Row {
    uint64_t number, line, offset;
    string raw;
    Strings fields, faults, repairs;
    bool operator==(const Row &) const = default;
};

string shown(const Field &field) {
    if (field.kind == Field::Kind::absent) return "<absent>";
    return field.kind == Field::Kind::null ? "NULL" : "[" + string(field.text) + "]";
}

void keep(const Batch &batch, std::vector<Row> &rows) {
    size_t repair = 0;
    for (size_t r = 0; r < batch.records.size(); ++r) {
        const Record &record = batch.records[r];
        Row row{record.number, record.line, record.offset, string(record.raw), {}, {}, {}};
        for (const Field &field : batch.row(r)) row.fields.push_back(shown(field));
        for (uint32_t f = 0; f < record.faults; ++f) {
            const Fault &fault = batch.faults[record.first_fault + f];
            row.faults.push_back(string(code_info(fault.code).name) + "@" + std::to_string(fault.column));
        }
        for (; repair < batch.repairs.size() && batch.repairs[repair].record == r; ++repair)
            row.repairs.emplace_back(batch.repairs[repair].text);
        rows.push_back(std::move(row));
    }
    BOOST_REQUIRE_EQUAL(repair, batch.repairs.size());
}

std::vector<Row> read(string_view text, const Setup &setup, size_t step, size_t limit = 3) {
    Splitter splitter(setup.dialect, setup.mapping, setup.width, setup.max_record);
    splitter.set_encoding(setup.encoding);
    splitter.set_salvage(setup.salvage);
    std::vector<Row> rows;
    Batch batch;
    size_t at = 0;
    size_t size = 0;
    for (bool last = false; !last;) {
        size = std::min(size + step, text.size() - at);
        const string window(text.substr(at, size));
        last = at + size == text.size();
        splitter.feed(window, last);
        for (;;) {
            batch.clear(setup.width);
            if (splitter.next(batch, limit) == 0) break;
            keep(batch, rows);
        }
        at += splitter.consumed();
        size -= splitter.consumed();
    }
    BOOST_CHECK_EQUAL(at, text.size());
    return rows;
}

std::vector<Row> read(string_view text, const Setup &setup = {}) {
    return read(text, setup, text.size() + 1);
}

void check_strings(const Strings &got, const Strings &expected) {
    BOOST_CHECK_EQUAL_COLLECTIONS(got.begin(), got.end(), expected.begin(), expected.end());
}

const string pad1 = "padded 1 missing field with NULL";
const string pad2 = "padded 2 missing fields with NULL";
const string line_close = "closed an open quote at the line's end";
const string field_close = "closed an open quote at its field's end";
const string stray1 = "took 1 stray quote for an ordinary character";
const string stray2 = "took 2 stray quotes for ordinary characters";

}  // namespace

BOOST_AUTO_TEST_SUITE(csv_salvage)

BOOST_AUTO_TEST_CASE(records_are_mended) {
    struct Case {
        string_view text;
        Strings fields, repairs;
    };
    const std::vector<Case> cases = {
        {"1,a,x\n", {"[1]", "[a]", "[x]"}, {}},
        {"1,a\n", {"[1]", "[a]", "NULL"}, {pad1}},
        {"1\n", {"[1]", "NULL", "NULL"}, {pad2}},
        {"1,,\"\"\n", {"[1]", "NULL", "[]"}, {}},
        {"1,\n", {"[1]", "NULL", "NULL"}, {pad1}},
        {"1,a,x,y\n", {"[1]", "[a]", "[x]"}, {"cut 1 extra field: \"y\""}},
        {"1,a,x,,\n", {"[1]", "[a]", "[x]"}, {"cut 2 extra fields: \",\""}},
        {"1,a,\"x\"\"\",\"y,z\"\n", {"[1]", "[a]", "[x\"]"}, {"cut 1 extra field: \"\"y,z\"\""}},
        {"1,a,\"x\n", {"[1]", "[a]", "[x]"}, {line_close}},
        {"1,a,\"x,y\n", {"[1]", "[a]", "[x,y]"}, {line_close}},
        {"1,\"a,x\n", {"[1]", "[a]", "[x]"}, {field_close}},
        {"1,\"a\n", {"[1]", "[a]", "NULL"}, {line_close, pad1}},
        {"1,5\" pipe,x\n", {"[1]", "[5\" pipe]", "[x]"}, {stray1}},
        {"1,5\" pipe,6\" pipe\n", {"[1]", "[5\" pipe]", "[6\" pipe]"}, {stray2}},
        {"1,\"a \"q, w\" b\",x\n", {"[1]", "[a \"q, w\" b]", "[x]"}, {stray2}},
        {"1,\"a\"\"b\"\"\",\"c,\"d\"\n", {"[1]", "[a\"b\"]", "[c,\"d]"}, {stray1}},
        {"1,\"two\nlines\"\n", {"[1]", "[two\nlines]", "NULL"}, {pad1}},
        {"1,\"two\nlines\",x,y\n", {"[1]", "[two\nlines]", "[x]"}, {"cut 1 extra field: \"y\""}},
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.text) {
            const std::vector<Row> rows = read(c.text);
            BOOST_REQUIRE_EQUAL(rows.size(), 1U);
            check_strings(rows[0].fields, c.fields);
            check_strings(rows[0].repairs, c.repairs);
            check_strings(rows[0].faults, {});
            BOOST_CHECK_EQUAL(rows[0].raw, c.text.substr(0, c.text.size() - 1));
        }
}

BOOST_AUTO_TEST_CASE(long_extra_fields_are_quoted_in_part) {
    const std::vector<Row> rows = read("1,a,x," + string(98, 'y') + "\xC3\xA9\xC3\xA9\n");
    check_strings(rows.at(0).repairs, {"cut 1 extra field: \"" + string(98, 'y') + "\xC3\xA9...\""});
}

BOOST_AUTO_TEST_CASE(one_stray_quote_costs_nobody_else) {
    // COPY's reading ties the first two lines together: "5 pipe,x\n2,6 pipe" is one field.
    const std::vector<Row> rows =
        read("1,5\" pipe,x,y\n2,6\" pipe,z\r\n3,\"a\nb\",w\n", {.mapping = {0, 1, 2, 3}, .width = 4});
    BOOST_REQUIRE_EQUAL(rows.size(), 3U);
    check_strings(rows[0].fields, {"[1]", "[5\" pipe]", "[x]", "[y]"});
    check_strings(rows[0].repairs, {stray1});
    check_strings(rows[1].fields, {"[2]", "[6\" pipe]", "[z]", "NULL"});
    check_strings(rows[1].repairs, {stray1, pad1});
    check_strings(rows[2].fields, {"[3]", "[a\nb]", "[w]", "NULL"});
    BOOST_CHECK_EQUAL(rows[1].line, 2U);
    BOOST_CHECK_EQUAL(rows[1].offset, 14U);
    BOOST_CHECK_EQUAL(rows[2].line, 3U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_saved_stays_a_fault) {
    struct Case {
        string text;
        Strings faults;
    };
    const std::vector<Case> cases = {
        {string("1,a\0b\n", 6), {"too_few_fields@-1", "nul_character@-1"}},
        {"1,a,x,\xFF\n", {"too_many_fields@-1", "invalid_encoding@-1"}},
        {"1,\"a\xFF\n", {"unterminated_quote@-1", "invalid_encoding@-1"}},
        {"1,a\xFF,x\n", {"invalid_encoding@1"}},
        {"1,\"a\n2,\"b\"c\",x,y,z\n", {"too_many_fields@-1"}},  // lines tied together
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.text) {
            const std::vector<Row> rows = read(c.text);
            BOOST_REQUIRE_EQUAL(rows.size(), 1U);
            check_strings(rows[0].faults, c.faults);
            check_strings(rows[0].repairs, {});
        }
}

BOOST_AUTO_TEST_CASE(null_strings_and_mappings_hold) {
    Setup setup{.mapping = {2, -1, 0, 1}, .width = 4};
    setup.dialect.null_string = "\\N";
    const Row row = read("\\N,x,\"\\N\n", setup).at(0);
    check_strings(row.fields, {"[\\N]", "NULL", "NULL", "<absent>"});
    check_strings(row.repairs, {line_close, pad1});
}

// Every line ties itself to the last one, and only its first line fits.
BOOST_AUTO_TEST_CASE(reading_again_takes_linear_time) {
    string text;
    for (int i = 0; i < 100'000; ++i) text += "1,\"\"\"a,b\n";
    text += "1,\"\"\"\",\"\",\"\n";
    BOOST_CHECK_GE(read(text).size(), 1U);
    text.clear();
    for (int i = 0; i < 50'000; ++i) text += "1,a\"b,c\n1,\"\"\"a\"b,c\n";
    BOOST_CHECK_GE(read(text).size(), 1U);
    text.clear();
    for (int i = 0; i < 100'000; ++i) text += "\"a,";
    BOOST_CHECK_GE(read(text).size(), 1U);
}

BOOST_AUTO_TEST_CASE(single_byte_encodings_are_converted) {
    Setup setup{.encoding = Encoding::windows1252, .salvage = false};
    const std::vector<Row> rows = read("1,\x80 \xE9,\"\xFC\"\"\"\nM\xFC,\x81,x\n\xE9\n", setup);
    BOOST_REQUIRE_EQUAL(rows.size(), 3U);
    check_strings(rows[0].fields, {"[1]", "[\xE2\x82\xAC \xC3\xA9]", "[\xC3\xBC\"]"});
    check_strings(rows[0].faults, {});
    BOOST_CHECK_EQUAL(rows[0].raw, "1,\x80 \xE9,\"\xFC\"\"\"");
    check_strings(rows[1].fields, {"[M\xC3\xBC]", "<absent>", "[x]"});
    check_strings(rows[1].faults, {"untranslatable@1"});
    check_strings(rows[2].faults, {"too_few_fields@-1"});
    setup.encoding = Encoding::latin1;
    check_strings(read("\x81,a,b\n", setup).at(0).fields, {"[\xC2\x81]", "[a]", "[b]"});
    check_strings(read(string_view("\xE9,a\0,b\n", 7), setup).at(0).faults, {"nul_character@1"});
    setup.salvage = true;
    const Row mended = read("\xE9,\"\xFC,b\n", setup).at(0);
    check_strings(mended.fields, {"[\xC3\xA9]", "[\xC3\xBC]", "[b]"});
    check_strings(mended.repairs, {field_close});
    check_strings(read("1,2,3,\xE4\n", setup).at(0).repairs, {"cut 1 extra field: \"\xC3\xA4\""});
}

BOOST_AUTO_TEST_CASE(utf16_faults_cost_one_record) {
    class Once : public ByteSource {
      public:
        explicit Once(string bytes) : bytes_(std::move(bytes)) {}
        size_t read(char *to, size_t size) override {
            const size_t n = bytes_.copy(to, size);
            bytes_.erase(0, n);
            return n;
        }

      private:
        string bytes_;
    };
    string bytes;
    BOOST_REQUIRE(append_encoded(Encoding::utf16le,
                                 "\xEF\xBB\xBF"
                                 "1,\xC3\xA9,x\n2,",
                                 bytes));
    bytes += string("\x3D\xD8", 2);  // half a pair
    BOOST_REQUIRE(append_encoded(Encoding::utf16le, ",x\n3,\xF0\x9F\x9A\xA2,x\n", bytes));
    Once input(bytes);
    Utf16Source source(input, Encoding::utf16le);
    string text(1000, '\0');
    text.resize(source.read(text.data(), text.size()));
    const std::vector<Row> rows = read(text);
    BOOST_REQUIRE_EQUAL(rows.size(), 3U);
    check_strings(rows[0].fields, {"[1]", "[\xC3\xA9]", "[x]"});
    check_strings(rows[1].faults, {"invalid_encoding@1"});
    check_strings(rows[2].fields, {"[3]", "[\xF0\x9F\x9A\xA2]", "[x]"});
    BOOST_CHECK_EQUAL(utf16_size(string_view(text).substr(0, rows[2].offset)), 2 + 2 * 6 + 2 * 6);
    BOOST_CHECK_EQUAL(utf16_bytes(rows[1].raw, Encoding::utf16le), bytes.substr(14, 10));
}

BOOST_AUTO_TEST_CASE(any_bytes_in_any_windows_are_saved_alike) {
    const Strings alphabet = {"a",  "1", "\"",       "\"",   ",",
                              ",",  ",", "\n",       "\r\n", "\r",
                              "\\", " ", "\xC3\xA9", "\xC3", string(1, '\0')};
    std::mt19937 random(815);
    const auto below = [&random](size_t limit) { return random() % limit; };
    for (int round = 0; round < 4000; ++round) {
        Setup setup;
        if (below(2) == 0) setup.dialect.escape = '\\';
        setup.mapping = std::vector<std::vector<int>>{{0, 1, 2}, {0}, {1, -1}, {1, 0}}[below(4)];
        if (below(3) == 0) setup.max_record = 1 + below(40);
        if (below(4) == 0) setup.encoding = Encoding::windows1252;
        string text;
        for (size_t n = below(below(4) == 0 ? 300 : 40); n > 0; --n) text += alphabet[below(alphabet.size())];
        string context = "max_record " + std::to_string(setup.max_record) + " of ";
        append_json_string(context, text);
        const std::vector<Row> rows = read(text, setup);
        BOOST_TEST_CONTEXT(context) {
            BOOST_REQUIRE(read(text, setup, 1 + below(60), 1 + below(4)) == rows);
            uint64_t behind = 0;
            for (const Row &row : rows) {
                BOOST_REQUIRE(row.repairs.empty() || row.faults.empty());
                BOOST_REQUIRE_GE(row.offset, behind);
                BOOST_REQUIRE_EQUAL(text.substr(row.offset, row.raw.size()), row.raw);
                behind = row.offset + row.raw.size();
                if (!row.faults.empty()) continue;
                for (const string &field : row.fields)
                    BOOST_REQUIRE_EQUAL(utf8_valid_prefix(field), field.size());
            }
            setup.salvage = false;
            for (const Row &strict : read(text, setup)) {
                if (!strict.faults.empty()) break;  // up to there, nothing is different
                BOOST_REQUIRE(std::ranges::find(rows, strict) != rows.end());
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
