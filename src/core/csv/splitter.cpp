// Implements splitter.hpp. The way through ordinary records is split(), which goes from stop to stop;
// everything that is rare (bad bytes, records without an end) is left to functions of its own.
#include "core/csv/splitter.hpp"

#include <algorithm>
#include <optional>
#include <span>

namespace ferry::csv {
namespace {

std::string_view between(const char *from, const char *to) noexcept {
    return {from, static_cast<size_t>(to - from)};
}

// What is wrong with the bytes of a text, if anything is.
std::optional<Code> find_bad_bytes(Encoding encoding, std::string_view text) noexcept {
    if (text.find('\0') != std::string_view::npos) return Code::nul_character;
    if (valid_prefix(encoding, text) == text.size()) return {};
    return single_byte(encoding) ? Code::untranslatable : Code::invalid_encoding;
}

// How many physical lines end in the text.
uint64_t count_line_ends(std::string_view text) noexcept {
    uint64_t ends = 0;
    for (size_t i = 0; i < text.size(); ++i)
        if (text[i] == '\n' ? i == 0 || text[i - 1] != '\r' : text[i] == '\r') ++ends;
    return ends;
}

}  // namespace

// One record under way.
struct Splitter::Scan {
    const char *begin;
    const char *end = nullptr;
    size_t fields = 0;
    uint64_t inner_lines = 0;  // line ends inside quotes
    bool jumped = false;       // over a barren stretch, so that only scan.end can be relied on
};

// The end of a field with quotes in it.
struct Splitter::Quoted {
    const char *stop;  // delimiter, line end or the window's end
    bool closed;
    bool plain;  // from the quote on, the field is one quoted section without escapes
};

// The row under way, with what decides about its fields kept at hand.
class Splitter::Target {
  public:
    Target(Field *row, const std::vector<int> &mapping, std::string_view null_string) noexcept
        : row_(row), mapping_(mapping.data()), expected_(mapping.size()), null_string_(null_string) {}

    // Where input field `i` goes; null when it is ignored or too many.
    Field *field(size_t i) const noexcept {
        return i < expected_ && mapping_[i] >= 0 ? row_ + mapping_[i] : nullptr;
    }

    // Puts a field without quotes.
    void put(size_t i, std::string_view text) const noexcept {
        Field *const into = field(i);
        if (into == nullptr) return;
        into->kind = text == null_string_ ? Field::Kind::null : Field::Kind::text;
        into->text = text;
    }

  private:
    Field *row_;
    const int *mapping_;
    size_t expected_;
    std::string_view null_string_;
};

Splitter::Splitter(Dialect dialect, std::vector<int> mapping, size_t width, size_t max_record)
    : dialect_(std::move(dialect)), mapping_(std::move(mapping)), width_(width), max_record_(max_record) {}

void Splitter::feed(std::string_view window, bool last) {
    origin_ += at_;
    barren_from_ -= std::min(barren_from_, at_);
    barren_to_ -= std::min(barren_to_, at_);
    at_ = 0;
    window_ = window;
    last_ = last;
    arena_.clear();
}

Position Splitter::position() const noexcept {
    return {record_, line_, origin_ + at_, blank_lines_, in_long_line_, read_again_};
}

void Splitter::rewind(const Position &at, std::string_view window, bool last) {
    barren_from_ = barren_to_ = at_ = 0;
    feed(window, last);
    origin_ = at.offset;
    record_ = at.record;
    line_ = at.line;
    blank_lines_ = at.blank_lines;
    in_long_line_ = at.in_long_line;
    read_again_ = at.read_again;
}

size_t Splitter::next(Batch &batch, size_t limit) {
    constexpr size_t rows_at_once = 64;
    if (!skip_byte_order_mark() || !skip_long_line()) return 0;
    Stops stops(window_.substr(at_), dialect_);
    const size_t first = batch.records.size();
    size_t row = first;
    while (row - first < limit) {
        if ((row + 1) * width_ > batch.fields.size()) {
            const size_t more = std::min(limit - (row - first), rows_at_once);
            batch.fields.resize((row + more) * width_);
        }
        if (!read_record(stops, batch, row)) break;
        ++row;
        if (in_long_line_) {
            if (!skip_long_line()) break;
            stops.restart(window_.data() + at_);
        }
    }
    batch.fields.resize(row * width_);
    return row - first;
}

// Returns false where more bytes are needed to tell.
bool Splitter::skip_byte_order_mark() noexcept {
    if (origin_ + at_ != 0) return true;
    const size_t shared = std::min(window_.size(), byte_order_mark.size());
    if (window_.substr(0, shared) != byte_order_mark.substr(0, shared)) return true;
    if (shared < byte_order_mark.size()) return last_;
    at_ = shared;
    return true;
}

// Returns false where the long line goes on beyond the window.
bool Splitter::skip_long_line() noexcept {
    if (!in_long_line_) return true;
    const size_t line_end = window_.find_first_of("\r\n", at_);
    if (line_end == std::string_view::npos) {
        at_ = window_.size();
        return false;
    }
    at_ = line_end;
    const bool carriage_return = window_[line_end] == '\r';
    if (carriage_return && line_end + 1 == window_.size() && !last_) return false;
    const bool two = carriage_return && line_end + 1 < window_.size() && window_[line_end + 1] == '\n';
    at_ += two ? 2 : 1;
    ++line_;
    in_long_line_ = false;
    return true;
}

// Reads one record to row `row` of the batch. Returns false when no complete record is left.
bool Splitter::read_record(Stops &stops, Batch &batch, size_t row) {
    Field *const fields = batch.fields.data() + row * width_;
    for (;;) {
        Scan scan{.begin = window_.data() + at_};
        const End how = split(stops, fields, scan);
        const std::string_view raw = between(scan.begin, scan.end);
        if (how == End::open_quote || raw.size() > max_record_)
            return cut(stops, batch, fields, how == End::open_quote);
        if (how == End::window_end && (!last_ || raw.empty())) return false;
        if (scan.jumped) {
            barren_from_ = barren_to_ = 0;
            stops.restart(scan.begin);
            continue;
        }
        const bool odd = stops.odd_up_to(scan.end);
        if (!pass_line_end(stops, scan.end)) return false;
        if (raw.empty() && mapping_.size() > 1) {
            ++blank_lines_;
            ++line_;
            continue;
        }
        if (raw.empty() && mapping_.empty()) scan.fields = 0;
        if (scan.fields != mapping_.size()) [[unlikely]] {
            append_misfit(stops, batch, fields, scan, odd);
            return true;
        }
        append(batch, fields, raw, odd, nullptr);
        line_ += 1 + scan.inner_lines;
        return true;
    }
}

// Goes through one record from stop to stop and puts its fields. Leaves scan.end at the line end, or at the
// window's end if that comes first.
Splitter::End Splitter::split(Stops &stops, Field *row, Scan &scan) {
    const char delimiter = dialect_.delimiter;
    const char *const window_end = end();
    const Target target(row, mapping_, dialect_.null_string);
    const char *field = scan.begin;
    for (;;) {
        const char *stop = stops.next();
        if (stop != window_end && *stop == delimiter) [[likely]] {
            target.put(scan.fields++, between(field, stop));
            field = stop + 1;
            continue;
        }
        if (stop != window_end && *stop != '\n' && *stop != '\r') {
            if (*stop != dialect_.quote) continue;  // outside quotes, an escape is any other character
            scan.end = stop;
            if (index_of(stop) - at_ > max_record_)
                return End::line_end;  // too long: no matter where it ends
            const char *const open = stop;
            const Quoted quoted = leave_quotes(stops, scan);
            stop = scan.end = quoted.stop;
            if (!quoted.closed) return End::open_quote;
            Field *const into = target.field(scan.fields++);
            if (into != nullptr) put_quoted(*into, between(field, stop), quoted.plain && open == field);
            field = stop + 1;
            if (stop != window_end && *stop == delimiter) continue;
        } else {
            target.put(scan.fields++, between(field, stop));
        }
        scan.end = stop;
        return stop == window_end ? End::window_end : End::line_end;
    }
}

// Goes from behind an opening quote to the end of its field, through as many quoted sections as that takes.
Splitter::Quoted Splitter::leave_quotes(Stops &stops, Scan &scan) {
    const char delimiter = dialect_.delimiter;
    const char quote = dialect_.quote;
    const char escape = dialect_.escape;
    const bool escapes = escape != quote;
    const char *const window_end = end();
    const char *close = nullptr;  // the last closing quote, when outside
    bool inside = true;
    bool plain = true;
    for (;;) {
        const char *const stop = stops.next();
        if (inside) {
            const bool pair = stop != window_end && escapes && *stop == escape;
            const bool cut_pair = pair && stop + 1 == window_end;
            if (stop == window_end || cut_pair || index_of(stop) - at_ > max_record_) {
                if (!scan.jumped) barren_from_ = at_;
                barren_to_ = index_of(stop);
                return {window_end, false, false};
            }
            if (pair) {
                if (stop[1] != escape && stop[1] != quote) continue;
                stops.next();
                plain = false;
            } else if (*stop == quote) {
                close = stop;
                inside = false;
            } else if (*stop == '\n' || *stop == '\r') {
                pass_inner_line_end(stops, scan, stop);
            }
        } else if (stop == window_end || *stop == delimiter || *stop == '\n' || *stop == '\r' ||
                   index_of(stop) - at_ > max_record_) {
            return {stop, true, plain && stop == close + 1};
        } else if (*stop == quote) {
            inside = true;
            plain = false;
        }
    }
}

void Splitter::pass_inner_line_end(Stops &stops, Scan &scan, const char *line_end) noexcept {
    if (*line_end == '\r' || line_end[-1] != '\r') ++scan.inner_lines;
    if (index_of(line_end) >= barren_from_ && index_of(line_end) < barren_to_) {
        stops.restart(window_.data() + barren_to_);
        scan.jumped = true;
    }
}

void Splitter::put_quoted(Field &field, std::string_view raw, bool plain) {
    field.kind = Field::Kind::text;
    if (plain) {
        field.text = raw.substr(1, raw.size() - 2);
        return;
    }
    char *const to = arena_.reserve(raw.size());
    field.text = {to, unquote(raw, dialect_, to)};
    arena_.keep(field.text.size());
}

// Moves on behind the line end. Returns false where a line feed after a carriage return may still follow.
bool Splitter::pass_line_end(Stops &stops, const char *line_end) noexcept {
    const char *const window_end = end();
    const char *next = line_end;
    if (next != window_end) {
        ++next;
        if (*line_end == '\r') {
            if (next == window_end && !last_) return false;
            if (next != window_end && *next == '\n') {
                stops.next();
                ++next;
            }
        }
    }
    at_ = index_of(next);
    return true;
}

// Deals with a record that has no end, as splitter.hpp says. Returns false where more bytes are needed to
// tell.
bool Splitter::cut(Stops &stops, Batch &batch, Field *row, bool quote_open) {
    const std::string_view reach = window_.substr(at_, max_record_ + 1);  // where its line end could stand
    const bool exhausted = reach.size() > max_record_;
    if (!exhausted && !last_) return false;
    if (quote_open) {
        const size_t line_end = reach.find_first_of("\r\n");
        if (line_end != std::string_view::npos || !exhausted) {
            if (!cut_at_line(batch, row, at_ + std::min(line_end, reach.size()))) return false;
            stops.restart(window_.data() + at_);
            return true;
        }
    }
    const std::string_view raw = reach.substr(0, max_record_);
    const Code code = Code::record_too_long;
    append(batch, row, raw, false, &code);  // cut anywhere, so its bytes are not judged
    line_ += count_line_ends(raw);
    at_ += raw.size();
    in_long_line_ = true;
    return true;
}

// Makes a record with an open quote of the bytes up to index `line_end`, and moves on behind it.
bool Splitter::cut_at_line(Batch &batch, Field *row, size_t line_end) {
    const std::string_view raw = window_.substr(at_, line_end - at_);
    const std::string_view rest = window_.substr(line_end);
    if (rest == "\r" && !last_) return false;
    const Code code = Code::unterminated_quote;
    if (!append_salvaged(batch, row, raw, true)) append(batch, row, raw, true, &code);
    at_ = line_end + (rest.substr(0, 2) == "\r\n" ? 2 : std::min<size_t>(rest.size(), 1));
    ++line_;
    return true;
}

// Appends a record of too few or too many fields, mended if possible. The splitter stands behind it already.
void Splitter::append_misfit(Stops &stops, Batch &batch, Field *row, const Scan &scan, bool odd) {
    const std::string_view raw = between(scan.begin, scan.end);
    if (!append_salvaged(batch, row, raw, odd)) {
        const Code code = scan.fields < mapping_.size() ? Code::too_few_fields : Code::too_many_fields;
        append(batch, row, raw, odd, &code);
        line_ += 1 + scan.inner_lines;
        return;
    }
    const size_t size = salvaged_.size;
    line_ += 1 + count_line_ends(raw.substr(0, size));
    if (size == raw.size()) return;
    read_again_ += raw.size() - size;
    at_ = index_of(scan.begin) + size + (raw.substr(size, 2) == "\r\n" ? 2 : 1);
    stops.restart(window_.data() + at_);
}

// Appends what salvage makes of the record that starts at the current line; salvaged_.size tells how much of
// `raw` that took. Returns false, with nothing done, where it stays a fault.
bool Splitter::append_salvaged(Batch &batch, Field *row, std::string_view raw, bool odd) {
    if (!salvage_ || !salvage(raw, mapping_.size(), dialect_, salvaged_)) return false;
    // Reading on behind the first of many lines reads the others again. Hostile input could make that
    // quadratic, so no more is read again than a few times what was read so far.
    constexpr uint64_t free_bytes = uint64_t{1} << 20U;
    const uint64_t offset = origin_ + static_cast<uint64_t>(raw.data() - window_.data());
    if (read_again_ + (raw.size() - salvaged_.size) > free_bytes + 4 * offset) return false;
    const std::string_view used = raw.substr(0, salvaged_.size);
    if (odd && find_bad_bytes(encoding_, used)) return false;
    put_salvaged(row);
    append(batch, row, used, odd, nullptr);
    const auto record = static_cast<uint32_t>(batch.records.size() - 1);
    for (const Mend &mend : salvaged_.mends)
        batch.repairs.push_back({record, mend.code, keep_text(mend.text)});
    return true;
}

void Splitter::put_salvaged(Field *row) {
    std::fill_n(row, width_, Field{});
    for (size_t i = 0; i < mapping_.size(); ++i) {
        if (mapping_[i] < 0) continue;
        Field &field = row[mapping_[i]];
        field.kind = Field::Kind::null;
        if (i >= salvaged_.fields.size()) continue;
        const LooseField &loose = salvaged_.fields[i];
        if (!loose.quoted && loose.text == dialect_.null_string) continue;
        field.kind = Field::Kind::text;
        field.text = loose.text;
        if (!loose.escaped) continue;
        char *const to = arena_.reserve(loose.text.size());
        field.text = {to, unescape_loosely(loose.text, dialect_, to)};
        arena_.keep(field.text.size());
    }
}

// A copy in the arena, in UTF-8.
std::string_view Splitter::keep_text(std::string_view text) {
    char *const to = arena_.reserve(max_utf8_size(text.size()));
    const std::string_view kept(to, to_utf8(encoding_, text, to).written);
    arena_.keep(kept.size());
    return kept;
}

// Appends the record that starts at the current line. `odd`: its bytes need a check. `refused`: why its
// fields are not given, if so.
void Splitter::append(Batch &batch, Field *row, std::string_view raw, bool odd, const Code *refused) {
    Record &record = batch.records.emplace_back();
    record.number = ++record_;
    record.line = line_;
    record.offset = origin_ + static_cast<uint64_t>(raw.data() - window_.data());
    record.raw = raw;
    record.first_fault = static_cast<uint32_t>(batch.faults.size());
    if (refused != nullptr) {
        std::fill_n(row, width_, Field{});
        batch.faults.push_back({*refused, -1, raw});
    }
    if (odd) [[unlikely]]
        tell_bad_bytes(batch, record, row, refused != nullptr);
    record.faults = static_cast<uint32_t>(batch.faults.size()) - record.first_fault;
}

void Splitter::tell_bad_bytes(Batch &batch, Record &record, Field *row, bool refused) {
    if (const auto code = find_bad_bytes(encoding_, record.raw)) {
        if (refused) {
            batch.faults.push_back({*code, -1, record.raw});
            return;
        }
        size_t start = 0;
        for (const int column : mapping_) {
            const size_t stop = find_field_end(record.raw, start, dialect_).at;
            const std::string_view raw = record.raw.substr(start, stop - start);
            start = stop + 1;
            const auto of_field = find_bad_bytes(encoding_, raw);
            if (!of_field) continue;
            batch.faults.push_back({*of_field, column, raw});
            if (column >= 0) row[column] = Field{};
        }
    }
    if (single_byte(encoding_)) convert(row);
}

// Brings the row's fields from a single-byte encoding to UTF-8. None has an undefined byte.
void Splitter::convert(Field *row) {
    for (Field &field : std::span(row, width_)) {
        const auto beyond_ascii = [](char c) { return static_cast<signed char>(c) < 0; };
        if (field.kind == Field::Kind::text && std::ranges::any_of(field.text, beyond_ascii))
            field.text = keep_text(field.text);
    }
}

FirstRecord first_record(std::string_view window, const Dialect &dialect) {
    FirstRecord first;
    size_t at = window.substr(0, byte_order_mark.size()) == byte_order_mark ? byte_order_mark.size() : 0;
    const size_t mark = at;
    at = std::min(window.find_first_not_of("\r\n", at), window.size());
    if (at == window.size()) return first;
    for (;;) {
        const FieldEnd field_end = find_field_end(window, at, dialect);
        if (!field_end.closed) return {};
        std::string &field = first.fields.emplace_back(field_end.at - at, '\0');
        field.resize(unquote(window.substr(at, field_end.at - at), dialect, field.data()));
        at = field_end.at + 1;
        if (field_end.at == window.size() || window[field_end.at] != dialect.delimiter) break;
    }
    const bool two = at < window.size() && window[at - 1] == '\r' && window[at] == '\n';
    first.bytes = std::min(at + (two ? 1 : 0), window.size());
    first.lines = count_line_ends(window.substr(mark, first.bytes - mark));
    return first;
}

}  // namespace ferry::csv
