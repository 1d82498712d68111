// ferry.diff_backup: which rows a restore would bring, change and take away.
#include "archive/diff.hpp"
#include "server/arguments.hpp"
#include "server/result_set.hpp"

using namespace ferry;

FERRY_FUNCTION(diff_backup) {
    const int64_t backup = require_bigint(fcinfo, 0, "backup");
    ResultSet result(fcinfo);
    diff_backup(find_manifest(backup), [&](const DifferingRow &row) { result.add(row); });
    return 0;
}
