// Implements scanner.hpp: a grammar walked by a loop over states, with the open containers on a stack of its
// own, so that no input can exhaust the server's.
#include "core/json/scanner.hpp"

#include <array>
#include <optional>
#include <string>

#include "core/text.hpp"

namespace ferry::json {
namespace {

bool blank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// The value of a hexadecimal digit, or -1.
int hex_value(char c) noexcept {
    if (digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

class Validator {
  public:
    explicit Validator(std::string_view text) noexcept : text_(text) {}

    // The elements of the outer value where it is an array.
    Result<std::vector<Extent>> run();

  private:
    // What may come next.
    enum class State : uint8_t { value, first_element, first_key, key, colon, after_value, end };

    bool step();
    bool take_value();
    bool take_key();
    bool take_separator();
    bool take_string();
    bool take_escape();
    bool take_number();
    bool take_digits();
    bool take_word(std::string_view word);
    bool open(char container);
    void close();
    void finish_value();
    bool refuse(const char *expected);

    bool at_end() const noexcept { return at_ == text_.size(); }
    bool here(char c) const noexcept { return at_ < text_.size() && text_[at_] == c; }
    bool element() const noexcept { return depth_ == 1 && stack_[0] == '['; }

    std::string_view text_;
    size_t at_ = 0;
    State state_ = State::value;
    std::array<char, max_depth> stack_{};  // the containers that are open: '[' or '{'
    size_t depth_ = 0;
    size_t element_ = 0;  // where the element under way starts
    std::vector<Extent> elements_;
    std::optional<Error> error_;
};

Result<std::vector<Extent>> Validator::run() {
    while (error_ == std::nullopt) {
        at_ = skip_blanks(text_, at_);
        if (state_ == State::end && at_end()) return std::move(elements_);
        step();
    }
    return *std::move(error_);
}

bool Validator::step() {
    switch (state_) {
        case State::first_element:
            if (!here(']')) return take_value();
            close();
            return true;
        case State::value:
            return take_value();
        case State::first_key:
            if (!here('}')) return take_key();
            close();
            return true;
        case State::key:
            return take_key();
        case State::colon:
            if (!here(':')) return refuse("\":\"");
            ++at_;
            state_ = State::value;
            return true;
        case State::after_value:
            return take_separator();
        case State::end:
            break;
    }
    return refuse("end of input");
}

bool Validator::take_value() {
    if (element()) element_ = at_;
    const char *const expected = state_ == State::first_element ? "a value or \"]\"" : "a value";
    if (at_end()) return refuse(expected);
    const char c = text_[at_];
    bool taken = false;
    if (c == '{' || c == '[') return open(c);
    if (c == '"')
        taken = take_string();
    else if (c == '-' || digit(c))
        taken = take_number();
    else if (c == 't')
        taken = take_word("true");
    else if (c == 'f')
        taken = take_word("false");
    else if (c == 'n')
        taken = take_word("null");
    else
        return refuse(expected);
    if (taken) finish_value();
    return taken;
}

bool Validator::take_key() {
    if (!here('"'))
        return refuse(state_ == State::first_key ? "a key in quotes or \"}\"" : "a key in quotes");
    state_ = State::colon;
    return take_string();
}

bool Validator::take_separator() {
    const bool array = stack_[depth_ - 1] == '[';
    if (here(array ? ']' : '}')) {
        close();
        return true;
    }
    if (!here(',')) return refuse(array ? "\",\" or \"]\"" : "\",\" or \"}\"");
    ++at_;
    state_ = array ? State::value : State::key;
    return true;
}

bool Validator::take_string() {
    for (++at_; !at_end(); ++at_) {
        const char c = text_[at_];
        if (c == '"') {
            ++at_;
            return true;
        }
        if (static_cast<unsigned char>(c) < 0x20)
            return refuse("control characters in strings to be escaped");
        if (c == '\\' && !take_escape()) return false;
    }
    return refuse("the string's closing quote");
}

// Leaves at_ on the last byte of the escape.
bool Validator::take_escape() {
    ++at_;
    if (at_end()) return refuse("an escape sequence");
    if (!here('u')) {
        if (std::string_view("\"\\/bfnrt").find(text_[at_]) != std::string_view::npos) return true;
        return refuse("one of \" \\ / b f n r t u after the backslash");
    }
    for (int i = 0; i < 4; ++i) {
        ++at_;
        if (at_end() || hex_value(text_[at_]) < 0) return refuse("four hexadecimal digits after \\u");
    }
    return true;
}

bool Validator::take_number() {
    if (here('-')) ++at_;
    if (here('0'))
        ++at_;
    else if (!take_digits())
        return false;
    if (here('.')) {
        ++at_;
        if (!take_digits()) return false;
    }
    if (here('e') || here('E')) {
        ++at_;
        if (here('+') || here('-')) ++at_;
        if (!take_digits()) return false;
    }
    return true;
}

bool Validator::take_digits() {
    const size_t start = at_;
    while (!at_end() && digit(text_[at_])) ++at_;
    return at_ > start || refuse("a digit");
}

bool Validator::take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return refuse("a value");
    at_ += word.size();
    return true;
}

bool Validator::open(char container) {
    if (depth_ == max_depth) {
        error_ = Error{Code::too_deep,
                       "JSON is nested too deeply",
                       "At most " + std::to_string(max_depth) + " levels are allowed.",
                       {},
                       at_};
        return false;
    }
    stack_[depth_++] = container;
    state_ = container == '[' ? State::first_element : State::first_key;
    ++at_;
    return true;
}

void Validator::close() {
    ++at_;
    --depth_;
    finish_value();
}

void Validator::finish_value() {
    if (element()) elements_.push_back({element_, at_ - element_});
    state_ = depth_ == 0 ? State::end : State::after_value;
}

bool Validator::refuse(const char *expected) {
    std::string detail = std::string("Expected ") + expected + ", ";
    if (at_end())
        detail += "but the input ended.";
    else
        detail +=
            "found " + std::string(clip(text_.substr(at_), 4)) + " at byte " + std::to_string(at_) + ".";
    error_ = Error{Code::malformed_json, "invalid JSON", std::move(detail), {}, at_};
    return false;
}

// The code unit that the four hexadecimal digits at `digits` stand for.
uint32_t code_unit(const char *digits) noexcept {
    uint32_t unit = 0;
    for (int i = 0; i < 4; ++i) unit = unit << 4U | static_cast<uint32_t>(hex_value(digits[i]));
    return unit;
}

char simple_escape(char c) noexcept {
    switch (c) {
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return c;
    }
}

Result<std::vector<Extent>> validate(std::string_view text) {
    const size_t valid = utf8_valid_prefix(text);
    if (valid != text.size()) return Error{Code::invalid_encoding, "JSON is not valid UTF-8", {}, {}, valid};
    return Validator(text).run();
}

}  // namespace

Result<std::vector<Extent>> array_elements(std::string_view text) {
    Result<std::vector<Extent>> elements = validate(text);
    if (!elements) return elements;
    const size_t start = skip_blanks(text, 0);
    if (text[start] != '[')
        return Error{Code::not_an_array, "JSON array expected", {}, "Send an array of objects.", start};
    return elements;
}

Result<std::vector<Member>> object_members(std::string_view text) {
    if (Result<std::vector<Extent>> checked = validate(text); !checked) return std::move(checked).error();
    const size_t start = skip_blanks(text, 0);
    if (text[start] != '{') return Error{Code::not_an_object, "JSON object expected", {}, {}, start};
    std::vector<Member> members;
    for (size_t at = skip_blanks(text, start + 1); text[at] != '}';) {
        const size_t key_end = value_end(text, at);
        const size_t value = skip_blanks(text, skip_blanks(text, key_end) + 1);
        const size_t end = value_end(text, value);
        members.push_back({{at, key_end - at}, {value, end - value}});
        at = skip_blanks(text, end);
        if (text[at] == ',') at = skip_blanks(text, at + 1);
    }
    return members;
}

size_t skip_blanks(std::string_view text, size_t at) noexcept {
    while (at < text.size() && blank(text[at])) ++at;
    return at;
}

size_t value_end(std::string_view text, size_t at) noexcept {
    size_t depth = 0;
    do {
        const char c = text[at];
        if (c == '"') {
            for (++at; text[at] != '"'; ++at)
                if (text[at] == '\\') ++at;
            ++at;
        } else if (c == '{' || c == '[') {
            ++depth;
            ++at;
        } else if (c == '}' || c == ']') {
            --depth;
            ++at;
        } else if (depth > 0) {
            ++at;
        } else {
            while (at < text.size() && !blank(text[at]) && text[at] != ',' && text[at] != ']' &&
                   text[at] != '}')
                ++at;
        }
    } while (depth > 0);
    return at;
}

Escapes unescape(std::string_view inside, char *to, size_t &size) noexcept {
    char *out = to;
    for (size_t i = 0; i < inside.size(); ++i) {
        if (inside[i] != '\\') {
            *out++ = inside[i];
            continue;
        }
        ++i;
        if (inside[i] != 'u') {
            *out++ = simple_escape(inside[i]);
            continue;
        }
        uint32_t c = code_unit(inside.data() + i + 1);
        i += 4;
        if (c == 0) return Escapes::nul;
        if (c >= 0xDC00 && c < 0xE000) return Escapes::lone_surrogate;
        if (c >= 0xD800 && c < 0xDC00) {
            if (inside.substr(i + 1, 2) != "\\u") return Escapes::lone_surrogate;
            const uint32_t low = code_unit(inside.data() + i + 3);
            if (low < 0xDC00 || low >= 0xE000) return Escapes::lone_surrogate;
            c = 0x10000 + ((c - 0xD800) << 10U) + (low - 0xDC00);
            i += 6;
        }
        out = put_utf8(out, c);
    }
    size = static_cast<size_t>(out - to);
    return Escapes::fine;
}

}  // namespace ferry::json
