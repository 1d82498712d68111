// Options that several load functions have, from the words of their callers.
#pragma once

#include <string>

#include "core/encoding.hpp"
#include "load/load.hpp"

namespace ferry {

// Raises 22023 for the option of this name.
[[noreturn]] void fail_option(const char *name, const std::string &value, const char *hint);

// All raise 22023 for other words than theirs.
OnError on_error_of(const std::string &on_error);
// Raises 22023 for a negative one.
std::optional<int64_t> reject_limit_of(std::optional<int64_t> limit);
OnConflict on_conflict_of(const std::string &on_conflict);
bool salvage_of(const std::string &repair);
Encoding encoding_of(const std::string &name, const char *available);

}  // namespace ferry
