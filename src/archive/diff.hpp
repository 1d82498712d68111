// What a backup and the table that it was taken of differ in today, row by row. Nothing is touched: the
// backup is loaded into a temporary table that is rolled back.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/manifest.hpp"

namespace ferry {

// One row that differs: change ("missing", "surplus", "changed"), then key, the row in the backup and the row
// in the table, as JSON.
using DifferingRow = std::vector<std::optional<std::string>>;

// Hands all of them to `take`, in no order, by primary key, or by the whole row where the table has none or
// the backup does not hold it. Only columns that both have are compared. `take` is called in a subtransaction
// that is rolled back. The caller needs SELECT on the table, and the right to restore: INSERT, or membership
// in pg_read_server_files (42501). Raises 42P01 when the table is gone, 0A000 where row-level security
// applies or has filtered the backup, 25006 where temporary tables cannot be made, 22P02 for rows that the
// columns of today refuse.
void diff_backup(const Manifest &manifest, const std::function<void(const DifferingRow &)> &take);

}  // namespace ferry
