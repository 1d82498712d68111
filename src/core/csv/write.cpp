// Implements write.hpp. Quotes are written only where reading would otherwise give something else.
#include "core/csv/write.hpp"

namespace ferry::csv {
namespace {

bool needs_quotes(std::string_view text, const Dialect &d) noexcept {
    if (text == d.null_string) return true;
    if (text == "\\.") return true;  // COPY before PostgreSQL 18 takes it for the end of the data
    if (text.substr(0, byte_order_mark.size()) == byte_order_mark) return true;
    for (const char c : text)
        if (c == d.delimiter || c == d.quote || c == '\n' || c == '\r') return true;
    return false;
}

}  // namespace

void append_csv_field(std::string &out, std::string_view text, bool null, const Dialect &d) {
    if (null) {
        out += d.null_string;
        return;
    }
    if (!needs_quotes(text, d)) {
        out += text;
        return;
    }
    out.push_back(d.quote);
    for (const char c : text) {
        if (c == d.quote || c == d.escape) out.push_back(d.escape);
        out.push_back(c);
    }
    out.push_back(d.quote);
}

}  // namespace ferry::csv
