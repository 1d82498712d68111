// The table that a backup was taken of, as it is today in this database, and who may see what the backup
// holds of it.
#pragma once

#include "archive/manifest.hpp"

namespace ferry {

// InvalidOid when the table, or one of its name, is not in this database.
Oid find_origin(const Manifest &manifest);

// True for members of pg_read_server_files, who may read the file as it is.
bool may_read_files();

}  // namespace ferry
