// Implements load_options.hpp.
#include "functions/load_options.hpp"

namespace ferry {

void fail_option(const char *name, const std::string &value, const char *hint) {
    fail({Code::invalid_option, std::string("invalid value for option \"") + name + "\": \"" + value + "\"",
          "", hint});
}

OnError on_error_of(const std::string &on_error) {
    if (on_error == "reject") return OnError::reject;
    if (on_error == "abort") return OnError::abort;
    if (on_error == "raise") return OnError::raise;
    fail_option("on_error", on_error, "Available values: reject, abort, raise.");
}

OnConflict on_conflict_of(const std::string &on_conflict) {
    if (on_conflict == "reject") return OnConflict::reject;
    if (on_conflict == "skip") return OnConflict::skip;
    if (on_conflict == "update") return OnConflict::update;
    fail_option("on_conflict", on_conflict, "Available values: reject, skip, update.");
}

std::optional<int64_t> reject_limit_of(std::optional<int64_t> limit) {
    if (limit && *limit < 0) fail_option("reject_limit", std::to_string(*limit), "It must not be negative.");
    return limit;
}

bool salvage_of(const std::string &repair) {
    if (repair == "salvage") return true;
    if (repair != "none") fail_option("repair", repair, "Available values: none, salvage.");
    return false;
}

Encoding encoding_of(const std::string &name, const char *available) {
    const std::optional<Encoding> encoding = find_encoding(name);
    const std::string hint = std::string("Available values: ") + available + ".";
    if (!encoding) fail_option("encoding", name, hint.c_str());
    return *encoding;
}

}  // namespace ferry
