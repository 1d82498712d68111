// Implements salvage.hpp, one byte at a time: only faulty records and the sniffer's sample come here.
#include "core/csv/salvage.hpp"

#include "core/text.hpp"

namespace ferry::csv {
namespace {

constexpr size_t longest_quotation = 100;  // bytes of the input that a repair quotes

bool line_end(char c) noexcept {
    return c == '\n' || c == '\r';
}

std::string counted(size_t n, std::string_view what) {
    return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

// A reading of a record's first lines: as far as the lenient rules take it.
struct Reading {
    size_t size = 0;
    size_t strays = 0;
    bool open = false;
};

Reading read(std::string_view raw, const Dialect &dialect, CloseAt close_at,
             std::vector<LooseField> &fields) {
    LooseReader reader(raw, dialect, close_at);
    Reading reading;
    fields.clear();
    for (size_t at = 0;;) {
        const LooseField &field = fields.emplace_back(reader.read(at));
        reading.size = field.end;
        reading.strays += field.strays;
        reading.open = reading.open || field.open;
        if (field.end == raw.size() || line_end(raw[field.end])) return reading;
        at = field.end + 1;
    }
}

void tell_quotes(const Reading &reading, CloseAt close_at, std::vector<Mend> &mends) {
    if (reading.open)
        mends.push_back({Code::unterminated_quote, close_at == CloseAt::line_end
                                                       ? "closed an open quote at the line's end"
                                                       : "closed an open quote at its field's end"});
    if (reading.strays > 0)
        mends.push_back(
            {Code::stray_quote, "took " + counted(reading.strays, "stray quote") + " for " +
                                    (reading.strays == 1 ? "an ordinary character" : "ordinary characters")});
}

// Pads or cuts the fields to the number expected.
void fit(std::string_view raw, size_t expected, Salvaged &out) {
    const size_t got = out.fields.size();
    if (got < expected) {
        out.mends.push_back(
            {Code::too_few_fields, "padded " + counted(expected - got, "missing field") + " with NULL"});
    } else if (got > expected) {
        const std::string_view extra = raw.substr(out.fields[expected - 1].end + 1);
        std::string text = "cut " + counted(got - expected, "extra field") + ": \"";
        text += clip(extra, longest_quotation);
        text += extra.size() > longest_quotation ? "...\"" : "\"";
        out.mends.push_back({Code::too_many_fields, std::move(text)});
        out.fields.resize(expected);
    }
}

}  // namespace

LooseField LooseReader::read(size_t start) noexcept {
    LooseField field;
    const size_t first = skip_blanks(start);
    const bool quote = dialect_.quote != '\0' && first < text_.size() && text_[first] == dialect_.quote;
    if (quote && read_quoted(first, field)) return field;
    field = {};
    field.quoted = field.open = quote;
    field.end = find_end(start, quote && close_at_ == CloseAt::line_end);
    const size_t from = quote ? first + 1 : start;
    field.text = text_.substr(from, field.end - from);
    if (dialect_.quote != '\0')
        for (const char c : field.text) field.strays += c == dialect_.quote ? 1 : 0;
    return field;
}

// Reads the field whose opening quote is at `quote`. Returns false when nothing closes it.
bool LooseReader::read_quoted(size_t quote, LooseField &field) noexcept {
    if (quote < barren_to_) return false;
    const size_t limit = limit_ < text_.size() ? limit_ : text_.size();
    for (size_t i = quote + 1; i < limit; ++i) {
        const char c = text_[i];
        if (c == dialect_.escape && i + 1 < limit &&
            (text_[i + 1] == dialect_.quote || text_[i + 1] == dialect_.escape)) {
            field.escaped = true;
            ++field.pairs;
            ++i;
        } else if (c == dialect_.quote) {
            const size_t after = skip_blanks(i + 1);
            if (ends_field(after)) {
                field.text = text_.substr(quote + 1, i - quote - 1);
                field.end = after;
                field.quoted = true;
                return true;
            }
            ++field.strays;
        }
    }
    barren_to_ = limit;
    return false;
}

// The first index at or after `at` that is no blank; a delimiter is none.
size_t LooseReader::skip_blanks(size_t at) const noexcept {
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t') && text_[at] != dialect_.delimiter &&
           text_[at] != dialect_.quote)
        ++at;
    return at;
}

bool LooseReader::ends_field(size_t at) const noexcept {
    return at == text_.size() || text_[at] == dialect_.delimiter || line_end(text_[at]);
}

// The first end of a field, or of a line, at or after `at`.
size_t LooseReader::find_end(size_t at, bool line) const noexcept {
    while (at < text_.size() && !line_end(text_[at]) && (line || text_[at] != dialect_.delimiter)) ++at;
    return at;
}

size_t unescape_loosely(std::string_view text, const Dialect &dialect, char *to) noexcept {
    char *out = to;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool pair = text[i] == dialect.escape && i + 1 < text.size() &&
                          (text[i + 1] == dialect.quote || text[i + 1] == dialect.escape);
        if (pair) ++i;
        *out++ = text[i];
    }
    return static_cast<size_t>(out - to);
}

bool salvage(std::string_view raw, size_t expected, const Dialect &dialect, Salvaged &out) {
    out.mends.clear();
    CloseAt close_at = CloseAt::line_end;
    Reading reading = read(raw, dialect, close_at, out.fields);
    if (reading.open && out.fields.size() != expected) {
        close_at = CloseAt::field_end;
        reading = read(raw, dialect, close_at, out.fields);
        if (out.fields.size() != expected) {
            close_at = CloseAt::line_end;
            reading = read(raw, dialect, close_at, out.fields);
        }
    }
    out.size = reading.size;
    if (out.fields.size() != expected) {
        const bool one_line = raw.substr(0, out.size).find_first_of("\r\n") == std::string_view::npos;
        const bool tidy = !reading.open && reading.strays == 0;
        if (!one_line && !tidy) return false;
    }
    tell_quotes(reading, close_at, out.mends);
    fit(raw.substr(0, out.size), expected, out);
    return true;
}

}  // namespace ferry::csv
