// ferry.restore_table_avro, by the id of a backup or by the path of any Avro file, and
// ferry.restore_table_avro_as: a table back, whole or not at all.
#include "archive/restore.hpp"
#include "core/text.hpp"
#include "functions/load_options.hpp"
#include "server/arguments.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t {
    target_argument,
    source_argument,
    mode_argument,
    dry_run_argument,
    on_error_argument,
    reject_limit_argument,
};

RestoreMode mode_of(const std::string &mode) {
    if (mode == "replace") return RestoreMode::replace;
    if (mode == "append") return RestoreMode::append;
    if (mode == "missing_only") return RestoreMode::missing_only;
    if (mode == "upsert") return RestoreMode::upsert;
    fail_option("mode", mode, "Available values: replace, append, missing_only, upsert.");
}

OnConflict on_conflict_for(RestoreMode mode) {
    if (mode == RestoreMode::missing_only) return OnConflict::skip;
    return mode == RestoreMode::upsert ? OnConflict::update : OnConflict::reject;
}

RestoreOptions read_options(FunctionCallInfo fcinfo) {
    RestoreOptions options;
    LoadOptions &load = options.load;
    const std::string mode = text_argument(fcinfo, mode_argument).value_or("replace");
    const std::string on_error = text_argument(fcinfo, on_error_argument).value_or("abort");
    options.mode = mode_of(mode);
    load.on_conflict = on_conflict_for(options.mode);
    load.on_error = on_error_of(on_error);
    load.reject_limit = reject_limit_of(bigint_argument(fcinfo, reject_limit_argument));
    load.dry_run = boolean_argument(fcinfo, dry_run_argument).value_or(false);
    load.json = "{\"mode\": ";
    append_json_string(load.json, mode);
    load.json += ", \"on_error\": ";
    append_json_string(load.json, on_error);
    load.json += ", \"reject_limit\": " + (load.reject_limit ? std::to_string(*load.reject_limit) : "null");
    load.json += std::string(", \"dry_run\": ") + (load.dry_run ? "true" : "false") + "}";
    return options;
}

Datum finish(const LoadReport &report) {
    warn_of_rejects(report);
    return report_datum(report);
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(restore_table_avro) {
    const Oid target = require_oid(fcinfo, target_argument, "target");
    const Manifest manifest = find_manifest(require_bigint(fcinfo, source_argument, "backup"));
    return finish(restore_backup(target, manifest, read_options(fcinfo)));
}

FERRY_FUNCTION(restore_table_avro_path) {
    const Oid target = require_oid(fcinfo, target_argument, "target");
    const std::string path = require_text(fcinfo, source_argument, "path");
    return finish(restore_file(target, path, read_options(fcinfo)));
}

FERRY_FUNCTION(restore_table_avro_as) {
    const int64_t backup = require_bigint(fcinfo, 0, "backup");
    const std::string name = require_text(fcinfo, 1, "new_name");
    return report_datum(restore_backup_as(find_manifest(backup), name));
}
