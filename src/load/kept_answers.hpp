// Answers kept for a while under keys of the callers' own, so that a request that is sent again, because
// nobody knows whether it arrived, is not done again.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "server/boundary.hpp"

namespace ferry {

// The answer of `produce`, a text, which is kept under the role's `key`; the kept one when this key has one
// already, for ferry.idempotency_lifetime. Of two requests with one key at the same moment the second waits
// for the first. `request` gives all that the answer depends on. Without a key nothing is kept. When
// `produce` fails the key is free again. Raises 22023 for a key of no or more than 255 bytes, 42710 when it
// was used for another request, 55000 when it is that of the very request that is under way.
Datum answer_once(const std::optional<std::string> &key, const std::function<std::string()> &request,
                  const std::function<Datum()> &produce);

}  // namespace ferry
