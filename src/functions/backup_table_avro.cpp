// ferry.backup_table_avro, ferry.list_backups and ferry.avro_schema: a table out to an Avro file, and what
// there is.
#include "archive/backup.hpp"
#include "archive/table_shape.hpp"
#include "functions/backup_row.hpp"
#include "server/arguments.hpp"
#include "server/relation.hpp"
#include "server/result_set.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t { target_argument, codec_argument, level_argument, name_argument };

BackupOptions read_options(FunctionCallInfo fcinfo) {
    BackupOptions options;
    const std::string codec = text_argument(fcinfo, codec_argument).value_or("deflate");
    // Avro lets a file without a name for its codec mean "null"; a caller has to say it.
    if (codec.empty())
        fail({Code::invalid_option, "invalid value for option \"codec\": \"\"", "",
              "Available values: null, deflate, snappy, zstandard."});
    options.codec = value_or_fail(avro::find_codec(codec));
    if (!PG_ARGISNULL(level_argument)) options.level = PG_GETARG_INT32(level_argument);
    const std::optional<std::string> name = text_argument(fcinfo, name_argument);
    if (name && name->empty())
        fail({Code::file_name, "file name \"\" is not allowed", "",
              "Leave the option name out to have one made."});
    options.name = name.value_or("");
    return options;
}

// A backup that leaves rows out in silence is none: where policies hide rows from the caller it is refused.
void refuse_hidden_rows(Relation rel) {
    if (!row_security_applies(rel)) return;
    fail({Code::no_privilege,
          "cannot back up table \"" + qualified_name(rel) + "\" where row-level security applies to you", "",
          "Back it up as its owner or as a role that bypasses row-level security."});
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(backup_table_avro) {
    const BackupOptions options = read_options(fcinfo);
    Relation rel = open_table(require_oid(fcinfo, target_argument, "target"), AccessShareLock);
    require_rights(rel, ACL_SELECT);
    refuse_hidden_rows(rel);
    const Manifest manifest = write_backups({&rel, 1}, options).front();
    close_table(rel);
    return row_datum("backup", backup_row(manifest));
}

FERRY_FUNCTION(list_backups) {
    ResultSet result(fcinfo);
    for (const Manifest &manifest : list_manifests()) result.add(backup_row(manifest));
    return 0;
}

FERRY_FUNCTION(avro_schema) {
    Relation rel = open_table(require_oid(fcinfo, target_argument, "target"), AccessShareLock);
    const std::string schema = avro::schema_json(describe_table(rel));
    close_table(rel);
    return text_datum(schema);
}
