// Tests of csv/sniffer.hpp: tables of files with what they are written in, and files written at random, clean
// and dirty, that must be recognised; on any bytes a usable dialect comes out.
#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/csv/sniffer.hpp"
#include "core/csv/write.hpp"

namespace {

using namespace ferry;
using namespace ferry::csv;
using std::string;
using std::string_view;
using Strings = std::vector<string>;

const Strings hires = {"id", "name", "datetime", "department_id", "job_id"};

string shown(const Dialect &d) {
    const auto c = [](char x) { return x == no_quote ? string("none") : string(1, x); };
    return c(d.delimiter) + " " + c(d.quote) + " " + c(d.escape) + " [" + d.null_string + "]";
}

string reasons(const Sniffed &sniffed) {
    string all;
    for (const string &why : sniffed.why) all += why + "\n";
    return all;
}

string repeat(string_view line, size_t n) {
    string text;
    for (size_t i = 0; i < n; ++i) text += line;
    return text;
}

using Random = std::mt19937;

size_t below(Random &random, size_t limit) {
    return random() % limit;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(csv_sniffer)

BOOST_AUTO_TEST_CASE(dialects_are_found) {
    struct Case {
        string name, text, dialect;
        size_t width, fields;
    };
    const Case cases[] = {
        {"plain", repeat("1,Ann Lee,2021-07-27T16:02:08Z,1,2\n", 9), ", \" \" []", 0, 5},
        {"names of two words", repeat("Ann Lee,Berlin Mitte\nBob Ray,Park Lane\n", 9), ", \" \" []", 0, 2},
        {"semicolons", repeat("1;Ann;2\n", 9), "; \" \" []", 0, 3},
        {"decimal commas", repeat("1,5;2,25;Ann;3,0\n", 9), "; \" \" []", 0, 4},
        {"only decimal commas", repeat("1,5;2,5;3,5\n", 9), "; \" \" []", 0, 3},
        {"tabs", repeat("1\tAnn, Lee\t2\n", 9), "\t \" \" []", 0, 3},
        {"pipes", repeat("1|Ann; Lee|2:30\n", 9), "| \" \" []", 0, 3},
        {"carets", repeat("1^Ann^2\n", 9), "^ \" \" []", 0, 3},
        {"tildes", repeat("1~Ann~2\n", 9), "~ \" \" []", 0, 3},
        {"colons", repeat("root:x:0:0\n", 9), ": \" \" []", 0, 4},
        {"blanks", repeat("1 Ann 2\n", 9), "  \" \" []", 0, 3},
        {"one column", "Ann\nBob\nCarol\n", ", \" \" []", 1, 1},
        {"one column of names", "Lee, Ann\nBob\nRay, Carol\nDan\nMoe, X, Y\n", "; \" \" []", 1, 1},
        {"quoted delimiters", repeat("1;\"a;b;c\";\"x;y\"\n2;\"d\";\"e\"\n", 5), "; \" \" []", 0, 3},
        {"quoted newlines", repeat("1,\"a\nb,c\n\nd\",2\r\n", 9), ", \" \" []", 3, 3},
        {"apostrophes as quotes", repeat("1,'a,b','it''s'\n2,'c','d'\n", 9), ", ' ' []", 0, 3},
        {"apostrophes in names", repeat("1,O'Brien,x\n2,D'Arcy,y\n", 9), ", \" \" []", 0, 3},
        {"inches", repeat("1,5\" pipe,x\n2,6\" pipe,y\n", 9), ", none none []", 0, 3},
        {"backslash escapes", repeat("1,\"a \\\"b\\\", c\",2\n", 9), ", \" \\ []", 0, 3},
        {"doubled quotes", repeat("1,\"a \"\"b\"\", c\",2\n", 9), ", \" \" []", 0, 3},
        {"backslash at the end", repeat("1,\"C:\\dir\\\",2\n", 9), ", \" \" []", 0, 3},
        {"first row short", "title\n" + repeat("1,Ann,2\n", 9), ", \" \" []", 0, 3},
        {"one record", "1;Ann;2", "; \" \" []", 0, 3},
        {"width decides", repeat("a:2,b:4,c\n", 9), ", \" \" []", 3, 3},
        {"width decides otherwise", repeat("1:2,3:4,5:6:7\n", 9), ": \" \" []", 5, 5},
        {"byte order mark", "\xEF\xBB\xBF\"id\";\"x\"\n" + repeat("\"1\";\"2\"\n", 5), "; \" \" []", 0, 2},
        {"NULL", "1,2,a\nNULL,3,b\n4,NULL,c\n5,6,d\n", ", \" \" [NULL]", 0, 3},
        {"\\N", "1,2,a\n\\N,3,\\N\n4,\\N,c\n5,6,d\n", ", \" \" [\\N]", 0, 3},
        {"dashes", "1,2\n-,3\n4,-\n5,6\n7,8\n", ", \" \" [-]", 0, 2},
        {"NA among texts", "1,2,NA\nNA,3,b\n4,NA,c\n5,6,d\n", ", \" \" []", 0, 3},
        {"empty and NULL", "1,2,a\n,3,b\n4,,c\n5,NULL,d\n6,7,e\n", ", \" \" []", 0, 3},
        {"one NULL", "1,2,a\nNULL,3,b\n4,5,c\n", ", \" \" []", 0, 3},
        {"quoted NULL", repeat("1,2,a\n\"NULL\",3,b\n4,5,c\n", 3), ", \" \" []", 0, 3},
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.name) {
            Request request;
            request.width = c.width;
            const Sniffed sniffed = sniff(c.text, true, request);
            BOOST_TEST_CONTEXT(reasons(sniffed)) {
                BOOST_CHECK_EQUAL(shown(sniffed.dialect), c.dialect);
                BOOST_CHECK_EQUAL(sniffed.fields, c.fields);
                BOOST_CHECK(!sniffed.has_header);
                BOOST_CHECK_GT(sniffed.confidence, 0.2);
            }
        }
}

BOOST_AUTO_TEST_CASE(headers_are_known_by_their_names) {
    struct Case {
        string name, text;
        bool header, suspected;
    };
    const string rows = repeat("1,Ann,2021-07-27T16:02:08Z,1,2\n", 5);
    const Case cases[] = {
        {"exact", "id,name,datetime,department_id,job_id\n" + rows, true, false},
        {"any case", "ID,Name,DateTime,Department_ID,JOB_ID\n" + rows, true, false},
        {"blanks, quotes", "\"id\", name ,datetime,\"Department ID\",job id\n" + rows, true, false},
        {"mark", "\xEF\xBB\xBFid,name,datetime,department_id,job_id\n" + rows, true, false},
        {"another order", "job_id,department_id,datetime,name,id\n" + rows, true, false},
        {"some columns", "id,name\n1,a\n2,b\n", true, false},
        {"only a header", "id,name,datetime,department_id,job_id", true, false},
        {"wrong names", "number,who,when,dept,job\n" + rows, false, true},
        {"one wrong name", "id,name,datetime,department_id,job\n" + rows, false, true},
        {"a name twice", "id,id,datetime,department_id,job_id\n" + rows, false, true},
        {"data", rows, false, false},
        {"nothing but texts", "a,b,c\nd,e,f\ng,h,i\n", false, false},
        {"a number in the first row", "4,who,when,dept,job\n" + rows, false, false},
    };
    Request request;
    request.width = hires.size();
    request.columns = hires;
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.name) {
            const Sniffed sniffed = sniff(c.text, true, request);
            BOOST_TEST_CONTEXT(reasons(sniffed)) {
                BOOST_CHECK_EQUAL(shown(sniffed.dialect), ", \" \" []");
                BOOST_CHECK_EQUAL(sniffed.has_header, c.header);
                BOOST_CHECK_EQUAL(sniffed.suspected_header, c.suspected);
            }
        }
}

BOOST_AUTO_TEST_CASE(lines_and_blanks_are_seen) {
    struct Case {
        string_view text;
        LineEnd line_end;
        size_t blank_lines;
        bool blank_after;
    };
    const Case cases[] = {
        {"1,2\n3,4\n", LineEnd::lf, 0, false},
        {"1,2\r\n3,4\r\n", LineEnd::crlf, 0, false},
        {"1,2\r3,4\r", LineEnd::cr, 0, false},
        {"1,2\r\n3,4\n5,6", LineEnd::mixed, 0, false},
        {"1,2", LineEnd::none, 0, false},
        {"\n1,2\n\n\n3,4\n\n", LineEnd::lf, 4, false},
        {"1,\"a\r\nb\"\n3,4\n", LineEnd::lf, 0, false},
        {"1, 2\n3, \"4, 5\"\n5, 6\n", LineEnd::lf, 0, true},
        {"1, a\n3,b\n5, c\n", LineEnd::lf, 0, false},
    };
    for (const Case &c : cases) BOOST_TEST_CONTEXT(c.text) {
            const Sniffed sniffed = sniff(c.text, true);
            BOOST_CHECK(sniffed.line_end == c.line_end);
            BOOST_CHECK_EQUAL(sniffed.blank_lines, c.blank_lines);
            BOOST_CHECK_EQUAL(sniffed.blank_after_delimiter, c.blank_after);
            BOOST_CHECK_EQUAL(sniffed.fields, 2U);
        }
}

BOOST_AUTO_TEST_CASE(what_is_given_is_kept) {
    Request request;
    request.delimiter = '|';
    request.quote = '\'';
    request.escape = '\\';
    request.null_string = "x";
    BOOST_CHECK_EQUAL(shown(sniff(repeat("1,\"a\",NULL\n", 9), true, request).dialect), "| ' \\ [x]");
    BOOST_CHECK_EQUAL(shown(sniff("", true, request).dialect), "| ' \\ [x]");
    Request quote;
    quote.quote = ',';
    BOOST_CHECK(check(sniff("1,2;3\n", true, quote).dialect));
    BOOST_CHECK(check(sniff("", true, quote).dialect));
    Request delimiter;
    delimiter.delimiter = '"';
    BOOST_CHECK(check(sniff("1\"2\n", true, delimiter).dialect));
    BOOST_CHECK(check(sniff("", true, delimiter).dialect));
    Request dash;
    dash.delimiter = '-';
    BOOST_CHECK_EQUAL(sniff("1-2\n---\n---\n---\n4-5\n", true, dash).dialect.null_string, "");
}

BOOST_AUTO_TEST_CASE(nothing_gives_the_defaults) {
    for (const string_view text : {"", "\n", "\r\n\n", "\xEF\xBB\xBF"}) {
        const Sniffed sniffed = sniff(text, true);
        BOOST_CHECK_EQUAL(shown(sniffed.dialect), ", \" \" []");
        BOOST_CHECK_EQUAL(sniffed.confidence, 0);
        BOOST_CHECK(!sniffed.why.empty());
    }
}

BOOST_AUTO_TEST_CASE(reasons_are_told) {
    const Sniffed sniffed = sniff(repeat("1;\"a\";NULL;2;3\n4;b;5;6;7\n", 49) + "1\n2\n", true);
    BOOST_REQUIRE_GE(sniffed.why.size(), 3U);
    BOOST_CHECK_EQUAL(sniffed.why[0], "delimiter ';': 98 of 100 records have 5 fields");
    BOOST_CHECK_EQUAL(sniffed.why[1], "quote '\"': 49 fields are quoted");
    BOOST_CHECK_EQUAL(sniffed.why[2], "null string 'NULL': 49 times, only in columns of numbers or times");
}

BOOST_AUTO_TEST_CASE(a_cut_record_at_the_end_does_not_count) {
    const string rows = repeat("1;\"a, \nb\";2\n", 3);
    for (size_t cut = 0; cut < 12; ++cut) {
        const string_view sample = string_view(rows).substr(0, rows.size() - cut);
        const Sniffed sniffed = sniff(sample, false);
        BOOST_TEST_CONTEXT(sample << reasons(sniffed)) {
            BOOST_CHECK_EQUAL(shown(sniffed.dialect), "; \" \" []");
            BOOST_CHECK_EQUAL(sniffed.fields, 3U);
        }
    }
}

// Files of hires in any dialect, one in five records dirty, with and without knowing the width.
BOOST_AUTO_TEST_CASE(dirty_files_are_recognised) {
    static const string delimiters = ",;\t|";
    static const Strings names = {"Ann Lee", "O'Brien, Pat", "Zo\xC3\xA9 \"Z\" Q", "a; b", "Tab\there", "x|y",
                                  "Li"};
    Random random(360);
    for (int round = 0; round < 300; ++round) {
        Dialect dialect;
        dialect.delimiter = delimiters[below(random, delimiters.size())];
        if (below(random, 2) == 0) dialect.quote = dialect.escape = '\'';
        const string line_end = below(random, 2) == 0 ? "\n" : "\r\n";
        string text;
        for (size_t i = 0; i < 60; ++i) {
            const Strings row = {std::to_string(4000 + i), names[below(random, names.size())],
                                 "2021-0" + std::to_string(1 + below(random, 9)) + "-17T02:48:42Z",
                                 std::to_string(below(random, 12)), std::to_string(below(random, 180))};
            const bool dirty = below(random, 5) == 0;
            const size_t fields = dirty ? 1 + below(random, 7) : 5;
            for (size_t f = 0; f < fields; ++f) {
                if (f > 0) text += dialect.delimiter;
                append_csv_field(text, row[f % 5], false, dialect);
            }
            if (dirty && below(random, 8) == 0) text += dialect.quote;
            text += line_end;
        }
        Request request;
        if (below(random, 2) == 0) request.width = 5;
        const bool whole = below(random, 2) == 0;
        const Sniffed sniffed =
            sniff(string_view(text).substr(0, text.size() - (whole ? 0 : 3)), whole, request);
        BOOST_TEST_CONTEXT("round " << round << "\n" << reasons(sniffed) << text) {
            BOOST_REQUIRE_EQUAL(sniffed.dialect.delimiter, dialect.delimiter);
            BOOST_REQUIRE_EQUAL(sniffed.dialect.quote, dialect.quote);
            BOOST_REQUIRE_EQUAL(sniffed.fields, 5U);
        }
    }
}

BOOST_AUTO_TEST_CASE(any_bytes_give_a_usable_dialect_and_the_same_twice) {
    static const string alphabet = string(",;\t|:^~ \"'\\\n\r0195aN-.") + '\0' + '\xE9';
    Random random(99);
    for (int round = 0; round < 3000; ++round) {
        string text;
        for (size_t n = below(random, 200); n > 0; --n) text += alphabet[below(random, alphabet.size())];
        const bool whole = below(random, 2) == 0;
        const Sniffed once = sniff(text, whole);
        const Sniffed again = sniff(text, whole);
        BOOST_REQUIRE(check(once.dialect));
        BOOST_REQUIRE_EQUAL(shown(once.dialect), shown(again.dialect));
        BOOST_REQUIRE(once.confidence >= 0 && once.confidence <= 1 && once.confidence == again.confidence);
        BOOST_REQUIRE(!once.has_header);
    }
}

BOOST_AUTO_TEST_CASE(hostile_samples_take_linear_time) {
    for (const string_view line : {"\"a\n", "\"", "',\"\n", "\"\\\"\n", ",", "\n", "a b c d e f g\n"}) {
        const string text = repeat(line, (size_t{1} << 20U) / line.size());
        BOOST_CHECK(check(sniff(text, false).dialect));
    }
}

BOOST_AUTO_TEST_SUITE_END()
