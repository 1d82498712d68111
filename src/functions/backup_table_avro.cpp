// ferry.backup_table_avro and its kin for many tables, ferry.list_backups and ferry.avro_schema: tables out
// to Avro files, and what there is.
#include <algorithm>

#include "archive/backup.hpp"
#include "archive/table_shape.hpp"
#include "functions/backup_row.hpp"
#include "functions/load_options.hpp"
#include "server/arguments.hpp"
#include "server/relation.hpp"
#include "server/result_set.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

// Where the options stand that all of these functions have, after what is to be backed up.
enum Argument : uint8_t {
    target_argument,
    codec_argument,
    level_argument,
    block_size_argument,
    row_security_argument,
    parallel_argument,
    name_argument,
};

constexpr int32_t least_block = 1024, largest_block = 16 << 20;
constexpr int32_t most_workers = 1024;

avro::Codec read_codec(FunctionCallInfo fcinfo) {
    const std::string codec = text_argument(fcinfo, codec_argument).value_or("deflate");
    // Avro lets a file without a name for its codec mean "null"; a caller has to say it.
    if (codec.empty()) fail_option("codec", codec, "Available values: null, deflate, snappy, zstandard.");
    return value_or_fail(avro::find_codec(codec));
}

int32_t read_number(FunctionCallInfo fcinfo, Argument argument, const char *name, int32_t least,
                    int32_t largest) {
    const int32_t number = PG_GETARG_INT32(argument);
    if (number >= least && number <= largest) return number;
    const std::string range =
        "It must be from " + std::to_string(least) + " to " + std::to_string(largest) + ".";
    fail_option(name, std::to_string(number), range.c_str());
}

BackupOptions read_options(FunctionCallInfo fcinfo) {
    BackupOptions options;
    options.codec = read_codec(fcinfo);
    if (!PG_ARGISNULL(level_argument)) options.level = PG_GETARG_INT32(level_argument);
    if (!PG_ARGISNULL(block_size_argument))
        options.block_size = static_cast<size_t>(
            read_number(fcinfo, block_size_argument, "block_size", least_block, largest_block));
    if (!PG_ARGISNULL(parallel_argument))
        options.workers = read_number(fcinfo, parallel_argument, "parallel", 0, most_workers);
    // Tells of a wrong level before anything is begun.
    (void)value_or_fail(avro::Compressor::create(options.codec, options.level));
    return options;
}

bool read_filter(FunctionCallInfo fcinfo) {
    const std::string value = text_argument(fcinfo, row_security_argument).value_or("error");
    if (value == "filter") return true;
    if (value != "error") fail_option("row_security", value, "Available values: error, filter.");
    return false;
}

// A backup that leaves rows out in silence is none: where policies hide rows from the caller it is refused,
// unless that is what was asked for.
void refuse_hidden_rows(Relation rel) {
    if (!row_security_applies(rel)) return;
    fail({Code::no_privilege,
          "cannot back up table \"" + qualified_name(rel) + "\" where row-level security applies to you", "",
          "Back it up as its owner or as a role that bypasses row-level security, or use row_security => "
          "'filter' for the rows that you see."});
}

std::vector<Manifest> back_up(const std::vector<Oid> &targets, const BackupOptions &options, bool filter) {
    std::vector<Relation> tables;
    for (const Oid target : targets) {
        check_interrupts();
        Relation rel = open_table(target, AccessShareLock);
        require_rights(rel, ACL_SELECT);
        if (!filter) refuse_hidden_rows(rel);
        tables.push_back(rel);
    }
    std::vector<Manifest> manifests = write_backups(tables, options);
    for (Relation rel : tables) close_table(rel);
    return manifests;
}

std::vector<Oid> read_targets(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(target_argument)) fail({Code::null_argument, "argument \"targets\" must not be null"});
    std::vector<Oid> targets = oid_array_argument(fcinfo, target_argument);
    std::vector<Oid> sorted = targets;
    std::ranges::sort(sorted);
    const auto twice = std::ranges::adjacent_find(sorted);
    if (twice != sorted.end())
        fail({Code::invalid_option, "table \"" + qualified_name(*twice) + "\" is named twice", "", ""});
    return targets;
}

// All tables with rows of their own, or of partitions, that a schema has.
std::vector<Oid> tables_of(Oid schema) {
    const std::string oid = std::to_string(schema);
    const std::vector<TextRow> right = query(
        "SELECT n.nspname, pg_catalog.has_schema_privilege(n.oid, 'USAGE') FROM pg_catalog.pg_namespace n "
        "WHERE n.oid OPERATOR(pg_catalog.=) " +
        oid);
    if (right.empty()) fail({Code::undefined_object, "schema with OID " + oid + " does not exist", "", ""});
    if (right[0][1] != "t")
        fail({Code::no_privilege, "permission denied for schema " + right[0][0].value_or(""), "", ""});
    std::vector<Oid> tables;
    for (const TextRow &row :
         query("SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relnamespace OPERATOR(pg_catalog.=) " + oid +
               " AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']::pg_catalog.\"char\"[]) AND NOT "
               "c.relispartition ORDER BY c.relname"))
        tables.push_back(static_cast<Oid>(std::stoul(row[0].value_or("0"))));
    return tables;
}

void add_rows(ResultSet &result, const std::vector<Manifest> &manifests) {
    for (const Manifest &manifest : manifests) result.add(backup_row(manifest));
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(backup_table_avro) {
    BackupOptions options = read_options(fcinfo);
    const bool filter = read_filter(fcinfo);
    const std::optional<std::string> name = text_argument(fcinfo, name_argument);
    if (name && name->empty())
        fail({Code::file_name, "file name \"\" is not allowed", "",
              "Leave the option name out to have one made."});
    options.name = name.value_or("");
    const Oid target = require_oid(fcinfo, target_argument, "target");
    return row_datum("backup", backup_row(back_up({target}, options, filter).front()));
}

FERRY_FUNCTION(backup_tables_avro) {
    const BackupOptions options = read_options(fcinfo);
    const bool filter = read_filter(fcinfo);
    const std::vector<Oid> targets = read_targets(fcinfo);
    ResultSet result(fcinfo);
    add_rows(result, back_up(targets, options, filter));
    return 0;
}

FERRY_FUNCTION(backup_schema_avro) {
    const BackupOptions options = read_options(fcinfo);
    const bool filter = read_filter(fcinfo);
    const std::vector<Oid> targets = tables_of(require_oid(fcinfo, target_argument, "schema"));
    ResultSet result(fcinfo);
    add_rows(result, back_up(targets, options, filter));
    return 0;
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
