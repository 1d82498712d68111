// The end of old loads and their rejects in the log.
#pragma once

#include <cstdint>

#include "server/boundary.hpp"

namespace ferry {

// Deletes loads that ended so long before the transaction began, with their rejects: those of the current
// user's own role, or everyone's for a superuser. Returns how many loads. Raises 22023 for a negative
// interval.
uint64_t purge_loads(Datum older_than);

}  // namespace ferry
