// Cuts CSV text into records of raw fields, window by window, and tells what is wrong with a record's
// structure. It borrows the window, owns the few fields that had to be unquoted, and gives COPY's values for
// whatever COPY accepts.
//
// Rules beyond COPY's: LF, CRLF and lone CR all end a line, mixed as they may be; a byte order mark at the
// start of the input is skipped; "\." is data like any other (as in COPY from PostgreSQL 18 on); where more
// than one field is expected, lines of no bytes at all are skipped and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/csv/dialect.hpp"
#include "core/csv/salvage.hpp"
#include "core/csv/stops.hpp"
#include "core/encoding.hpp"
#include "core/record.hpp"
#include "core/value/arena.hpp"

namespace ferry::csv {

// Where the next record starts: everything a splitter has to know to go on from there.
struct Position {
    uint64_t record = 0;  // records before it
    uint64_t line = 1;    // its physical line, 1-based
    uint64_t offset = 0;  // bytes of the input before it
    uint64_t blank_lines = 0;
    bool in_long_line = false;  // the rest of a record that was too long comes first, and is to be skipped
    uint64_t read_again = 0;    // bytes that salvage has given back so far
};

// Faults and what happens to their records (all fields absent unless said otherwise):
// - too_few_fields, too_many_fields: text = the record.
// - unterminated_quote: a quote is open at the end of the input or after max_record bytes. The record is cut
// to
//   its first physical line and reading goes on at the next: one stray quote costs one line, not the rest.
// - record_too_long: no line end ends the record within max_record bytes, and it is no unterminated_quote or
// has
//   no line end to be cut at. The record is its first max_record bytes; the rest is skipped up to and with
//   the next physical line end.
// - nul_character, invalid_encoding, untranslatable: text = the raw field, column = its batch column, or -1
//   if it is ignored; that field stays absent, the others are given. One of them per field, NUL first. A
//   record with one of the faults above but record_too_long is told as a whole instead, with column -1.
//
// With set_salvage(true), a record that salvage() can mend is given with its Repairs instead of its fault of
// structure. Where one stray quote had tied several lines together, the record is the first of them and
// reading goes on behind it. Records with one of those faults of bytes, and those too long, are never
// mended.
class Splitter {
  public:
    static constexpr size_t default_max_record = size_t{64} << 20U;

    // Field i of the input goes to batch column mapping[i], or nowhere if that is -1; so mapping.size()
    // fields are expected. `width` is the number of columns in a batch. The dialect has passed check().
    Splitter(Dialect dialect, std::vector<int> mapping, size_t width, size_t max_record = default_max_record);

    // The encoding of the input; UTF-8 when never called. In a single-byte encoding, fields are converted to
    // UTF-8 (raw records and the texts of faults stay as they came) and only bytes that are undefined there
    // are untranslatable; the dialect's characters and null string are bytes of that encoding. UTF-16 comes
    // through a Utf16Source, as UTF-8.
    void set_encoding(Encoding encoding) noexcept { encoding_ = encoding; }

    // Whether records with faults of structure are mended where that is possible.
    void set_salvage(bool salvage) noexcept { salvage_ = salvage; }

    // Gives the next window: the bytes of the old one after consumed(), and any number more. Records of the
    // old window are no longer valid. `last`: no bytes follow this window. A window of max_record + 2 bytes
    // always holds a complete record.
    void feed(std::string_view window, bool last);

    // Appends at most `limit` complete records to the batch, whose width is the splitter's, and returns how
    // many. 0 (with limit > 0): no complete record is left in the window.
    size_t next(Batch &batch, size_t limit);

    // How many bytes of the window are done with: complete records with their line ends, and what is skipped.
    size_t consumed() const noexcept { return at_; }

    // Where the next record starts. Good for rewind() with the window that starts there.
    Position position() const noexcept;

    // Lines of no bytes that were skipped so far.
    uint64_t blank_lines() const noexcept { return blank_lines_; }

    // Starts over at a position taken earlier (or the one after a header), with a window that starts there.
    void rewind(const Position &at, std::string_view window, bool last);

  private:
    enum class End : uint8_t { line_end, window_end, open_quote };
    struct Scan;
    struct Quoted;
    class Target;

    bool skip_byte_order_mark() noexcept;
    bool skip_long_line() noexcept;
    bool read_record(Stops &stops, Batch &batch, size_t row);
    End split(Stops &stops, Field *row, Scan &scan);
    Quoted leave_quotes(Stops &stops, Scan &scan);
    void pass_inner_line_end(Stops &stops, Scan &scan, const char *line_end) noexcept;
    void put_quoted(Field &field, std::string_view raw, bool plain);
    bool pass_line_end(Stops &stops, const char *line_end) noexcept;
    bool cut(Stops &stops, Batch &batch, Field *row, bool quote_open);
    bool cut_at_line(Batch &batch, Field *row, size_t line_end);
    void append_misfit(Stops &stops, Batch &batch, Field *row, const Scan &scan, bool odd);
    bool append_salvaged(Batch &batch, Field *row, std::string_view raw, bool odd);
    void put_salvaged(Field *row);
    std::string_view keep_text(std::string_view text);
    void append(Batch &batch, Field *row, std::string_view raw, bool odd, const Code *refused);
    void tell_bad_bytes(Batch &batch, Record &record, Field *row, bool refused);
    void convert(Field *row);

    const char *end() const noexcept { return window_.data() + window_.size(); }
    size_t index_of(const char *p) const noexcept { return static_cast<size_t>(p - window_.data()); }

    Dialect dialect_;
    std::vector<int> mapping_;
    size_t width_;
    size_t max_record_;
    Encoding encoding_ = Encoding::utf8;
    bool salvage_ = false;

    std::string_view window_;
    bool last_ = false;
    size_t at_ = 0;        // index in the window of the next record
    uint64_t origin_ = 0;  // bytes of the input before the window
    uint64_t record_ = 0;
    uint64_t line_ = 1;
    uint64_t blank_lines_ = 0;
    bool in_long_line_ = false;
    uint64_t read_again_ = 0;
    value::Arena arena_;
    Salvaged salvaged_;  // of the record under way

    // Indices in the window between which an open quote was looked after in vain: a record with a quote open
    // at a line end there still has one open at barren_to_, and does not end before. Spares looking again
    // from line to line, which hostile input could make quadratic.
    size_t barren_from_ = 0, barren_to_ = 0;
};

// The fields of the first record that is not blank, unquoted, to recognise a header by. `bytes` counts what
// lies before the second record (byte order mark and blank lines included), `lines` the physical lines among
// them. The window holds the whole record and, unless the input ends there, two bytes more. No fields and 0
// bytes when it has no record or a quote stays open.
struct FirstRecord {
    std::vector<std::string> fields;
    size_t bytes = 0;
    uint64_t lines = 0;
};
FirstRecord first_record(std::string_view window, const Dialect &dialect);

}  // namespace ferry::csv
