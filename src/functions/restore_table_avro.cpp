// ferry.restore_table_avro, by the id of a backup or by the path of any Avro file, restore_table_avro_data
// from a value and restore_table_avro_as into a new table: a table back, whole or not at all.
#include <array>

#include "archive/restore.hpp"
#include "core/text.hpp"
#include "functions/load_options.hpp"
#include "server/arguments.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t {
    target_argument,
    source_argument,
    mode_argument,
    dry_run_argument,
    on_error_argument,
    reject_limit_argument,
    columns_argument,
    naive_time_zone_argument,
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

[[noreturn]] void fail_columns() {
    fail({Code::invalid_option,
          "option \"columns\" must be an object of field names with column names or null", "",
          "For example: {\"field\": \"column\", \"other\": null}."});
}

// {"field": "column", "other": null}, and what is to be logged of it.
void read_columns(FunctionCallInfo fcinfo, RestoreOptions &options) {
    if (PG_ARGISNULL(columns_argument)) return;
    const Datum value = PG_GETARG_DATUM(columns_argument);
    if (!pg_call([&] { return JB_ROOT_IS_OBJECT(DatumGetJsonbP(value)); })) fail_columns();
    const std::array<SqlArgument, 1> arguments{SqlArgument{JSONBOID, value}};
    for (const TextRow &row : query("SELECT key, pg_catalog.jsonb_typeof(value), value "
                                    "OPERATOR(pg_catalog.#>>) '{}' FROM pg_catalog.jsonb_each($1)",
                                    arguments)) {
        if (row[1] != "string" && row[1] != "null") fail_columns();
        options.match.columns.emplace(row[0].value(), row[2]);
    }
    options.load.json += ", \"columns\": ";
    options.load.json += pg_call([&] {
        const Jsonb *columns = DatumGetJsonbP(value);
        return static_cast<const char *>(
            JsonbToCString(nullptr, const_cast<JsonbContainer *>(&columns->root), VARSIZE(columns)));
    });
}

void read_time_zone(FunctionCallInfo fcinfo, RestoreOptions &options) {
    options.match.naive_time_zone = text_argument(fcinfo, naive_time_zone_argument).value_or("");
    if (options.match.naive_time_zone.empty()) return;
    options.load.json += ", \"naive_time_zone\": ";
    append_json_string(options.load.json, options.match.naive_time_zone);
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
    load.json += std::string(", \"dry_run\": ") + (load.dry_run ? "true" : "false");
    read_columns(fcinfo, options);
    read_time_zone(fcinfo, options);
    load.json += "}";
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

FERRY_FUNCTION(restore_table_avro_data) {
    const Oid target = require_oid(fcinfo, target_argument, "target");
    const std::string_view bytes = require_bytes(fcinfo, source_argument, "data");
    return finish(restore_bytes(target, bytes, read_options(fcinfo)));
}

FERRY_FUNCTION(restore_table_avro_as) {
    const int64_t backup = require_bigint(fcinfo, 0, "backup");
    const std::string name = require_text(fcinfo, 1, "new_name");
    return report_datum(restore_backup_as(find_manifest(backup), name));
}
