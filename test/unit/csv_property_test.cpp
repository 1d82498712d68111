// Properties of csv/ on thousands of random cases from fixed seeds: what was written is read again, and where
// the windows end never matters. A case that fails is cut down before it is shown.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/csv/splitter.hpp"
#include "core/csv/write.hpp"
#include "core/encoding.hpp"
#include "core/text.hpp"

namespace {

using namespace ferry;
using namespace ferry::csv;
using std::string;
using std::string_view;
using Random = std::mt19937;

size_t below(Random &random, size_t limit) {
    return random() % limit;
}

char any_of(Random &random, string_view choices) {
    return choices[below(random, choices.size())];
}

struct Setup {
    Dialect dialect;
    Encoding encoding = Encoding::utf8;
    size_t width = 1;
    size_t max_record = Splitter::default_max_record;
    bool salvage = false;
    unsigned windows = 0;  // 0: one; 1: byte by byte; else the seed of where they end
};

string shown(string_view text) {
    string json;
    append_json_string(json, text);
    return json;
}

string shown(const Setup &setup) {
    const auto number = [](char c) { return std::to_string(static_cast<unsigned char>(c)); };
    return "delimiter " + number(setup.dialect.delimiter) + ", quote " + number(setup.dialect.quote) +
           ", escape " + number(setup.dialect.escape) + ", null string " + shown(setup.dialect.null_string) +
           ", encoding " + string(encoding_name(setup.encoding)) + ", width " + std::to_string(setup.width) +
           ", max_record " + std::to_string(setup.max_record) + (setup.salvage ? ", salvage" : "") +
           ", windows " + std::to_string(setup.windows);
}

// How much more of the input the next window shows: mostly a little, at times a lot, at times nothing.
size_t next_step(Random &random, unsigned windows) {
    return windows == 1 ? 1 : below(random, 4) == 0 ? below(random, 300) : below(random, 9);
}

void tell(const Batch &batch, string &told) {
    for (size_t r = 0; r < batch.records.size(); ++r) {
        const Record &record = batch.records[r];
        told += "#" + std::to_string(record.number) + " line " + std::to_string(record.line) + " offset " +
                std::to_string(record.offset) + " raw " + string(record.raw);
        for (const Field &field : batch.row(r))
            told += (field.kind == Field::Kind::text   ? " text "
                     : field.kind == Field::Kind::null ? " null"
                                                       : " absent") +
                    string(field.kind == Field::Kind::text ? field.text : "");
        for (uint32_t f = 0; f < record.faults; ++f) {
            const Fault &fault = batch.faults[record.first_fault + f];
            told += " fault " + string(code_info(fault.code).name) + std::to_string(fault.column) +
                    string(fault.text);
        }
        for (const Repair &repair : batch.repairs)
            if (repair.record == r) told += " repair " + string(repair.text);
        told += '\n';
    }
}

// Everything that a splitter says of a text.
string read(string_view text, const Setup &setup, std::vector<std::vector<string>> *fields = nullptr) {
    std::vector<int> mapping(setup.width);
    for (size_t i = 0; i < setup.width; ++i) mapping[i] = static_cast<int>(i);
    Splitter splitter(setup.dialect, mapping, setup.width, setup.max_record);
    splitter.set_encoding(setup.encoding);
    splitter.set_salvage(setup.salvage);
    Random random(setup.windows);
    string told;
    Batch batch;
    for (size_t size = 0;; text.remove_prefix(splitter.consumed()), size -= splitter.consumed()) {
        size =
            setup.windows == 0 ? text.size() : std::min(size + next_step(random, setup.windows), text.size());
        const string window(text.substr(0, size));  // of its own size, so that sanitizers see reads beyond it
        splitter.feed(window, size == text.size());
        const size_t limit = setup.windows == 0 ? 1000 : 1 + below(random, 5);
        for (batch.clear(setup.width); splitter.next(batch, limit) > 0; batch.clear(setup.width)) {
            tell(batch, told);
            for (size_t r = 0; fields != nullptr && r < batch.records.size(); ++r) {
                std::vector<string> &row = fields->emplace_back();
                for (const Field &field : batch.row(r))
                    row.push_back(field.kind == Field::Kind::null ? "NULL" : "[" + string(field.text) + "]");
            }
        }
        if (size == text.size())
            return told + "end " + std::to_string(splitter.position().line) + " blank " +
                   std::to_string(splitter.blank_lines());
    }
}

// Makes a failing case smaller, piece by piece, as long as it fails.
template <typename Sequence, typename Fails>
void shrink(Sequence &pieces, const Fails &fails) {
    for (size_t size = std::max<size_t>(pieces.size() / 2, 1); !pieces.empty(); size /= 2) {
        for (size_t at = 0; at + size <= pieces.size();) {
            Sequence fewer = pieces;
            const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(at);
            fewer.erase(first, first + static_cast<std::ptrdiff_t>(size));
            if (fails(fewer))
                pieces = std::move(fewer);
            else
                ++at;
        }
        if (size == 1) break;
    }
}

Dialect any_dialect(Random &random, Encoding encoding) {
    static const string odd = "\t|;:~^ xN0.\\'\x01\x7F";
    Dialect dialect;
    do {
        if (below(random, 2) == 0) dialect.delimiter = any_of(random, odd);
        if (below(random, 3) == 0) dialect.quote = any_of(random, odd);
        if (encoding != Encoding::utf8 && below(random, 4) == 0) dialect.delimiter = '\xA7';
        dialect.escape = below(random, 2) == 0 ? dialect.quote : any_of(random, "\\e|\x02");
        if (below(random, 8) == 0) dialect.escape = dialect.delimiter;
        dialect.null_string = std::vector<string>{"", "", "NULL", "\\N", "-", " "}[below(random, 6)];
    } while (!check(dialect));
    return dialect;
}

// One byte, or a character of UTF-8; those that mean something come often.
string any_character(Random &random, const Setup &setup) {
    const Dialect &d = setup.dialect;
    const string special{d.delimiter, d.quote, d.escape, d.quote, '\n', '\r', ' ', '\\', '.', 'N', 'a'};
    if (below(random, 2) == 0) return {any_of(random, special)};
    if (setup.encoding != Encoding::utf8) return {static_cast<char>(1 + below(random, 255))};
    static const std::vector<string> characters{"\xC3\xA9",         "\xEF\xBB\xBF",     "\xE6\xBC\xA2",
                                                "\xF0\x9F\x9A\xA2", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"};
    return below(random, 3) == 0 ? characters[below(random, characters.size())]
                                 : string{static_cast<char>(1 + below(random, 127))};
}

string any_text(Random &random, const Setup &setup, size_t longest) {
    string text;
    for (size_t n = below(random, longest + 1); n > 0; --n) text += any_character(random, setup);
    return text;
}

// ---- Split of join is identity ----

struct Cell {
    string text;
    bool null = false;
};
using Table = std::vector<std::vector<Cell>>;

string join(const Table &table, const Setup &setup, unsigned seed) {
    static const std::vector<string> ends{"\n", "\r\n", "\r"};
    Random random(seed);
    const size_t end = below(random, 3);
    // Line ends may be mixed, but a CR and the LF of an empty line would be one.
    const bool mixed = setup.width > 1 && below(random, 2) == 0;
    string text;
    for (const std::vector<Cell> &row : table) {
        for (const Cell &cell : row) {
            if (&cell != row.data()) text += setup.dialect.delimiter;
            append_csv_field(text, cell.text, cell.null, setup.dialect);
        }
        text += ends[mixed ? below(random, 3) : end];
    }
    return text;
}

bool comes_back(const Table &table, const Setup &setup, unsigned seed) {
    std::vector<std::vector<string>> expected;
    for (const std::vector<Cell> &row : table) {
        expected.emplace_back();
        for (const Cell &cell : row) {
            string text;
            if (!append_utf8(setup.encoding, cell.text, text)) return true;  // shrink() cut a character
            expected.back().push_back(cell.null ? "NULL" : "[" + text + "]");
        }
    }
    std::vector<std::vector<string>> got;
    read(join(table, setup, seed), setup, &got);
    return got == expected;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(csv_property)

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again) {
    Random random(20211107);
    for (unsigned seed = 2; seed <= 10000; ++seed) {
        Setup setup;
        setup.encoding = below(random, 2) == 0 ? Encoding::latin1 : Encoding::utf8;
        setup.dialect = any_dialect(random, setup.encoding);
        setup.width = below(random, 20) == 0 ? 1 + below(random, 100) : 1 + below(random, 4);
        setup.windows = below(random, 8) == 0 ? 0 : seed;
        Table table(below(random, 8));
        for (std::vector<Cell> &row : table) {
            row.resize(setup.width);
            for (Cell &cell : row) {
                cell.null = below(random, 6) == 0;
                if (!cell.null) cell.text = any_text(random, setup, below(random, 30) == 0 ? 300 : 6);
            }
        }
        if (comes_back(table, setup, seed)) continue;
        setup.windows = 1;
        if (comes_back(table, setup, seed)) setup.windows = seed;
        shrink(table, [&](const Table &fewer) { return !comes_back(fewer, setup, seed); });
        for (std::vector<Cell> &row : table)
            for (Cell &cell : row) {
                const string whole = cell.text;
                string text = whole;
                shrink(text, [&](const string &shorter) {
                    cell.text = shorter;
                    return !comes_back(table, setup, seed);
                });
                cell.text = text;
            }
        BOOST_FAIL(shown(setup) + ", seed " + std::to_string(seed) + ": " + shown(join(table, setup, seed)) +
                   " reads " + shown(read(join(table, setup, seed), setup)));
    }
}

BOOST_AUTO_TEST_CASE(windows_never_matter) {
    Random random(4712);
    for (unsigned seed = 2; seed <= 30000; ++seed) {
        Setup setup;
        setup.encoding =
            std::vector{Encoding::utf8, Encoding::latin1, Encoding::windows1252}[below(random, 3)];
        setup.dialect = any_dialect(random, setup.encoding);
        setup.width = 1 + below(random, 4);
        setup.salvage = below(random, 2) == 0;
        if (below(random, 2) == 0) setup.max_record = 1 + below(random, 60);
        string text = any_text(random, setup, below(random, 10) == 0 ? 600 : 60);
        for (size_t n = below(random, 4); n > 0 && !text.empty(); --n)  // bytes that are no text
            text[below(random, text.size())] = static_cast<char>(below(random, 256));
        unsigned windows = seed;
        const auto differs = [&](const string &shorter) {
            setup.windows = 0;
            const string whole = read(shorter, setup);
            setup.windows = windows;
            return read(shorter, setup) != whole;
        };
        if (!differs(text)) continue;
        windows = 1;
        if (!differs(text)) windows = seed;
        shrink(text, differs);
        setup.windows = 0;
        const string whole = read(text, setup);
        setup.windows = windows;
        BOOST_FAIL(shown(setup) + ": " + shown(text) + " reads " + shown(read(text, setup)) +
                   " rather than " + shown(whole));
    }
}

BOOST_AUTO_TEST_SUITE_END()
