// Implements locate.hpp.
#include "core/csv/locate.hpp"

#include "core/csv/salvage.hpp"

namespace ferry::csv {
namespace {

void walk(std::string_view raw, const Reading &reading, Places &out) {
    for (size_t at = 0;;) {
        out.starts.push_back(at);
        const FieldEnd end = find_field_end(raw, at, reading.dialect);
        if (!end.closed) {
            out.fault = at;
            return;
        }
        if (end.at >= raw.size()) break;
        at = end.at + 1;
    }
    if (out.starts.size() > reading.expected) out.fault = out.starts[reading.expected];
    if (out.starts.size() < reading.expected) out.fault = raw.size();
}

// The places that salvage found; false when it would not have mended the record.
bool walk_salvaged(std::string_view raw, const Reading &reading, Places &out) {
    Salvaged salvaged;
    if (!salvage(raw, reading.expected, reading.dialect, salvaged)) return false;
    out = {};
    for (const LooseField &field : salvaged.fields)
        out.starts.push_back(static_cast<size_t>(field.text.data() - raw.data()) - (field.quoted ? 1 : 0));
    return true;
}

void locate_bytes(std::string_view raw, const Reading &reading, Places &out) {
    walk(raw, reading, out);
    if (out.fault && reading.salvage) walk_salvaged(raw, reading, out);
}

}  // namespace

void locate_fields(std::string_view raw, const Reading &reading, Places &out) {
    out.starts.clear();
    out.fault.reset();
    if (reading.encoding != Encoding::utf16le && reading.encoding != Encoding::utf16be)
        return locate_bytes(raw, reading, out);
    std::string text;
    if (!append_utf8(reading.encoding, raw, text)) return;
    locate_bytes(text, reading, out);
    const auto original = [&](size_t at) {
        return static_cast<size_t>(utf16_size(std::string_view(text).substr(0, at)));
    };
    for (size_t &start : out.starts) start = original(start);
    if (out.fault) out.fault = original(*out.fault);
}

}  // namespace ferry::csv
