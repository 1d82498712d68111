// ferry.drop_backup and ferry.prune_backups: ending backups.
#include "archive/retention.hpp"
#include "functions/backup_row.hpp"
#include "server/arguments.hpp"
#include "server/result_set.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t { keep_last_argument, keep_for_argument, dry_run_argument };

int32_t read_keep_last(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(keep_last_argument))
        fail({Code::null_argument, "argument \"keep_last\" must not be null"});
    const int32_t count = PG_GETARG_INT32(keep_last_argument);
    if (count < 0)
        fail({Code::invalid_option,
              "invalid value for option \"keep_last\": \"" + std::to_string(count) + "\"", "",
              "It must not be negative."});
    return count;
}

// The moment, in microseconds since 1970, whose later backups are all kept.
int64_t read_keep_since(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(keep_for_argument))
        fail({Code::null_argument, "argument \"keep_for\" must not be null"});
    const TimestampTz now = GetCurrentTimestamp();
    const TimestampTz since = pg_call([&] {
        return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(now),
                                                       PG_GETARG_DATUM(keep_for_argument)));
    });
    if (since > now)
        fail({Code::invalid_option, "invalid value for option \"keep_for\"", "", "It must not be negative."});
    return unix_micros_now() - (now - since);
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(drop_backup) {
    const Manifest manifest = find_manifest(require_bigint(fcinfo, 0, "backup"));
    drop_backup(manifest);
    return row_datum("backup", backup_row(manifest));
}

FERRY_FUNCTION(prune_backups) {
    const int32_t keep_last = read_keep_last(fcinfo);
    const int64_t keep_since = read_keep_since(fcinfo);
    const bool dry_run = boolean_argument(fcinfo, dry_run_argument).value_or(false);
    ResultSet result(fcinfo);
    for (const Manifest &manifest : find_expired(keep_last, keep_since)) {
        check_interrupts();
        const auto row = backup_row(manifest);
        if (!dry_run) drop_backup(manifest);
        result.add(row);
    }
    return 0;
}
