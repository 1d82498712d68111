// Implements names.hpp. Clashes are settled in two passes, so that a legal name never has to give way to a
// made-up one.
#include "core/avro/names.hpp"

#include <cstdint>
#include <unordered_set>

#include "core/text.hpp"

namespace ferry::avro {
namespace {

bool is_letter(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

struct CodePoint {
    uint32_t value;
    size_t bytes;
};

// The code point at the start of text, which is not empty; a byte that begins no valid sequence by itself.
CodePoint first_code_point(std::string_view text) noexcept {
    const auto lead = static_cast<unsigned char>(text[0]);
    const size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (bytes == 1 || text.size() < bytes || utf8_valid_prefix(text.substr(0, bytes)) != bytes)
        return {lead, 1};
    uint32_t value = lead & (0xFFU >> (bytes + 1));
    for (size_t i = 1; i < bytes; ++i) value = (value << 6) | (static_cast<unsigned char>(text[i]) & 0x3FU);
    return {value, bytes};
}

void append_escape(std::string &out, uint32_t code_point) {
    static constexpr char digits[] = "0123456789ABCDEF";
    out += "_u";
    int shift = 12;
    while (shift < 20 && (code_point >> (shift + 4)) != 0) shift += 4;
    for (; shift >= 0; shift -= 4) out.push_back(digits[(code_point >> shift) & 0xFU]);
}

}  // namespace

std::string fold(std::string_view name) {
    std::string out(name);
    for (char &c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

bool is_legal_name(std::string_view name) noexcept {
    if (name.empty() || !is_letter(name[0])) return false;
    for (const char c : name)
        if (!is_letter(c) && !is_digit(c)) return false;
    return true;
}

bool is_legal_full_name(std::string_view name) noexcept {
    for (size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
        if (!is_legal_name(name.substr(0, dot))) return false;
        name.remove_prefix(dot + 1);
    }
    return is_legal_name(name);
}

std::string sanitize_name(std::string_view name) {
    if (is_legal_name(name)) return std::string(name);
    if (name.empty()) return "_";
    std::string out;
    for (std::string_view rest = name; !rest.empty();) {
        const CodePoint point = first_code_point(rest);
        const bool legal = is_letter(rest[0]) || (is_digit(rest[0]) && !out.empty());
        if (legal)
            out.push_back(rest[0]);
        else
            append_escape(out, point.value);
        rest.remove_prefix(point.bytes);
    }
    return out;
}

std::vector<std::string> sanitize_names(std::span<const std::string_view> names) {
    std::vector<std::string> out(names.size());
    std::unordered_set<std::string> taken;
    for (size_t i = 0; i < names.size(); ++i)
        if (is_legal_name(names[i]) && taken.insert(fold(names[i])).second) out[i] = names[i];
    for (size_t i = 0; i < names.size(); ++i) {
        if (!out[i].empty()) continue;
        const std::string base = sanitize_name(names[i]);
        std::string candidate = base;
        for (size_t n = 2; !taken.insert(fold(candidate)).second; ++n)
            candidate = base + "_" + std::to_string(n);
        out[i] = std::move(candidate);
    }
    return out;
}

std::string make_namespace(std::string_view database, std::string_view schema) {
    return sanitize_name(database) + "." + sanitize_name(schema);
}

}  // namespace ferry::avro
