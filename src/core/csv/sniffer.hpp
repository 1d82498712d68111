// Finds out from the start of a CSV file how it is written: delimiter, quote, escape, null string, header and
// what else a load has to know. It owns nothing, never fails, and gives the same answer for the same sample.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/csv/dialect.hpp"

namespace ferry::csv {

// What is known already. Whatever is given is taken as it is; the rest is looked for.
struct Request {
    std::optional<char> delimiter = {};
    std::optional<char> quote = {};
    std::optional<char> escape = {};
    std::optional<std::string> null_string = {};
    size_t width = 0;                           // columns of the target that a file may fill; 0: unknown
    std::span<const std::string> columns = {};  // their names; empty: unknown
};

// Stands for "no quotes at all" in a sniffed dialect: a character that text does not have.
inline constexpr char no_quote = '\x01';

enum class LineEnd : uint8_t { none, lf, crlf, cr, mixed };

struct Sniffed {
    Dialect dialect;                // passes check() unless what was given does not
    bool has_header = false;        // the first record has names of columns, no name twice and nothing else
    bool suspected_header = false;  // it looks like one, but its names are not (all) known: it is data
    bool blank_after_delimiter = false;  // so often that values should be trimmed
    LineEnd line_end = LineEnd::none;
    size_t blank_lines = 0;        // in the sample
    size_t fields = 0;             // of most records; 0 when there is none
    double confidence = 0;         // 0 (defaults, nothing to go by) to 1
    std::vector<std::string> why;  // a sentence per decision, for the log
};

// Looks at the start of a file (up to 1 MiB is worth while; UTF-8 or another superset of ASCII; a byte order
// mark is ignored). `whole`: the sample is all of it, so that its last record can be trusted.
//
// Delimiter, quote and escape are those under which most records have the same number of fields, best the
// target's, most fields have a type, and quotes stand where quotes belong. The null string stays "" unless a
// usual token recurs in columns that else have only numbers or times, and nowhere else.
Sniffed sniff(std::string_view sample, bool whole, const Request &request = {});

// The index in `columns` of the one that a header's field names: exactly, else without regard to case, else
// with blanks around it ignored and blanks, hyphens and underscores inside taken for the same; -1 for none.
int find_name(std::span<const std::string> columns, std::string_view field) noexcept;

}  // namespace ferry::csv
