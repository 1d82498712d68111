// Implements backup.hpp. A value that its column's Avro type cannot hold starts the file over with a text
// branch for that column: the same snapshot gives the same rows, and ordinary tables keep the plain schema.
#include "archive/backup.hpp"

#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>

#include "archive/row_scan.hpp"
#include "core/avro/container.hpp"
#include "core/avro/encoder.hpp"
#include "core/content_hash.hpp"
#include "server/files.hpp"
#include "server/relation.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

constexpr int64_t epoch_micros = int64_t{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * USECS_PER_DAY;

// Letters, digits and a few signs stay; the file system and the shell get nothing else to see.
std::string safe_file_name(const std::string &name) {
    std::string safe;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '_' || c == '-' || c == '.';
        safe.push_back(plain ? c : '_');
    }
    return safe.substr(0, 128);
}

std::string utc_text(int64_t unix_micros) {
    const auto seconds = static_cast<time_t>(unix_micros / USECS_PER_SEC);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[40];
    const int size = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
                                   parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                                   parts.tm_min, parts.tm_sec, static_cast<int>(unix_micros % USECS_PER_SEC));
    return {text, static_cast<size_t>(size)};
}

avro::WriterOptions writer_options(const avro::Table &table, const Manifest &manifest) {
    avro::WriterOptions options;
    options.schema_json = avro::schema_json(table);
    done_or_fail(avro::check_with_avro_c(options.schema_json));
    options.metadata = {{"pg_ferry.table", manifest.target},
                        {"pg_ferry.database", manifest.database},
                        {"pg_ferry.taken_at", manifest.taken_at},
                        {"pg_ferry.server_version", manifest.server_version}};
    const std::string sync = random_bytes(options.sync.size());
    std::memcpy(options.sync.data(), sync.data(), sync.size());
    return options;
}

// One attempt. Returns the column to widen, or nothing when the file is complete and its facts are in the
// manifest.
std::optional<size_t> write_file(Relation rel, const avro::Table &table, const BackupOptions &options,
                                 Manifest &manifest) {
    OutputFile file(Place::backups, manifest.file);
    avro::ContainerWriter writer(file, value_or_fail(avro::Compressor::create(options.codec, options.level)),
                                 writer_options(table, manifest));
    const avro::RowEncoder encoder(table.columns);
    ContentHash hash;
    std::vector<Field> row(table.columns.size());
    std::optional<size_t> misfit;
    writer.begin();
    const auto scan = scan_rows(rel, table, GetActiveSnapshot());
    while (!misfit && scan->next(row)) {
        const int column = encoder.encode(row, writer.block());
        if (column >= 0) {
            misfit = static_cast<size_t>(column);
        } else {
            hash.add(row);
            done_or_fail(writer.row_done());
        }
    }
    scan->finish();
    if (misfit) return misfit;
    done_or_fail(writer.finish());
    file.publish();
    manifest.rows = writer.rows();
    manifest.bytes = file.bytes();
    manifest.sha256 = file.sha256();
    manifest.content_hash = hash.text();
    return std::nullopt;
}

Manifest start_manifest(Relation rel, const avro::Table &table, const BackupOptions &options) {
    Manifest manifest;
    manifest.backup_id = GetCurrentTimestamp() + epoch_micros;
    manifest.target = qualified_name(rel);
    manifest.database = table.database;
    manifest.file = options.name.empty() ? safe_file_name(table.schema + "." + table.name) + "-" +
                                               std::to_string(manifest.backup_id) + ".avro"
                                         : options.name;
    manifest.codec = avro::codec_name(options.codec);
    manifest.taken_at = utc_text(manifest.backup_id);
    const std::vector<TextRow> facts = query_now(
        "SELECT current_user, pg_catalog.pg_current_snapshot(), CASE WHEN pg_catalog.pg_is_in_recovery() "
        "THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END, "
        "pg_catalog.current_setting('server_version')");
    manifest.taken_by = facts[0][0].value_or("");
    manifest.snapshot = facts[0][1].value_or("");
    manifest.lsn = facts[0][2].value_or("");
    manifest.server_version = facts[0][3].value_or("");
    return manifest;
}

// A file without its manifest is no backup: when the one cannot be written the other goes as well.
void publish_manifest(const Manifest &manifest) {
    try {
        OutputFile file(Place::backups, manifest_name(manifest.file));
        file.write(write_manifest(manifest));
        file.publish();
    } catch (...) {
        remove_file(Place::backups, manifest.file);
        throw;
    }
}

}  // namespace

Manifest write_backup(Relation rel, const BackupOptions &options) {
    if (is_manifest_name(options.name)) {
        fail({Code::file_name, "file name \"" + options.name + "\" is not allowed", "",
              "Names that end like this are for manifests."});
    }
    // Everything that the transaction has done so far is in the backup, even by the statement that asks for
    // it.
    pg_call([] {
        CommandCounterIncrement();
        PushActiveSnapshot(GetTransactionSnapshot());
    });
    avro::Table table = describe_table(rel);
    Manifest manifest = start_manifest(rel, table, options);
    OutputSettings settings;
    while (const std::optional<size_t> misfit = write_file(rel, table, options, manifest)) {
        avro::Column &column = table.columns[*misfit];
        if (column.text_branch)
            fail({Code::internal, "a value of column \"" + column.name + "\" cannot be written to Avro"});
        column.text_branch = true;
    }
    settings.restore();
    pg_call([] { PopActiveSnapshot(); });
    publish_manifest(manifest);
    return manifest;
}

}  // namespace ferry
