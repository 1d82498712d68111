// Ending backups: one by one, or all those of a table that neither their number nor their age keeps.
#pragma once

#include <vector>

#include "archive/manifest.hpp"

namespace ferry {

// Superusers, members of pg_write_server_files, and of the role that took it.
bool may_drop(const Manifest &manifest);
// Removes a backup: its manifest first, so that at no moment half of it counts as whole. Raises 42501.
void drop_backup(const Manifest &manifest);

// The backups of this database that the current user may drop and that are neither among the last `keep_last`
// of their table nor taken after `keep_since` (microseconds since 1970), oldest first.
std::vector<Manifest> find_expired(int64_t keep_last, int64_t keep_since);

}  // namespace ferry
