// ferry.restore_table_avro, by the id of a backup or by the path of any Avro file: a table back, whole or not
// at all.
#include "archive/restore.hpp"
#include "core/text.hpp"
#include "server/arguments.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t { target_argument, source_argument, mode_argument, dry_run_argument };

RestoreOptions read_options(FunctionCallInfo fcinfo) {
    RestoreOptions options;
    const std::string mode = text_argument(fcinfo, mode_argument).value_or("replace");
    if (mode == "append")
        options.mode = RestoreMode::append;
    else if (mode != "replace")
        fail({Code::invalid_option, "invalid value for option \"mode\": \"" + mode + "\"", "",
              "Available values: replace, append."});
    options.load.on_error = OnError::abort;
    options.load.dry_run = boolean_argument(fcinfo, dry_run_argument).value_or(false);
    options.load.json = "{\"mode\": ";
    append_json_string(options.load.json, mode);
    options.load.json += std::string(", \"dry_run\": ") + (options.load.dry_run ? "true" : "false") + "}";
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
    if (PG_ARGISNULL(source_argument)) fail({Code::null_argument, "argument \"backup\" must not be null"});
    const Manifest manifest = find_manifest(PG_GETARG_INT64(source_argument));
    return finish(restore_backup(target, manifest, read_options(fcinfo)));
}

FERRY_FUNCTION(restore_table_avro_path) {
    const Oid target = require_oid(fcinfo, target_argument, "target");
    const std::string path = require_text(fcinfo, source_argument, "path");
    return finish(restore_file(target, path, read_options(fcinfo)));
}
