// Arguments and results of SQL functions as C++ values. NULL arguments are nullopt: the house rule makes NULL
// the default.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/boundary.hpp"

namespace ferry {

std::optional<std::string> text_argument(FunctionCallInfo fcinfo, int n);
std::optional<std::vector<std::string>> text_array_argument(FunctionCallInfo fcinfo, int n);
// Not NULL; raises 22004 for a NULL element.
std::vector<Oid> oid_array_argument(FunctionCallInfo fcinfo, int n);
std::optional<int64_t> bigint_argument(FunctionCallInfo fcinfo, int n);
std::optional<bool> boolean_argument(FunctionCallInfo fcinfo, int n);
// Raises 22004 when NULL: `name` is what the user calls it.
int64_t require_bigint(FunctionCallInfo fcinfo, int n, const char *name);
Oid require_oid(FunctionCallInfo fcinfo, int n, const char *name);
std::string require_text(FunctionCallInfo fcinfo, int n, const char *name);
// Bytes of the argument itself, there until the function returns.
std::string_view require_bytes(FunctionCallInfo fcinfo, int n, const char *name);

// A text result, allocated in the current memory context.
Datum text_datum(std::string_view text);

}  // namespace ferry
