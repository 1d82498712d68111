// Tests of csv/: tables of inputs with what must come of them, and properties on random rows, dialects, bytes
// and window sizes, all from fixed seeds.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/csv/splitter.hpp"
#include "core/csv/write.hpp"
#include "core/text.hpp"

namespace {

using namespace ferry;
using namespace ferry::csv;
using std::string;
using std::string_view;
using Strings = std::vector<string>;

struct Setup {
    Dialect dialect{};
    std::vector<int> mapping{0, 1};
    size_t width = 2;
    size_t max_record = Splitter::default_max_record;
};

// A field as a test writes it: <absent>, NULL or the text in brackets.
string shown(const Field &field) {
    switch (field.kind) {
        case Field::Kind::absent:
            return "<absent>";
        case Field::Kind::null:
            return "NULL";
        case Field::Kind::text:
            return "[" + string(field.text) + "]";
        default:
            return "<unexpected kind>";
    }
}

string shown(const Fault &fault) {
    return string(code_info(fault.code).name) + "@" + std::to_string(fault.column) + " " + string(fault.text);
}

// A record, copied so that it outlives its window.
struct Row {
    uint64_t number, line, offset;
    string raw;
    Strings fields, faults;
    bool operator==(const Row &) const = default;
};

struct Reading {
    std::vector<Row> rows;
    uint64_t blank_lines = 0;
    Position end;
};

void keep(const Batch &batch, std::vector<Row> &rows) {
    for (size_t r = 0; r < batch.records.size(); ++r) {
        const Record &record = batch.records[r];
        Row row{record.number, record.line, record.offset, string(record.raw), {}, {}};
        for (const Field &field : batch.row(r)) row.fields.push_back(shown(field));
        for (uint32_t f = 0; f < record.faults; ++f)
            row.faults.push_back(shown(batch.faults[record.first_fault + f]));
        rows.push_back(std::move(row));
    }
}

// Reads all of the text the way a load does: the window grows by `step` bytes when no record is complete in
// it.
Reading read(string_view text, const Setup &setup, size_t step, size_t limit = 3) {
    Splitter splitter(setup.dialect, setup.mapping, setup.width, setup.max_record);
    Reading reading;
    Batch batch;
    size_t at = 0;
    size_t size = 0;
    for (;;) {
        size = std::min(size + step, text.size() - at);
        const string window(text.substr(at, size));  // a copy, so that sanitizers see reads beyond it
        const bool last = at + size == text.size();
        splitter.feed(window, last);
        for (;;) {
            batch.clear(setup.width);
            const size_t rows = splitter.next(batch, limit);
            BOOST_REQUIRE_EQUAL(rows, batch.records.size());
            BOOST_REQUIRE_EQUAL(rows * setup.width, batch.fields.size());
            if (rows == 0) break;
            keep(batch, reading.rows);
        }
        at += splitter.consumed();
        size -= splitter.consumed();
        if (last) break;
    }
    BOOST_CHECK_EQUAL(at, text.size());
    reading.blank_lines = splitter.blank_lines();
    reading.end = splitter.position();
    return reading;
}

Reading read(string_view text, const Setup &setup = {}) {
    return read(text, setup, text.size() + 1);
}

void check_strings(const Strings &got, const Strings &expected) {
    BOOST_CHECK_EQUAL_COLLECTIONS(got.begin(), got.end(), expected.begin(), expected.end());
}

// The one row of a text that has one.
Row only(string_view text, const Setup &setup = {}) {
    const Reading reading = read(text, setup);
    BOOST_REQUIRE_EQUAL(reading.rows.size(), 1U);
    return reading.rows.front();
}

// The rules once more, byte by byte and without regard to speed: what the splitter is measured against.
class Model {
  public:
    Model(string_view text, Setup setup) : text_(text), setup_(std::move(setup)) {}

    Reading run() {
        if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
        while (at_ < text_.size()) record();
        return std::move(reading_);
    }

  private:
    void record() {
        const size_t start = at_;
        const bool closed = walk(start);
        Row row{0, line_, start, {}, Strings(setup_.width, "<absent>"), {}};
        const string_view reach = text_.substr(start, setup_.max_record + 1);
        const size_t first_end = std::min(reach.find_first_of("\r\n"), reach.size());
        const bool too_long = stop_ - start > setup_.max_record;
        bool refused = true;  // so that bad bytes are told of the whole record
        if (!closed && (first_end < reach.size() || reach.size() <= setup_.max_record)) {
            stop_ = start + first_end;
            row.faults.push_back("unterminated_quote@-1 " + string(text_.substr(start, first_end)));
        } else if (too_long) {
            row.raw = reach.substr(0, setup_.max_record);
            row.faults.push_back("record_too_long@-1 " + row.raw);
            refused = false;
            stop_ = std::min(text_.find_first_of("\r\n", start + setup_.max_record), text_.size());
        } else if (start == stop_ && setup_.mapping.size() > 1) {
            ++reading_.blank_lines;
            move_on();
            return;
        } else if (fields_.size() != setup_.mapping.size()) {
            const bool few = fields_.size() < setup_.mapping.size();
            row.faults.push_back((few ? "too_few_fields@-1 " : "too_many_fields@-1 ") +
                                 string(text_.substr(start, stop_ - start)));
        } else {
            refused = false;
            put(row);
        }
        if (!too_long || !row.raw.size()) row.raw = text_.substr(start, stop_ - start);
        if (refused) judge(row.raw, -1, row.faults);
        row.number = reading_.rows.size() + 1;
        reading_.rows.push_back(row);
        move_on();
    }

    // Splits at start as if nothing could be wrong. False when a quote is open at the end or at the limit.
    bool walk(size_t start) {
        fields_.assign(1, {});
        bool quoted = false;
        for (stop_ = start; stop_ < text_.size(); ++stop_) {
            if (quoted && stop_ - start > setup_.max_record) return false;
            const char c = text_[stop_];
            const char next = stop_ + 1 < text_.size() ? text_[stop_ + 1] : '\0';
            const bool has_next = stop_ + 1 < text_.size();
            const Dialect &d = setup_.dialect;
            if (!quoted && (c == '\n' || c == '\r')) break;
            if (!quoted && c == d.delimiter) {
                fields_.emplace_back();
                continue;
            }
            fields_.back().raw += c;
            // A doubled quote that straddles the limit looks closed there.
            const bool whole = d.escape != d.quote || stop_ - start < setup_.max_record;
            if (quoted && whole && c == d.escape && has_next && (next == d.escape || next == d.quote)) {
                fields_.back().raw += next;
                fields_.back().text += next;
                ++stop_;
            } else if (c == d.quote) {
                if (!quoted && stop_ - start > setup_.max_record) break;  // too long already
                quoted = !quoted;
                fields_.back().quoted = true;
            } else {
                fields_.back().text += c;
            }
        }
        return !quoted;
    }

    void put(Row &row) {
        for (size_t i = 0; i < fields_.size(); ++i) {
            const Piece &field = fields_[i];
            const int column = setup_.mapping[i];
            const bool bad = judge(field.raw, column, row.faults);
            if (bad || column < 0) continue;
            const bool null = !field.quoted && field.text == setup_.dialect.null_string;
            row.fields[static_cast<size_t>(column)] = null ? "NULL" : "[" + field.text + "]";
        }
    }

    static bool judge(const string &raw, int column, Strings &faults) {
        const bool nul = raw.find('\0') != string::npos;
        if (!nul && utf8_valid_prefix(raw) == raw.size()) return false;
        faults.push_back((nul ? "nul_character@" : "invalid_encoding@") + std::to_string(column) + " " + raw);
        return true;
    }

    void move_on() {
        const size_t start = at_;
        at_ = stop_;
        if (at_ < text_.size()) at_ += text_.substr(at_, 2) == "\r\n" ? 2 : 1;
        for (size_t i = start; i < at_; ++i)
            if (text_[i] == '\r' || (text_[i] == '\n' && (i == start || text_[i - 1] != '\r'))) ++line_;
    }

    struct Piece {
        string raw, text;
        bool quoted = false;
    };

    string_view text_;
    Setup setup_;
    size_t at_ = 0, stop_ = 0;
    uint64_t line_ = 1;
    std::vector<Piece> fields_;
    Reading reading_;
};

void check_same(const Reading &got, const Reading &expected, const string &context) {
    BOOST_TEST_CONTEXT(context) {
        BOOST_REQUIRE_EQUAL(got.rows.size(), expected.rows.size());
        BOOST_CHECK_EQUAL(got.blank_lines, expected.blank_lines);
        for (size_t r = 0; r < got.rows.size(); ++r) {
            const Row &a = got.rows[r];
            const Row &b = expected.rows[r];
            if (a == b) continue;
            BOOST_TEST_CONTEXT("record " << r + 1) {
                BOOST_CHECK_EQUAL(a.number, b.number);
                BOOST_CHECK_EQUAL(a.line, b.line);
                BOOST_CHECK_EQUAL(a.offset, b.offset);
                BOOST_CHECK_EQUAL(a.raw, b.raw);
                check_strings(a.fields, b.fields);
                check_strings(a.faults, b.faults);
            }
            BOOST_FAIL("records differ");
        }
    }
}

using Random = std::mt19937;

size_t below(Random &random, size_t limit) {
    return random() % limit;
}

Dialect random_dialect(Random &random) {
    static const string delimiters = ",;|\t";
    static const string quotes = "\"'";
    Dialect dialect;
    dialect.delimiter = delimiters[below(random, delimiters.size())];
    dialect.quote = quotes[below(random, quotes.size())];
    dialect.escape = below(random, 2) == 0 ? dialect.quote : '\\';
    if (below(random, 2) == 0) dialect.null_string = "\\N";
    BOOST_REQUIRE(check(dialect));
    return dialect;
}

string random_text(Random &random, const Strings &alphabet, size_t longest) {
    string text;
    for (size_t n = below(random, longest + 1); n > 0; --n) text += alphabet[below(random, alphabet.size())];
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(csv)

BOOST_AUTO_TEST_CASE(fields_are_what_copy_reads) {
    struct Case {
        string_view text;
        Strings fields;
    };
    const std::vector<Case> cases = {
        {"1,a\n", {"[1]", "[a]"}},
        {"1,a", {"[1]", "[a]"}},
        {"1,\n", {"[1]", "NULL"}},
        {",\n", {"NULL", "NULL"}},
        {"1,\"\"\n", {"[1]", "[]"}},
        {"\"1\",\"a\"\n", {"[1]", "[a]"}},
        {"1,\"a,b\"\n", {"[1]", "[a,b]"}},
        {"1,\"a\"\"b\"\n", {"[1]", "[a\"b]"}},
        {"1,\"\"\"\"\n", {"[1]", "[\"]"}},
        {"1,\"a\nb\"\n", {"[1]", "[a\nb]"}},
        {"1,\"a\r\nb\"\n", {"[1]", "[a\r\nb]"}},
        {"1,a\"b,c\"d\n", {"[1]", "[ab,cd]"}},
        {"1,\"a\"b\n", {"[1]", "[ab]"}},
        {"1,\"a\"\"\"b\"c\"\n", {"[1]", "[a\"bc]"}},
        {"1, \"a\" \n", {"[1]", "[ a ]"}},
        {" 1 , a \n", {"[ 1 ]", "[ a ]"}},
        {"\\.,\\N\n", {"[\\.]", "[\\N]"}},
        {"1,\xC3\xA9\xE2\x82\xAC\n", {"[1]", "[\xC3\xA9\xE2\x82\xAC]"}},
        {"\xEF\xBB\xBF\"1\",a\n", {"[1]", "[a]"}},
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.text) {
            const Row row = only(c.text);
            check_strings(row.fields, c.fields);
            check_strings(row.faults, {});
        }
}

BOOST_AUTO_TEST_CASE(null_string_counts_only_without_quotes) {
    Setup setup;
    setup.dialect.null_string = "NULL";
    check_strings(only("NULL,\"NULL\"\n", setup).fields, {"NULL", "[NULL]"});
    check_strings(only(",null\n", setup).fields, {"[]", "[null]"});
    check_strings(only("N\"UL\"L,NULLL\n", setup).fields, {"[NULL]", "[NULLL]"});
}

BOOST_AUTO_TEST_CASE(escape_other_than_quote) {
    Setup setup;
    setup.dialect.escape = '\\';
    check_strings(only("\"a\\\"b\",\"c\\\\\"\n", setup).fields, {"[a\"b]", "[c\\]"});
    check_strings(only("\"a\\b\",\\n\n", setup).fields, {"[a\\b]", "[\\n]"});
    check_strings(only("\"a\"\"b\",\\\"c\"\n", setup).fields, {"[ab]", "[\\c]"});
}

BOOST_AUTO_TEST_CASE(every_line_end_ends_a_line) {
    const Reading reading = read("1,a\n2,b\r\n3,c\r4,\"d\r\nd\"\r5,\"e\re\n\"\n6,f");
    const std::vector<uint64_t> lines = {1, 2, 3, 4, 6, 9};
    const std::vector<uint64_t> offsets = {0, 4, 9, 13, 22, 31};
    BOOST_REQUIRE_EQUAL(reading.rows.size(), lines.size());
    for (size_t i = 0; i < lines.size(); ++i) {
        BOOST_CHECK_EQUAL(reading.rows[i].number, i + 1);
        BOOST_CHECK_EQUAL(reading.rows[i].line, lines[i]);
        BOOST_CHECK_EQUAL(reading.rows[i].offset, offsets[i]);
    }
    BOOST_CHECK_EQUAL(reading.rows[3].raw, "4,\"d\r\nd\"");
}

BOOST_AUTO_TEST_CASE(blank_lines_are_skipped_and_counted) {
    const Reading reading = read("\n\r\n1,a\n\n\n2,b\r\r");
    BOOST_REQUIRE_EQUAL(reading.rows.size(), 2U);
    BOOST_CHECK_EQUAL(reading.rows[0].line, 3U);
    BOOST_CHECK_EQUAL(reading.rows[1].line, 6U);
    BOOST_CHECK_EQUAL(reading.rows[1].number, 2U);
    BOOST_CHECK_EQUAL(reading.blank_lines, 5U);
    BOOST_CHECK_EQUAL(reading.end.record, 2U);
    BOOST_CHECK_EQUAL(reading.end.line, 8U);
    BOOST_CHECK_EQUAL(reading.end.blank_lines, 5U);
}

BOOST_AUTO_TEST_CASE(blank_line_of_one_column_is_a_record) {
    Setup setup{.mapping = {0}, .width = 1};
    const Reading reading = read("a\n\nb\n", setup);
    BOOST_REQUIRE_EQUAL(reading.rows.size(), 3U);
    check_strings(reading.rows[1].fields, {"NULL"});
    BOOST_CHECK_EQUAL(reading.blank_lines, 0U);
    setup.dialect.null_string = "\\N";
    check_strings(read("\n", setup).rows.at(0).fields, {"[]"});
}

// As in COPY, which takes one row of no columns for each empty line.
BOOST_AUTO_TEST_CASE(blank_line_of_no_column_is_a_record) {
    Setup setup;
    setup.mapping = {};
    setup.width = 0;
    const Reading reading = read("\n\r\nx\n\n", setup, 2);
    BOOST_REQUIRE_EQUAL(reading.rows.size(), 4U);
    for (size_t r = 0; r < 4; ++r)
        check_strings(reading.rows[r].faults, r == 2 ? Strings{"too_many_fields@-1 x"} : Strings{});
    BOOST_CHECK_EQUAL(reading.blank_lines, 0U);
}

BOOST_AUTO_TEST_CASE(no_records_in_nothing) {
    for (const string_view text : {"", "\n", "\r\n", "\xEF\xBB\xBF", "\xEF\xBB\xBF\n"})
        BOOST_CHECK_EQUAL(read(text).rows.size(), 0U);
}

BOOST_AUTO_TEST_CASE(byte_order_mark_only_at_the_start) {
    const Reading reading = read(
        "\xEF\xBB\xBF"
        "1,a\n\xEF\xBB\xBF"
        "2,b\n");
    BOOST_REQUIRE_EQUAL(reading.rows.size(), 2U);
    BOOST_CHECK_EQUAL(reading.rows[0].offset, 3U);
    BOOST_CHECK_EQUAL(reading.rows[0].line, 1U);
    BOOST_CHECK_EQUAL(reading.rows[0].raw, "1,a");
    BOOST_CHECK_EQUAL(reading.rows[1].fields[0],
                      "[\xEF\xBB\xBF"
                      "2]");
    BOOST_CHECK_EQUAL(read("\xEF\xBB", {}, 1).rows.size(), 1U);
}

BOOST_AUTO_TEST_CASE(mapping_moves_and_ignores_fields) {
    const Setup setup{.mapping = {2, -1, 0}, .width = 4};
    const Row row = only("a,b,\"c\"\"\"\n", setup);
    check_strings(row.fields, {"[c\"]", "<absent>", "[a]", "<absent>"});
    check_strings(row.faults, {});
}

BOOST_AUTO_TEST_CASE(faults_of_structure) {
    struct Case {
        string_view text;
        Strings faults;
        string_view raw;
    };
    const std::vector<Case> cases = {
        {"1\n", {"too_few_fields@-1 1"}, "1"},
        {"\"\"\n", {"too_few_fields@-1 \"\""}, "\"\""},
        {"1,a,\n", {"too_many_fields@-1 1,a,"}, "1,a,"},
        {"1,a,\"x\ny\",4\r\n", {"too_many_fields@-1 1,a,\"x\ny\",4"}, "1,a,\"x\ny\",4"},
        {"1,\"a", {"unterminated_quote@-1 1,\"a"}, "1,\"a"},
        {"1,\"a\n", {"unterminated_quote@-1 1,\"a"}, "1,\"a"},
        {"1,\"a\r\n", {"unterminated_quote@-1 1,\"a"}, "1,\"a"},
        {"1,\"a\"\"\r", {"unterminated_quote@-1 1,\"a\"\""}, "1,\"a\"\""},
        {"\xFF\n", {"too_few_fields@-1 \xFF", "invalid_encoding@-1 \xFF"}, "\xFF"},
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.text) {
            const Row row = only(c.text);
            check_strings(row.faults, c.faults);
            check_strings(row.fields, {"<absent>", "<absent>"});
            BOOST_CHECK_EQUAL(row.raw, c.raw);
            BOOST_CHECK_EQUAL(row.number, 1U);
            BOOST_CHECK_EQUAL(row.line, 1U);
            BOOST_CHECK_EQUAL(row.offset, 0U);
        }
}

BOOST_AUTO_TEST_CASE(faults_of_bytes_name_the_column) {
    const Setup setup{.mapping = {1, -1, 0}, .width = 2};
    const Row nul = only(string_view("a\0b,c,d\n", 8), setup);
    check_strings(nul.faults, {string("nul_character@1 a\0b", 19)});
    check_strings(nul.fields, {"[d]", "<absent>"});
    const Row both = only("a,\xC3,\"x\"\"\xED\xA0\x80\"\n", setup);
    check_strings(both.faults, {"invalid_encoding@-1 \xC3", "invalid_encoding@0 \"x\"\"\xED\xA0\x80\""});
    check_strings(both.fields, {"<absent>", "[a]"});
    const Row split = only("\"\xC3\"\"\xA9\",b,c\n", setup);  // no character once unquoted either
    check_strings(split.faults, {"invalid_encoding@1 \"\xC3\"\"\xA9\""});
}

BOOST_AUTO_TEST_CASE(one_stray_quote_costs_one_line) {
    string text = "1,a\n2,\"b\r\n";
    for (int i = 3; i < 1000; ++i) text += std::to_string(i) + ",c\r\n";
    const Reading reading = read(text, {}, 100);
    BOOST_REQUIRE_EQUAL(reading.rows.size(), 999U);
    check_strings(reading.rows[1].faults, {"unterminated_quote@-1 2,\"b"});
    for (size_t i = 2; i < 999; ++i) {
        BOOST_REQUIRE(reading.rows[i].faults.empty());
        BOOST_REQUIRE_EQUAL(reading.rows[i].line, i + 1);
    }
}

BOOST_AUTO_TEST_CASE(records_beyond_the_limit) {
    const Setup setup{.max_record = 8};
    struct Case {
        string_view text;
        std::vector<string_view> raws;
        Strings first_fault;
        uint64_t second_line;
    };
    const std::vector<Case> cases = {
        {"1,345678\n2,b\n", {"1,345678", "2,b"}, {}, 2},
        {"1,3456789\n2,b\n", {"1,345678", "2,b"}, {"record_too_long@-1 1,345678"}, 2},
        {"1,3456789abcdefghij\r\n2,b\n", {"1,345678", "2,b"}, {"record_too_long@-1 1,345678"}, 2},
        {"1,\"45678\"\n2,b\n", {"1,\"45678", "2,b"}, {"record_too_long@-1 1,\"45678"}, 2},
        {"1,\"a\nbcdefg\nh\n2,b\n", {"1,\"a", "bcdefg", "h", "2,b"}, {"unterminated_quote@-1 1,\"a"}, 2},
        {"1,\"a\n\"bcdefg\nh,i\n", {"1,\"a\n\"bc", "h,i"}, {"record_too_long@-1 1,\"a\n\"bc"}, 3},
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.text) {
            const Reading reading = read(c.text, setup);
            BOOST_REQUIRE_EQUAL(reading.rows.size(), c.raws.size());
            for (size_t i = 0; i < c.raws.size(); ++i) BOOST_CHECK_EQUAL(reading.rows[i].raw, c.raws[i]);
            check_strings(reading.rows[0].faults, c.first_fault);
            BOOST_CHECK_EQUAL(reading.rows[1].line, c.second_line);
            for (const size_t step : {1U, 2U, 3U, 5U})
                check_same(read(c.text, setup, step), reading, "steps");
        }
}

BOOST_AUTO_TEST_CASE(window_of_the_limit_and_two_always_suffices) {
    const Setup setup{.max_record = 8};
    for (const string_view text :
         {"1,345678\r\nx", "1,\"45678\r\nx", "123456789012", "\"\"\"\"\"\"\"\"\"\"\"\""}) {
        Splitter splitter(setup.dialect, setup.mapping, setup.width, setup.max_record);
        Batch batch;
        batch.clear(2);
        splitter.feed(text.substr(0, 10), false);
        BOOST_CHECK_EQUAL(splitter.next(batch, 1), 1U);
    }
}

// Every line opens a quote that is open at the end of the input, or of the limit, too.
BOOST_AUTO_TEST_CASE(hostile_quotes_take_linear_time) {
    constexpr size_t lines = 100'000;
    for (const string_view line : {"\"\\\"\n", "\\\"\\\"\n"})
        for (const size_t max_record : {Splitter::default_max_record, size_t{100'003}}) {
            Setup setup{.max_record = max_record};
            setup.dialect.escape = '\\';
            string text;
            for (size_t i = 0; i < lines; ++i) text += line;
            const Reading reading = read(text, setup);
            BOOST_REQUIRE_EQUAL(reading.rows.size(), lines);
            BOOST_CHECK_EQUAL(reading.rows.back().line, lines);
            check_strings(reading.rows.back().faults,
                          {"unterminated_quote@-1 " + string(line.substr(0, line.size() - 1))});
        }
}

BOOST_AUTO_TEST_CASE(rewind_gives_the_same_again) {
    const string text =
        "\xEF\xBB\xBF"
        "1,\"a\"\"a\"\n\n2,b\n3,c\"\"d\n";
    Splitter splitter({}, {0, 1}, 2);
    Batch batch;
    batch.clear(2);
    splitter.feed(text, true);
    BOOST_REQUIRE_EQUAL(splitter.next(batch, 1), 1U);
    const Position at = splitter.position();
    const size_t consumed = splitter.consumed();
    BOOST_CHECK_EQUAL(at.record, 1U);
    BOOST_CHECK_EQUAL(at.line, 2U);
    BOOST_CHECK_EQUAL(at.offset, consumed);
    std::vector<Row> first;
    std::vector<Row> second;
    batch.clear(2);
    BOOST_REQUIRE_EQUAL(splitter.next(batch, 10), 2U);
    keep(batch, first);
    splitter.rewind(at, string_view(text).substr(consumed), true);
    BOOST_CHECK_EQUAL(splitter.blank_lines(), 0U);
    batch.clear(2);
    BOOST_REQUIRE_EQUAL(splitter.next(batch, 10), 2U);
    keep(batch, second);
    BOOST_CHECK(first == second);
    BOOST_CHECK_EQUAL(second[0].number, 2U);
    BOOST_CHECK_EQUAL(second[0].line, 3U);
    BOOST_CHECK_EQUAL(splitter.blank_lines(), 1U);
    BOOST_CHECK_EQUAL(splitter.next(batch, 10), 0U);
}

BOOST_AUTO_TEST_CASE(rewind_into_a_record_too_long) {
    Splitter splitter({}, {0, 1}, 2, 4);
    Batch batch;
    batch.clear(2);
    splitter.feed("1,abcdefgh", false);
    BOOST_REQUIRE_EQUAL(splitter.next(batch, 5), 1U);
    BOOST_CHECK_EQUAL(splitter.consumed(), 10U);
    const Position at = splitter.position();
    BOOST_CHECK(at.in_long_line);
    for (int i = 0; i < 2; ++i) {
        splitter.rewind(at, "ijk\n2,b\n", true);
        batch.clear(2);
        BOOST_REQUIRE_EQUAL(splitter.next(batch, 5), 1U);
        BOOST_CHECK_EQUAL(batch.records[0].raw, "2,b");
        BOOST_CHECK_EQUAL(batch.records[0].number, 2U);
        BOOST_CHECK_EQUAL(batch.records[0].line, 2U);
        BOOST_CHECK_EQUAL(batch.records[0].offset, 14U);
    }
}

BOOST_AUTO_TEST_CASE(batches_are_appended_to) {
    Splitter splitter({}, {0, 1}, 2);
    Batch batch;
    batch.clear(2);
    splitter.feed("1,a\n2\n3,c\n", true);
    BOOST_CHECK_EQUAL(splitter.next(batch, 0), 0U);
    BOOST_CHECK_EQUAL(splitter.next(batch, 1), 1U);
    BOOST_CHECK_EQUAL(splitter.next(batch, 9), 2U);
    BOOST_REQUIRE_EQUAL(batch.records.size(), 3U);
    BOOST_CHECK_EQUAL(batch.row(0)[1].text, "a");
    BOOST_CHECK_EQUAL(batch.row(2)[1].text, "c");
    BOOST_CHECK_EQUAL(batch.records[1].faults, 1U);
    BOOST_CHECK_EQUAL(batch.records[2].faults, 0U);
}

BOOST_AUTO_TEST_CASE(header_is_found) {
    struct Case {
        string_view text;
        Strings fields;
        size_t bytes;
        uint64_t lines;
    };
    const std::vector<Case> cases = {
        {"id,name\n1,a\n", {"id", "name"}, 8, 1},
        {"\xEF\xBB\xBFid,\"na\"\"me\"\r\n1,a\n", {"id", "na\"me"}, 16, 1},
        {"\n\r\nid\n", {"id"}, 6, 3},
        {"\"a\nb\",\rx", {"a\nb", ""}, 7, 2},
        {"id", {"id"}, 2, 0},
        {"", {}, 0, 0},
        {"\n", {}, 0, 0},
        {"a,\"b\nc\n", {}, 0, 0},
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.text) {
            const FirstRecord first = first_record(c.text, {});
            check_strings(first.fields, c.fields);
            BOOST_CHECK_EQUAL(first.bytes, c.bytes);
            BOOST_CHECK_EQUAL(first.lines, c.lines);
        }
}

BOOST_AUTO_TEST_CASE(reading_goes_on_behind_the_header) {
    const string_view text = "\xEF\xBB\xBFid,name\r\n1,a\r\n";
    const FirstRecord first = first_record(text, {});
    Splitter splitter({}, {0, 1}, 2);
    splitter.rewind({.line = 1 + first.lines, .offset = first.bytes}, text.substr(first.bytes), true);
    Batch batch;
    batch.clear(2);
    BOOST_REQUIRE_EQUAL(splitter.next(batch, 5), 1U);
    BOOST_CHECK_EQUAL(batch.records[0].number, 1U);
    BOOST_CHECK_EQUAL(batch.records[0].line, 2U);
    BOOST_CHECK_EQUAL(batch.records[0].offset, 12U);
}

BOOST_AUTO_TEST_CASE(dialects_are_checked) {
    BOOST_CHECK(check({}));
    BOOST_CHECK(check({'\t', '\'', '\\', "\\N"}));
    const std::vector<Dialect> wrong = {
        {'\n', '"', '"', ""}, {',', '\r', '"', ""},    {',', '"', '\n', ""},  {'"', '"', '"', ""},
        {',', '"', '"', ","}, {',', '"', '"', "a\"b"}, {',', '"', '"', "\n"}, {'\0', '"', '"', ""},
    };
    for (const Dialect &dialect : wrong) {
        const Status status = check(dialect);
        BOOST_REQUIRE(!status);
        BOOST_CHECK(status.error().code == Code::invalid_option);
        BOOST_CHECK(!status.error().message.empty());
    }
}

BOOST_AUTO_TEST_CASE(fields_are_quoted_when_needed) {
    struct Case {
        string_view text, written;
    };
    const std::vector<Case> cases = {
        {"a", "a"},         {"", "\"\""},           {"a b", "a b"},
        {"a,b", "\"a,b\""}, {"a\"b", "\"a\"\"b\""}, {"a\nb", "\"a\nb\""},
        {"\r", "\"\r\""},   {"\\.", "\"\\.\""},     {"\xEF\xBB\xBFx", "\"\xEF\xBB\xBFx\""},
    };
    for (const Case &c : cases) {
        string out;
        append_csv_field(out, c.text, false, {});
        BOOST_CHECK_EQUAL(out, c.written);
    }
    string out = "x,";
    append_csv_field(out, "ignored", true, {',', '"', '\\', "\\N"});
    out += ',';
    append_csv_field(out, "\\N\"", false, {',', '"', '\\', "\\N"});
    BOOST_CHECK_EQUAL(out, "x,\\N,\"\\\\N\\\"\"");
}

BOOST_AUTO_TEST_CASE(what_is_joined_is_split_again) {
    const Strings alphabet = {"a",
                              "b",
                              "\"",
                              "'",
                              ",",
                              ";",
                              "|",
                              "\t",
                              "\n",
                              "\r",
                              " ",
                              "\\",
                              "N",
                              "\xC3\xA9",
                              "\xEF\xBB\xBF",
                              "\xF0\x9F\x9A\xA2",
                              "."};
    Random random(20211107);
    for (int round = 0; round < 400; ++round) {
        Setup setup;
        setup.dialect = random_dialect(random);
        setup.width = 1 + below(random, 5);
        setup.mapping.clear();
        for (size_t i = 0; i < setup.width; ++i) setup.mapping.push_back(static_cast<int>(i));
        std::shuffle(setup.mapping.begin(), setup.mapping.end(), random);
        const string line_end = Strings{"\n", "\r\n", "\r"}[below(random, 3)];
        string text;
        std::vector<Strings> expected;
        for (size_t n = below(random, 20); n > 0; --n) {
            Strings row(setup.width);
            for (size_t i = 0; i < setup.width; ++i) {
                const string field = random_text(random, alphabet, below(random, 8) == 0 ? 100 : 6);
                const bool null = below(random, 5) == 0;
                if (i > 0) text += setup.dialect.delimiter;
                append_csv_field(text, field, null, setup.dialect);
                row[static_cast<size_t>(setup.mapping[i])] = null ? "NULL" : "[" + field + "]";
            }
            if (n > 1 || setup.width == 1 || below(random, 2) == 0) text += line_end;
            expected.push_back(row);
        }
        const Reading reading = read(text, setup, 1 + below(random, 50), 1 + below(random, 5));
        BOOST_REQUIRE_EQUAL(reading.rows.size(), expected.size());
        for (size_t r = 0; r < expected.size(); ++r) {
            check_strings(reading.rows[r].fields, expected[r]);
            check_strings(reading.rows[r].faults, {});
        }
    }
}

BOOST_AUTO_TEST_CASE(any_bytes_in_any_windows_read_like_the_model) {
    const Strings alphabet = {"a",
                              "1",
                              "\"",
                              "\"",
                              ",",
                              ",",
                              "\n",
                              "\r",
                              "\r\n",
                              "\\",
                              " ",
                              "N",
                              ";",
                              "'",
                              "\xC3\xA9",
                              "\xC3",
                              string(1, '\0'),
                              "\xEF\xBB\xBF"};
    Random random(4711);
    for (int round = 0; round < 4000; ++round) {
        Setup setup;
        setup.dialect = random_dialect(random);
        if (below(random, 2) == 0) setup.dialect.delimiter = ',';
        setup.mapping = std::vector<std::vector<int>>{{0, 1}, {0}, {1, -1, 0}}[below(random, 3)];
        if (below(random, 2) == 0) setup.max_record = 1 + below(random, 40);
        const string text = random_text(random, alphabet, below(random, 4) == 0 ? 400 : 40);
        const Reading expected = Model(text, setup).run();
        string context = "max_record " + std::to_string(setup.max_record) + " of ";
        append_json_string(context, text);
        check_same(read(text, setup), expected, context);
        const size_t step = 1 + below(random, 80);
        check_same(read(text, setup, step, 1 + below(random, 4)), expected,
                   "windows of " + std::to_string(step) + ", " + context);
    }
}

BOOST_AUTO_TEST_SUITE_END()
