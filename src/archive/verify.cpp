// Implements verify.hpp. Failures of ours become findings; errors of the server that are no fault of the
// backup go through.
#include "archive/verify.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "archive/backup_rows.hpp"
#include "archive/origin.hpp"
#include "archive/match.hpp"
#include "archive/table_hash.hpp"
#include "archive/table_shape.hpp"
#include "archive/verdict.hpp"
#include "core/avro/fingerprint.hpp"
#include "core/content_hash.hpp"
#include "core/text.hpp"
#include "load/foreign_keys.hpp"
#include "load/load.hpp"
#include "load/row_checker.hpp"
#include "server/relation.hpp"
#include "server/sql.hpp"
#include "server/staged_files.hpp"

namespace ferry {
namespace {

constexpr std::array<std::string_view, 4> level_names{"checksum", "decode", "plan", "restore"};
constexpr size_t most_problems = 100;
constexpr size_t rows_at_once = 500;

// The findings of one level.
class Findings {
  public:
    explicit Findings(VerifyLevel level) : level_(level) {}

    bool ok() const noexcept { return problems_ == 0; }
    Finding start() const {
        Finding finding;
        finding.level = level_;
        return finding;
    }
    void note(std::string text) {
        Finding finding = start();
        finding.problem = std::move(text);
        list_.push_back(std::move(finding));
    }
    void add(Finding finding) {
        finding.ok = false;
        if (++problems_ <= most_problems) list_.push_back(std::move(finding));
    }
    void add(std::string part, std::string problem) {
        Finding finding = start();
        finding.part = std::move(part);
        finding.problem = std::move(problem);
        add(std::move(finding));
    }
    // All of them, and that the level passed where it did.
    std::vector<Finding> take() {
        if (ok()) {
            list_.insert(list_.begin(), start());
        } else if (problems_ > most_problems) {
            Finding rest = start();
            rest.ok = false;
            rest.problem = std::to_string(problems_ - most_problems) + " more problems are not listed";
            list_.push_back(std::move(rest));
        }
        return std::move(list_);
    }

  private:
    VerifyLevel level_;
    std::vector<Finding> list_;
    uint64_t problems_ = 0;
};

// An error of ours in the words of a finding.
std::string in_words(const Error &error) {
    return error.detail.empty() ? error.message : error.message + " (" + error.detail + ")";
}

std::string compared(const char *what, uint64_t found, uint64_t told) {
    return std::string(what) + ": " + std::to_string(found) + " in the file, " + std::to_string(told) +
           " in the manifest";
}

// ---- checksum ----

void check_part(const ManifestPart &part, Findings &findings) {
    const uint64_t size = InputFile(Place::backups, part.file).size();
    if (size != part.bytes) {
        findings.add(part.file, compared("bytes", size, part.bytes));
    } else if (hash_file(part.file) != part.sha256) {
        findings.add(part.file, "its SHA-256 is not the manifest's");
    }
}

void check_sums(const Manifest &manifest, Findings &findings) {
    for (const ManifestPart &part : manifest.parts) {
        try {
            check_part(part, findings);
        } catch (const Failure &failure) {
            findings.add(part.file, in_words(failure.error));
        }
    }
    if (combined_sha256(manifest.parts) != manifest.sha256)
        findings.add("", "the manifest's SHA-256 is not that of its parts");
}

// ---- reading rows ----

// Runs through all rows. `map` is told of each part's schema, `rows` of each batch. A damaged part is told
// and the next one read.
void read_rows(BackupRows &rows, Findings &findings, const std::function<void()> &map,
               const std::function<void(Batch &)> &take) {
    Batch batch;
    for (;;) {
        try {
            if (!rows.next_part()) return;
            map();
            while (rows.next_rows(batch, rows_at_once)) take(batch);
            if (rows.rows_in_part() != rows.part().rows) {
                findings.add(rows.part().file, compared("rows", rows.rows_in_part(), rows.part().rows));
            }
        } catch (const Failure &failure) {
            Finding finding = findings.start();
            finding.part = rows.part().file;
            if (rows.block() > 0) finding.block = rows.block();
            if (failure.error.offset > 0) finding.offset = failure.error.offset;
            finding.problem = in_words(failure.error);
            findings.add(std::move(finding));
        }
    }
}

// ---- decode ----

void decode_rows(const Manifest &manifest, Findings &findings) {
    BackupRows rows(manifest);
    ContentHash hash;
    const auto map = [&] {
        rows.map_as_written();
        if (avro::schema_fingerprint(rows.schema()) != rows.part().schema_fingerprint)
            findings.add(rows.part().file, "its schema is not the manifest's");
    };
    read_rows(rows, findings, map, [&](Batch &batch) {
        for (size_t r = 0; r < batch.records.size(); ++r) hash.add(batch.row(r));
    });
    if (findings.ok() && hash.text() != manifest.content_hash)
        findings.add("", "the content hash of its rows is not the manifest's");
}

// ---- plan ----

std::string property(const avro::SchemaField &field, std::string_view key) {
    return std::string(avro::property(field.properties, key));
}

const FormData_pg_attribute *find_attribute(Relation rel, const std::string &name) {
    for (int i = 0; i < RelationGetDescr(rel)->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), i);
        if (!attribute->attisdropped && name == NameStr(attribute->attname)) return attribute;
    }
    return nullptr;
}

// A type by the name in the file, as SQL writes it; empty where there is no such type.
std::string type_of_name(const std::string &name, const std::string &typmod) {
    const std::array<SqlArgument, 2> arguments{text_argument(name), text_argument(typmod)};
    const std::vector<TextRow> rows =
        query("SELECT pg_catalog.format_type(pg_catalog.to_regtype($1), $2::pg_catalog.int4)", arguments);
    return rows.at(0).at(0).value_or("");
}

// The type that a column had, and the one that its values are of: they differ for domains.
std::string own_type(const avro::SchemaField &field) {
    const std::string domain = property(field, "pg.domain");
    return domain.empty() ? type_of_name(property(field, "pg.type"), property(field, "pg.typmod"))
                          : type_of_name(domain, "-1");
}
std::string base_type(const avro::SchemaField &field) {
    return type_of_name(property(field, "pg.type"), property(field, "pg.typmod"));
}

// Foreign keys whose parents are in other tables; those in the backup itself it brings along.
std::vector<Oid> keys_to_others(Relation rel) {
    std::vector<Oid> keys;
    ListCell *cell;
    List *list = pg_call([&] { return static_cast<List *>(copyObjectImpl(RelationGetFKeyList(rel))); });
    foreach (cell, list) {
        const auto *info = static_cast<ForeignKeyCacheInfo *>(lfirst(cell));
        if (info->confrelid != RelationGetRelid(rel)) keys.push_back(info->conoid);
    }
    return keys;
}

// A backup against the table of today: drift of the columns, then every row as a load would check it, but
// without a lock or a trace.
class Plan {
  public:
    Plan(const Manifest &manifest, Relation rel, Findings &findings)
        : rel_(rel), findings_(findings), rows_(manifest) {}

    void check() {
        if (!match_fields()) return;
        const avro::Table table = describe_table(rel_);
        const auto map = [&] {
            const size_t part = rows_.part_number();
            rows_.map(match_.mappings[part], pick_columns(table, match_.columns),
                      std::move(match_.changes[part]));
        };
        read_rows(rows_, findings_, map, [&](Batch &batch) { check_rows(batch); });
        if (!checks_) return;
        checks_->slots.finish();
        checks_->table.finish();
    }

  private:
    struct Checks {
        Checks(Relation rel, const std::vector<std::string> &columns, bool complete)
            : table(rel),
              checker(table, plan_columns(rel, columns), Duties{false, complete, complete}),
              keys(rel, keys_to_others(rel), ForeignKeys::Lock::none),
              slots(rel) {}
        ExecutorTable table;
        RowChecker checker;
        ForeignKeys keys;
        SlotArray slots;
        std::vector<RowError> errors;
    };

    // Which column takes which field, as a restore would have it. False when that cannot be told.
    bool match_fields();
    void tell_drift(const avro::Schema &schema);
    void tell_added();
    void check_rows(Batch &batch);
    void tell(const Batch &batch, const RowError &error);
    void check_nulls(const Batch &batch);

    Relation rel_;
    Findings &findings_;
    BackupRows rows_;
    Match match_;
    bool complete_ = true;  // all columns of the table have a field
    std::unique_ptr<Checks> checks_;
};

bool Plan::match_fields() {
    const Manifest &manifest = rows_.manifest();
    std::vector<avro::Schema> schemas;
    for (const ManifestPart &part : manifest.parts) {
        try {
            schemas.push_back(std::move(OpenPart(part.file).schema));
        } catch (const Failure &failure) {
            findings_.add(part.file, in_words(failure.error));
            return false;
        }
    }
    try {
        match_ = match_columns(schemas, rel_, describe_table(rel_), {});
    } catch (const Failure &failure) {
        findings_.add(manifest.parts[0].file, in_words(failure.error));
        return false;
    }
    tell_drift(schemas[0]);
    tell_added();
    if (pg_call([&] { return list_length(RelationGetFKeyList(rel_)); }) >
        static_cast<int>(keys_to_others(rel_).size()))
        findings_.note("foreign keys of the table to itself were not checked");
    return true;
}

// What is not as it was, but no reason why a restore should fail.
void Plan::tell_drift(const avro::Schema &schema) {
    for (const std::string &name : match_.dropped)
        findings_.note("column \"" + name + "\" is not in the table any more");
    const std::vector<avro::SchemaField> &fields = schema.top().fields;
    for (size_t i = 0; i < fields.size(); ++i) {
        if (match_.mappings[0][i] < 0) continue;
        const std::string &name = match_.columns[static_cast<size_t>(match_.mappings[0][i])];
        const FormData_pg_attribute *attribute = find_attribute(rel_, name);
        const std::string was = own_type(fields[i]),
                          is = type_text(attribute->atttypid, attribute->atttypmod);
        if (was != is)
            findings_.note("column \"" + name + "\" was " +
                           (was.empty() ? property(fields[i], "pg.type") : was) + " and is " + is);
    }
}

// A column that is not in the backup takes its default, if it has one.
void Plan::tell_added() {
    for (const std::string &name : loadable_columns(rel_)) {
        if (std::ranges::find(match_.columns, name) != match_.columns.end()) continue;
        complete_ = false;
        const FormData_pg_attribute *attribute = find_attribute(rel_, name);
        const bool filled = attribute->atthasdef || attribute->attidentity != '\0';
        if (!attribute->attnotnull || filled) {
            findings_.note("column \"" + name + "\" is not in the backup");
            continue;
        }
        Finding finding = findings_.start();
        finding.column = name;
        finding.problem = "the column is not in the backup, must not be null and has no default";
        findings_.add(std::move(finding));
    }
}

void Plan::check_rows(Batch &batch) {
    if (!checks_) checks_ = std::make_unique<Checks>(rel_, match_.columns, complete_);
    const size_t count = batch.records.size();
    checks_->slots.reserve(count);
    checks_->slots.clear(count);
    const auto slots = checks_->slots.all().first(count);
    checks_->errors.clear();
    checks_->checker.check(batch, slots, checks_->errors);
    checks_->keys.check(slots, checks_->errors);
    for (const RowError &error : checks_->errors) tell(batch, error);
    checks_->keys.settle();
    if (!complete_) check_nulls(batch);
}

void Plan::tell(const Batch &batch, const RowError &error) {
    Finding finding = findings_.start();
    finding.part = rows_.part().file;
    finding.block = rows_.block();
    finding.offset = rows_.offset();
    finding.record = batch.records[error.row].number;
    finding.column = error.column_name;
    if (finding.column.empty() && error.column >= 0)
        finding.column = match_.columns[static_cast<size_t>(error.column)];
    finding.problem = error.message;
    findings_.add(std::move(finding));
}

// The checker looks at NULLs only where it knows all attributes.
void Plan::check_nulls(const Batch &batch) {
    for (uint32_t r = 0; r < batch.records.size(); ++r) {
        for (size_t c = 0; c < match_.columns.size(); ++c) {
            if (batch.row(r)[c].kind != Field::Kind::null ||
                !find_attribute(rel_, match_.columns[c])->attnotnull)
                continue;
            RowError error;
            error.row = r;
            error.column = static_cast<int>(c);
            error.message = "null value in column \"" + match_.columns[c] + "\" of relation \"" +
                            RelationGetRelationName(rel_) + "\" violates not-null constraint";
            tell(batch, error);
        }
    }
}

void plan_restore(const Manifest &manifest, Findings &findings) {
    const Oid target = find_origin(manifest);
    if (!OidIsValid(target)) {
        findings.add("", "there is no table " + manifest.target + " in this database");
        return;
    }
    Relation rel = open_table(target, AccessShareLock);
    Plan(manifest, rel, findings).check();
    close_table(rel);
}

// ---- restore ----

// What was refused of a load, as findings.
class RefusedRows final : public LoadObserver {
  public:
    RefusedRows(const Manifest &manifest, const PartsSource &source, Findings &findings)
        : manifest_(manifest), source_(source), findings_(findings) {}
    void loaded(const Record &, TupleTableSlot *) override {}
    void rejected(const Record &record, std::span<const RowError> errors) override {
        for (const RowError &error : errors) {
            Finding finding = findings_.start();
            finding.part = manifest_.parts[source_.part()].file;
            finding.offset = record.offset;
            finding.record = record.number;
            finding.column = error.column_name;
            finding.problem = error.message;
            findings_.add(std::move(finding));
        }
    }

  private:
    const Manifest &manifest_;
    const PartsSource &source_;
    Findings &findings_;
};

// A table as the backup describes it; temporary and gone with the subtransaction around it.
Oid make_scratch(const avro::Schema &schema) {
    std::string columns;
    for (const avro::SchemaField &field : schema.top().fields) {
        const std::string type = base_type(field), name = avro::column_name(field);
        if (type.empty() || type == "-") {
            fail({Code::schema_mismatch, "column \"" + name + "\" is of type \"" +
                                             property(field, "pg.type") + "\", which does not exist"});
        }
        columns += (columns.empty() ? "" : ", ") + quote_identifier_text(name) + " " + type +
                   (property(field, "pg.notnull") == "true" ? " NOT NULL" : "");
    }
    const std::string name = "pg_temp.ferry_verify_" + std::to_string(GetCurrentTimestamp());
    execute("CREATE TEMPORARY TABLE " + name + " (" + columns + ")");
    const std::vector<TextRow> oid =
        query("SELECT " + quote_literal_text(name) + "::pg_catalog.regclass::pg_catalog.oid");
    return static_cast<Oid>(std::stoul(*oid.at(0).at(0)));
}

void load_scratch(const Manifest &manifest, Findings &findings) {
    std::vector<AvroInput> files;
    for (const ManifestPart &part : manifest.parts) files.push_back(part.file);
    std::vector<avro::Schema> schemas;
    for (const AvroInput &file : files) schemas.push_back(std::move(OpenPart(file).schema));
    const Oid scratch = make_scratch(schemas[0]);
    Relation rel = open_table(scratch, AccessShareLock);
    const avro::Table table = describe_table(rel);
    Match match = match_columns(schemas, rel, table, {});
    close_table(rel);
    PartsSource source(files, match.mappings, pick_columns(table, match.columns), manifest.sha256,
                       std::move(match.changes));
    RefusedRows refused(manifest, source, findings);
    LoadOptions options;
    options.on_error = OnError::reject;
    options.json = "{}";
    const LoadFacts facts{manifest.target, "avro", manifest.file};
    run_load({{[&] { return scratch; }}, match.columns, source, facts, options, &refused});
    if (findings.ok() && hash_table(scratch) != manifest.content_hash)
        findings.add("", "the content hash of the restored table is not the manifest's");
}

void try_restore(const Manifest &manifest, Findings &findings) {
    try {
        ServerError *error = in_subtransaction([&] {
            load_scratch(manifest, findings);
            return false;
        });
        if (error == nullptr) return;
        if (error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE) boundary::rethrow(error);
        findings.add("", error->message);
    } catch (const Failure &failure) {
        if (failure.error.code == Code::no_privilege) throw;
        findings.add("", in_words(failure.error));
    }
}

// Rows are told from here on.
void require_reader(const Manifest &manifest) {
    if (may_read_files()) return;
    const Oid target = find_origin(manifest);
    if (!OidIsValid(target)) {
        fail({Code::no_privilege, "permission denied for backup " + std::to_string(manifest.backup_id), "",
              "Without its table only members of pg_read_server_files may verify it beyond level decode."});
    }
    Relation rel = open_table(target, AccessShareLock);
    require_any_insert(rel);
    close_table(rel);
}

using Check = void (*)(const Manifest &, Findings &);
constexpr std::array<Check, 4> checks{check_sums, decode_rows, plan_restore, try_restore};

}  // namespace

std::string_view level_name(VerifyLevel level) noexcept {
    return level_names[static_cast<size_t>(level)];
}

std::optional<VerifyLevel> find_level(std::string_view name) noexcept {
    const auto found = std::ranges::find(level_names, name);
    if (found == level_names.end()) return std::nullopt;
    return static_cast<VerifyLevel>(found - level_names.begin());
}

std::vector<Finding> verify_backup(const Manifest &manifest, VerifyLevel level) {
    if (level >= VerifyLevel::plan) require_reader(manifest);
    if (level == VerifyLevel::restore) require_writable("ferry.verify_backup() with level restore");
    std::vector<Finding> all;
    bool sound = true;
    for (size_t i = 0; i <= static_cast<size_t>(level); ++i) {
        const auto current = static_cast<VerifyLevel>(i);
        if (current == VerifyLevel::restore && !sound) break;
        Findings findings(current);
        checks[i](manifest, findings);
        if (current <= VerifyLevel::decode) sound = sound && findings.ok();
        for (Finding &finding : findings.take()) all.push_back(std::move(finding));
    }
    return all;
}

void remember_verdict(const Manifest &manifest, const std::vector<Finding> &findings) {
    // Levels that passed, one by one from the first.
    const auto failed = std::ranges::find(findings, false, &Finding::ok);
    const bool sound = failed == findings.end();
    const size_t passed =
        sound ? static_cast<size_t>(findings.back().level) + 1 : static_cast<size_t>(failed->level);
    const std::optional<Verdict> before = read_verdict(manifest);
    const std::optional<VerifyLevel> known = before ? find_level(before->level) : std::nullopt;
    // A deeper look of an earlier day stands, unless this one found a fault.
    if (sound && known && static_cast<size_t>(*known) >= passed) return;
    if (passed > 0)
        write_verdict(manifest, level_names[passed - 1]);
    else if (before)
        forget_verdict(manifest);
}

}  // namespace ferry
