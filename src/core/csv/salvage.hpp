// The lenient reading of CSV, and with it what can be saved of a record whose structure is faulty. It borrows
// the record's bytes and owns nothing but the list of what was mended.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/code.hpp"
#include "core/csv/dialect.hpp"

namespace ferry::csv {

// A field as the lenient reading sees it. A quote opens only where the field starts (blanks before it do not
// count), closes only where the field ends (blanks after it do not count either), and is an ordinary
// character elsewhere. COPY, by contrast, lets every quote open and close.
struct LooseField {
    std::string_view text;  // without the outer quotes; escapes inside are still there
    size_t end = 0;         // index behind the field: of a delimiter or line end, or the text's size
    size_t strays = 0;      // quotes that are ordinary characters
    size_t pairs = 0;       // escaped quotes and escapes inside quotes
    bool quoted = false;    // closed or not
    bool open = false;      // a quote opened it and nothing closes it
    bool escaped = false;   // unescape_loosely() has something to take out
};

// Where a field with an open quote ends: at its own delimiter, or with the line.
enum class CloseAt : uint8_t { field_end, line_end };

// Reads fields one after the other; borrows text and dialect. A dialect whose quote is NUL has none.
class LooseReader {
  public:
    LooseReader(std::string_view record, const Dialect &dialect, CloseAt close_at) noexcept
        : text_(record), dialect_(dialect), close_at_(close_at) {}

    // The field that starts at `start`. Over all fields of a text this takes linear time, because once no
    // closing quote was found before `limit`, none is looked for again.
    LooseField read(size_t start) noexcept;

    // Nothing at or beyond this index closes a quote; the text's size at first.
    void set_limit(size_t limit) noexcept { limit_ = limit; }

  private:
    bool read_quoted(size_t quote, LooseField &field) noexcept;
    size_t skip_blanks(size_t at) const noexcept;
    bool ends_field(size_t at) const noexcept;
    size_t find_end(size_t at, bool line) const noexcept;

    std::string_view text_;
    const Dialect &dialect_;
    CloseAt close_at_;
    size_t limit_ = std::string_view::npos;
    size_t barren_to_ = 0;  // a closing quote was looked for in vain up to here
};

// Writes a field's text without its escapes to `to`, which has room for all of it; returns how much that is.
size_t unescape_loosely(std::string_view text, const Dialect &dialect, char *to) noexcept;

// One thing that was mended: the fault it was, and what was done, e.g. "padded 2 missing fields with NULL".
struct Mend {
    Code code;
    std::string text;
};

struct Salvaged {
    size_t size = 0;                 // bytes of the record that were used; less where only its first line was
    std::vector<LooseField> fields;  // at most as many as expected; those that are missing are NULL
    std::vector<Mend> mends;
};

// Mends a record that does not have the expected number of fields (1 or more) as COPY reads it, or has a
// quote that is never closed and was cut to one line for that. Stray quotes are ordinary characters; an open
// quote is closed at the line's end, or at the field's end if that alone gives the expected number. The
// lenient reading may end with an earlier line than COPY's; what follows is then no part of the record. It is
// taken when it has the expected number of fields, and else padded with NULLs or cut, but only when it is one
// line or all its quotes stand around whole fields. Lines tied together by quotes that make no sense are not
// salvageable: returns false. `raw` has no line end after it. Bytes are not judged. `out` is replaced.
bool salvage(std::string_view raw, size_t expected, const Dialect &dialect, Salvaged &out);

}  // namespace ferry::csv
