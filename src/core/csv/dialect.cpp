// Implements dialect.hpp, one byte at a time: these walks serve headers, faulty records and fields with
// quotes inside. Whole files go through splitter.cpp.
#include "core/csv/dialect.hpp"

namespace ferry::csv {
namespace {

bool unusable(char c) noexcept {
    return c == '\n' || c == '\r' || c == '\0';
}

Error refusal(std::string message) {
    return Error{Code::invalid_option, std::move(message), {}, {}, 0};
}

}  // namespace

Status check(const Dialect &d) {
    if (unusable(d.delimiter)) return refusal("CSV delimiter cannot be newline, carriage return or NUL");
    if (unusable(d.quote)) return refusal("CSV quote cannot be newline, carriage return or NUL");
    if (unusable(d.escape)) return refusal("CSV escape cannot be newline, carriage return or NUL");
    if (d.delimiter == d.quote) return refusal("CSV delimiter and quote must be different");
    for (const char c : d.null_string) {
        if (unusable(c)) return refusal("CSV null string cannot use newline, carriage return or NUL");
        if (c == d.delimiter) return refusal("CSV delimiter must not appear in the null string");
        if (c == d.quote) return refusal("CSV quote must not appear in the null string");
    }
    return Done{};
}

FieldEnd find_field_end(std::string_view text, size_t start, const Dialect &d) noexcept {
    bool quoted = false;
    size_t i = start;
    for (; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == d.escape && i + 1 < text.size() &&
            (text[i + 1] == d.escape || text[i + 1] == d.quote)) {
            ++i;
        } else if (c == d.quote) {
            quoted = !quoted;
        } else if (!quoted && (c == d.delimiter || c == '\n' || c == '\r')) {
            break;
        }
    }
    return {i, !quoted};
}

size_t unquote(std::string_view field, const Dialect &d, char *to) noexcept {
    char *out = to;
    bool quoted = false;
    for (size_t i = 0; i < field.size(); ++i) {
        const char c = field[i];
        if (quoted && c == d.escape && i + 1 < field.size() &&
            (field[i + 1] == d.escape || field[i + 1] == d.quote))
            *out++ = field[++i];
        else if (c == d.quote)
            quoted = !quoted;
        else
            *out++ = c;
    }
    return static_cast<size_t>(out - to);
}

}  // namespace ferry::csv
