// Implements error_kinds.hpp.
#include "load/error_kinds.hpp"

namespace ferry {
namespace {

// Where messages are all different there is nothing to share: beyond so many kinds they are forgotten, and
// one that comes again is written again.
constexpr size_t most_kinds = 4096;

// Values stand in quotes or brackets.
bool is_quoted(std::string_view message, size_t at, size_t size) {
    if (at == 0 || at + size == message.size()) return false;
    const char before = message[at - 1], behind = message[at + size];
    return (before == '"' && behind == '"') || (before == '(' && behind == ')');
}

}  // namespace

CutMessage cut_message(const RowError &error) {
    const std::string_view message = error.message;
    if (!error.value) return {message, {}, false};
    const std::string &value = *error.value;
    for (size_t at = message.rfind(value); at != message.npos && at > 0; at = message.rfind(value, at - 1)) {
        if (is_quoted(message, at, value.size()))
            return {message.substr(0, at), message.substr(at + value.size()), true};
    }
    return {message, {}, false};
}

uint64_t ErrorKinds::find(const RowError &error, const CutMessage &message) {
    image_.assign(reinterpret_cast<const char *>(&error.column), sizeof error.column);
    image_.push_back(static_cast<char>(error.cls));
    image_.push_back(message.quotes ? '\1' : '\0');
    for (const std::string_view text :
         {std::string_view(error.sqlstate), error.column_name, error.column_type, error.constraint,
          error.hint, message.head, message.tail})
        image_.append(text).push_back('\0');
    const auto known = numbers_.find(image_);
    return known != numbers_.end() ? known->second : 0;
}

void ErrorKinds::add(uint64_t number) {
    recent_.push_back(&numbers_.emplace(image_, number).first->first);
}

void ErrorKinds::keep() {
    recent_.clear();
    if (numbers_.size() > most_kinds) numbers_.clear();
}

void ErrorKinds::forget() {
    for (const std::string *image : recent_) numbers_.erase(numbers_.find(*image));
    recent_.clear();
}

}  // namespace ferry
