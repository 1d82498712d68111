// Implements text.hpp. The UTF-8 check skips eight ASCII bytes at a time, the common case by far.
#include "core/text.hpp"

#include <cstring>

namespace ferry {
namespace {

bool continuation(unsigned char c) noexcept {
    return (c & 0xC0U) == 0x80U;
}

// The length of the valid sequence at p (end - p >= 1), or 0.
size_t sequence_length(const unsigned char *p, const unsigned char *end) noexcept {
    const unsigned char c = p[0];
    const auto left = static_cast<size_t>(end - p);
    if (c < 0x80) return 1;
    if (c < 0xC2) return 0;
    if (c < 0xE0) return left >= 2 && continuation(p[1]) ? 2 : 0;
    if (c < 0xF0) {
        if (left < 3 || !continuation(p[1]) || !continuation(p[2])) return 0;
        if (c == 0xE0 && p[1] < 0xA0) return 0;
        if (c == 0xED && p[1] > 0x9F) return 0;
        return 3;
    }
    if (c > 0xF4) return 0;
    if (left < 4 || !continuation(p[1]) || !continuation(p[2]) || !continuation(p[3])) return 0;
    if (c == 0xF0 && p[1] < 0x90) return 0;
    if (c == 0xF4 && p[1] > 0x8F) return 0;
    return 4;
}

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

size_t utf8_valid_prefix(std::string_view text) noexcept {
    const auto *const begin = reinterpret_cast<const unsigned char *>(text.data());
    const auto *const end = begin + text.size();
    const auto *p = begin;
    while (p < end) {
        while (end - p >= 8) {
            uint64_t eight;
            std::memcpy(&eight, p, sizeof eight);
            if ((eight & 0x8080808080808080ULL) != 0) break;
            p += 8;
        }
        if (p == end) break;
        const size_t n = sequence_length(p, end);
        if (n == 0) return static_cast<size_t>(p - begin);
        p += n;
    }
    return text.size();
}

char *put_utf8(char *to, uint32_t c) noexcept {
    const auto put = [&to](uint32_t byte) { *to++ = static_cast<char>(byte); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0U | c >> 6U);
        put(0x80U | (c & 0x3FU));
    } else if (c < 0x10000) {
        put(0xE0U | c >> 12U);
        put(0x80U | (c >> 6U & 0x3FU));
        put(0x80U | (c & 0x3FU));
    } else {
        put(0xF0U | c >> 18U);
        put(0x80U | (c >> 12U & 0x3FU));
        put(0x80U | (c >> 6U & 0x3FU));
        put(0x80U | (c & 0x3FU));
    }
    return to;
}

std::string_view clip(std::string_view text, size_t limit) noexcept {
    if (text.size() <= limit) return text;
    size_t n = limit;
    while (n > 0 && continuation(static_cast<unsigned char>(text[n]))) --n;
    return text.substr(0, n);
}

void append_json_string(std::string &out, std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    out.push_back('"');
    size_t plain = 0;  // what follows from here goes as it is
    for (size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, plain, i - plain);
        plain = i + 1;
        out.push_back('\\');
        switch (text[i]) {
            case '\b':
                out.push_back('b');
                break;
            case '\f':
                out.push_back('f');
                break;
            case '\n':
                out.push_back('n');
                break;
            case '\r':
                out.push_back('r');
                break;
            case '\t':
                out.push_back('t');
                break;
            default:
                if (c < 0x20)
                    out.append({'u', '0', '0', hex[c >> 4U], hex[c & 0xFU]});
                else
                    out.push_back(text[i]);
        }
    }
    out.append(text, plain, text.size() - plain);
    out.push_back('"');
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

std::string_view trim(std::string_view text) noexcept {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

}  // namespace ferry
