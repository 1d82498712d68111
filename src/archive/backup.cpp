// Implements backup.hpp. Nothing has its name before everything is written; the manifests get theirs last.
#include "archive/backup.hpp"

#include <algorithm>
#include <tuple>

#include "archive/backup_workers.hpp"
#include "archive/definition.hpp"
#include "archive/part_writer.hpp"
#include "archive/row_scan.hpp"
#include "server/progress.hpp"
#include "server/relation.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

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

// ---- one table ----

struct TableBackup {
    Relation rel;
    avro::Table table;
    Manifest manifest;
    PartPlan plan;
};

class CollectedParts final : public PartList {
  public:
    void add(const PartFacts &part) override { parts.push_back(part); }
    std::vector<PartFacts> parts;
};

// What is the same for all tables of one call.
struct Circumstances {
    int64_t moment;
    std::string user, snapshot, lsn, server_version;
};

Circumstances look_around() {
    const std::vector<TextRow> facts = query_now(
        "SELECT current_user, pg_catalog.pg_current_snapshot(), CASE WHEN pg_catalog.pg_is_in_recovery() "
        "THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END, "
        "pg_catalog.current_setting('server_version')");
    const auto fact = [&](size_t n) { return facts[0][n].value_or(""); };
    return {unix_micros_now(), fact(0), fact(1), fact(2), fact(3)};
}

Manifest start_manifest(const TableBackup &backup, const BackupOptions &options, const Circumstances &now,
                        size_t number) {
    const avro::Table &table = backup.table;
    Manifest manifest;
    manifest.backup_id = now.moment + static_cast<int64_t>(number);
    manifest.target = qualified_name(backup.rel);
    manifest.database = table.database;
    manifest.file = options.name.empty() ? safe_file_name(table.schema + "." + table.name) + "-" +
                                               std::to_string(manifest.backup_id) + ".avro"
                                         : options.name;
    manifest.codec = avro::codec_name(options.codec);
    manifest.filtered = row_security_applies(backup.rel);
    manifest.schema_fingerprint = fingerprint_of(avro::schema_json(table));
    manifest.taken_at = utc_text(manifest.backup_id);
    manifest.taken_by = now.user;
    manifest.snapshot = now.snapshot;
    manifest.lsn = now.lsn;
    manifest.server_version = now.server_version;
    return manifest;
}

PartPlan plan_parts(const Manifest &manifest, const BackupOptions &options, const Stage &stage) {
    PartPlan plan;
    plan.stage = stage.id();
    plan.file = manifest.file;
    plan.codec = options.codec;
    plan.level = options.level;
    plan.block_size = options.block_size;
    plan.metadata = {{"pg_ferry.table", manifest.target},
                     {"pg_ferry.database", manifest.database},
                     {"pg_ferry.taken_at", manifest.taken_at},
                     {"pg_ferry.server_version", manifest.server_version}};
    return plan;
}

void write_table(const TableBackup &backup, uint32_t number, PartList &list) {
    PartWriter writer(backup.plan, backup.table, number, 0, list);
    const Progress progress(Deed::backup, RelationGetRelid(backup.rel));
    const auto scan = scan_rows(backup.rel, backup.table, GetActiveSnapshot());
    progress.report(0, 0, 0);
    for (uint64_t done = 0; const size_t rows = scan->next();) {
        for (size_t i = 0; i < rows; ++i) writer.add(scan->row(i));
        done += rows;
        progress.report(writer.bytes(), done, 0);
    }
    scan->finish();
    writer.finish(true);
}

void write_tables(const std::vector<TableBackup> &backups, int workers, PartList &list) {
    std::vector<WorkerTable> shared;
    for (const TableBackup &backup : backups) {
        const auto number = static_cast<uint32_t>(&backup - backups.data());
        if (workers > 0 && may_share_scan(backup.rel))
            shared.push_back({backup.rel, &backup.table, &backup.plan, number});
        else
            write_table(backup, number, list);
    }
    if (shared.empty()) return;
    // The largest first: nobody is to wait for one that was begun last.
    std::ranges::stable_sort(shared, std::ranges::greater{}, [](const WorkerTable &table) {
        return pg_call([&] { return RelationGetNumberOfBlocks(table.rel); });
    });
    write_with_workers(shared, workers, list);
}

// ---- the whole ----

std::vector<TableBackup> describe_tables(std::span<const Relation> tables, const BackupOptions &options,
                                         const Stage &stage) {
    const Circumstances now = look_around();
    std::vector<TableBackup> backups;
    for (Relation rel : tables) {
        TableBackup backup{rel, describe_table(rel), {}, {}};
        backup.manifest = start_manifest(backup, options, now, backups.size());
        backup.manifest.definition = describe_definition(RelationGetRelid(rel));
        stage.require_free(backup.manifest.file);
        backup.plan = plan_parts(backup.manifest, options, stage);
        backups.push_back(std::move(backup));
    }
    return backups;
}

// Puts the parts' facts into the manifests and gives the parts' names.
std::vector<Stage::Move> enter_parts(std::vector<TableBackup> &backups, std::vector<PartFacts> &parts) {
    std::vector<Stage::Move> moves;
    std::vector<ContentHash> hashes(backups.size());
    std::ranges::sort(parts, {},
                      [](const PartFacts &p) { return std::tuple(p.table, p.stream, p.sequence); });
    for (const PartFacts &part : parts) {
        const TableBackup &backup = backups[part.table];
        Manifest &manifest = backups[part.table].manifest;
        const std::string name = part_name(manifest.file, manifest.parts.size() + 1);
        manifest.parts.push_back({name, part.rows, part.bytes, part.sha256, part.fingerprint});
        manifest.rows += part.rows;
        manifest.bytes += part.bytes;
        hashes[part.table].add(part.hash);
        moves.push_back({staged_name(backup.plan, part), name});
    }
    for (size_t i = 0; i < backups.size(); ++i) {
        backups[i].manifest.content_hash = hashes[i].text();
        backups[i].manifest.sha256 = combined_sha256(backups[i].manifest.parts);
    }
    return moves;
}

void publish(Stage &stage, std::vector<TableBackup> &backups, std::vector<PartFacts> &parts) {
    const std::vector<Stage::Move> moves = enter_parts(backups, parts);
    std::vector<Stage::Move> seals;
    for (const TableBackup &backup : backups) {
        const std::string name = manifest_name(backup.manifest.file);
        StagedFile file(Place::backups, stage.id(), name, std::string(seal_tag));
        file.write(write_manifest(backup.manifest));
        file.finish();
        seals.push_back({file.temporary(), name});
    }
    stage.publish(moves, seals);
}

void check_name(const std::string &name) {
    if (name.empty()) return;
    require_plain_name(name);
    if (!is_reserved_name(name)) return;
    fail({Code::file_name, "file name \"" + name + "\" is not allowed", "",
          "Names that end like this are for manifests."});
}

}  // namespace

std::vector<Manifest> write_backups(std::span<const Relation> tables, const BackupOptions &options) {
    check_name(options.name);
    // Everything that the transaction has done so far is in the backup, even by the statement that asks for
    // it.
    pg_call([] {
        CommandCounterIncrement();
        PushActiveSnapshot(GetTransactionSnapshot());
    });
    Stage stage(Place::backups);
    std::vector<TableBackup> backups = describe_tables(tables, options, stage);
    CollectedParts collected;
    OutputSettings settings;
    write_tables(backups, options.workers, collected);
    settings.restore();
    pg_call([] { PopActiveSnapshot(); });
    publish(stage, backups, collected.parts);
    end_progress();
    std::vector<Manifest> manifests;
    for (TableBackup &backup : backups) manifests.push_back(std::move(backup.manifest));
    return manifests;
}

}  // namespace ferry
