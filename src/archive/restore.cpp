// Implements restore.hpp. `replace` truncates and loads; where other tables refer to the target, the file is
// loaded into a temporary table first and only the differences are applied, so that no child loses its parent
// on the way.
#include "archive/restore.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "archive/avro_source.hpp"
#include "archive/row_scan.hpp"
#include "core/content_hash.hpp"
#include "core/text.hpp"
#include "load/sequences.hpp"
#include "server/files.hpp"
#include "server/relation.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

// ---- matching the file to the table ----

// How a field of the file is called: by us with the column's own name, by others with the field's.
const std::string &column_name_of(const avro::SchemaField &field) {
    const auto own = field.properties.find("pg.name");
    return own != field.properties.end() ? own->second : field.name;
}

struct Match {
    std::vector<std::string> columns;  // of the table, in the load's order
    std::vector<int> mapping;          // per field of the file: the load's column, or -1
};

bool is_generated(Relation rel, const std::string &name) {
    for (int i = 0; i < RelationGetDescr(rel)->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), i);
        if (!attribute->attisdropped && name == NameStr(attribute->attname))
            return attribute->attgenerated != '\0';
    }
    return false;
}

// Every field goes to the column of its name, exactly or but for case; generated columns are computed anew. A
// field without a column is an error: data would be lost in silence.
Match match_columns(const avro::Schema &schema, Relation rel) {
    if (schema.top().type != avro::Type::record)
        fail({Code::schema_mismatch, "the Avro file does not hold records"});
    const std::vector<std::string> columns = loadable_columns(rel);
    Match match;
    for (const avro::SchemaField &field : schema.top().fields) {
        const std::string &name = column_name_of(field);
        auto column = std::ranges::find(columns, name);
        if (column == columns.end())
            column = std::ranges::find_if(columns,
                                          [&](const std::string &c) { return equal_ignoring_case(c, name); });
        if (column == columns.end() && is_generated(rel, name)) {
            match.mapping.push_back(-1);
            continue;
        }
        if (column == columns.end()) {
            fail({Code::schema_mismatch, "field \"" + field.name +
                                             "\" of the Avro file has no column in table \"" +
                                             qualified_name(rel) + "\""});
        }
        if (std::ranges::find(match.columns, *column) != match.columns.end())
            fail({Code::schema_mismatch, "two fields of the Avro file belong to column \"" + *column + "\""});
        match.mapping.push_back(static_cast<int>(match.columns.size()));
        match.columns.push_back(*column);
    }
    return match;
}

// ---- the steps around the rows ----

std::string list_columns(const std::vector<std::string> &columns, std::string_view prefix = "") {
    std::string list;
    for (const std::string &column : columns)
        list += (list.empty() ? "" : ", ") + std::string(prefix) + quote_identifier_text(column);
    return list;
}

// The target made equal to a temporary table that holds the backup. Rows are compared by their binary image.
class Difference {
  public:
    Difference(Relation rel, const std::vector<std::string> &columns, int64_t now)
        : target_(qualified_name(rel)),
          scratch_("pg_temp.ferry_restore_" + std::to_string(now)),
          columns_(columns) {
        const std::vector<AttrNumber> key = primary_key(rel);
        if (key.empty()) {
            fail({Code::unsupported,
                  "cannot replace table \"" + target_ +
                      "\": other tables refer to it and it has no primary key",
                  "", "Add a primary key, or use mode => 'append'."});
        }
        for (const AttrNumber number : key)
            key_.emplace_back(NameStr(TupleDescAttr(RelationGetDescr(rel), number - 1)->attname));
        only_ = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ";
    }

    Oid make_scratch() const {
        execute("CREATE TEMPORARY TABLE " + scratch_ + " (LIKE " + target_ +
                " INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED) ON COMMIT DROP");
        const std::vector<TextRow> oid =
            query("SELECT " + quote_literal_text(scratch_) + "::pg_catalog.regclass::pg_catalog.oid");
        return static_cast<Oid>(std::stoul(*oid.at(0).at(0)));
    }

    void apply() const {
        execute("CREATE INDEX ON " + scratch_ + " (" + list_columns(key_) + ")");
        execute("ANALYZE " + scratch_);
        execute("DELETE FROM " + only_ + target_ + " t WHERE NOT EXISTS (SELECT 1 FROM " + scratch_ +
                " s WHERE " + same_key() + ")");
        execute("UPDATE " + only_ + target_ + " t SET (" + list_columns(columns_) + ") = ROW(" +
                list_columns(columns_, "s.") + ") FROM " + scratch_ + " s WHERE " + same_key() +
                " AND NOT ROW(" + list_columns(columns_, "t.") +
                ")::pg_catalog.record OPERATOR(pg_catalog.*=) ROW(" + list_columns(columns_, "s.") +
                ")::pg_catalog.record");
        execute("INSERT INTO " + target_ + " (" + list_columns(columns_) +
                ") OVERRIDING SYSTEM VALUE SELECT " + list_columns(columns_, "s.") + " FROM " + scratch_ +
                " s WHERE NOT EXISTS (SELECT 1 FROM " + only_ + target_ + " t WHERE " + same_key() + ")");
        execute("DROP TABLE " + scratch_);
    }

  private:
    std::string same_key() const {
        std::string condition;
        for (const std::string &column : key_) {
            const std::string name = quote_identifier_text(column);
            condition += (condition.empty() ? "" : " AND ") + ("t." + name + " = s." + name);
        }
        return condition;
    }

    std::string target_, scratch_, only_;
    std::vector<std::string> columns_, key_;
};

std::string hash_table(Oid target) {
    Relation rel = open_table(target, AccessShareLock);
    const avro::Table table = describe_table(rel);
    ContentHash hash;
    std::vector<Field> row(table.columns.size());
    pg_call([] {
        CommandCounterIncrement();
        PushActiveSnapshot(GetLatestSnapshot());
    });
    OutputSettings settings;
    const auto scan = scan_rows(rel, table, GetActiveSnapshot());
    while (scan->next(row)) hash.add(row);
    scan->finish();
    settings.restore();
    pg_call([] { PopActiveSnapshot(); });
    close_table(rel);
    return hash.text();
}

// ---- one restore ----

class Restore {
  public:
    Restore(Oid target, const std::string &path, const Manifest *manifest, const RestoreOptions &options)
        : target_(target), manifest_(manifest), options_(options), file_(Place::backups, path) {
        facts_.source_kind = "avro";
        facts_.source_name = path;
    }

    LoadReport run();

  private:
    void verify_checksum();
    void refuse_other_table();
    void check_rights(Relation rel, const std::vector<PlannedColumn> &columns);
    Oid prepare();
    void complete();

    Oid target_;
    const Manifest *manifest_;
    const RestoreOptions &options_;
    InputFile file_;
    LoadFacts facts_;
    std::string only_;  // children of a parent table are tables of their own, partitions are not
    std::optional<Difference> difference_;
    bool proves_content_ = false;
};

void Restore::verify_checksum() {
    Sha256 hash;
    std::vector<char> buffer(size_t{256} << 10U);
    while (const size_t n = file_.read(buffer.data(), buffer.size())) {
        hash.update({buffer.data(), n});
        check_interrupts();
    }
    if (hash.finish() != manifest_->sha256) {
        fail({Code::checksum_mismatch,
              "backup " + std::to_string(manifest_->backup_id) +
                  " is damaged: its SHA-256 differs from the manifest's",
              "",
              "Restore from another backup; ferry.restore_table_avro with the file's path reads it without "
              "this check."});
    }
    file_.rewind();
}

// By its id a backup goes back only to where it came from; whoever means another table names the file.
void Restore::refuse_other_table() {
    const std::string database =
        pg_call([] { return static_cast<const char *>(get_database_name(MyDatabaseId)); });
    if (manifest_->target == facts_.target && manifest_->database == database) return;
    fail({Code::schema_mismatch,
          "backup " + std::to_string(manifest_->backup_id) + " is not of table \"" + facts_.target + "\"",
          "It was taken of table \"" + manifest_->target + "\" in database \"" + manifest_->database + "\".",
          "To restore it into another table give the file's path instead of the backup's id."});
}

void Restore::check_rights(Relation rel, const std::vector<PlannedColumn> &columns) {
    std::vector<AttrNumber> numbers;
    for (const PlannedColumn &column : columns) numbers.push_back(column.number);
    require_insert(rel, numbers);
    require_writable("ferry.restore_table_avro()", rel);
    if (options_.mode != RestoreMode::replace) return;
    if (row_security_applies(rel)) {
        fail({Code::unsupported,
              "cannot replace table \"" + facts_.target + "\" where row-level security applies to you", "",
              "Use mode => 'append', or restore as a role that bypasses row-level security."});
    }
    if (difference_) {
        for (const AclMode right : std::array<AclMode, 3>{ACL_SELECT, ACL_UPDATE, ACL_DELETE})
            require_rights(rel, right);
    } else {
        require_rights(rel, ACL_TRUNCATE);
    }
}

LoadReport Restore::run() {
    if (manifest_ != nullptr) verify_checksum();
    avro::ContainerReader reader(file_);
    done_or_fail(reader.open());
    const avro::Schema schema = value_or_fail(avro::parse_schema(reader.schema_text()));

    Relation rel = open_table(target_, RowExclusiveLock);
    facts_.target = qualified_name(rel);
    if (manifest_ != nullptr) refuse_other_table();
    only_ = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ";
    const Match match = match_columns(schema, rel);
    const std::vector<PlannedColumn> columns = plan_columns(rel, match.columns);
    if (options_.mode == RestoreMode::replace && is_referenced(rel))
        difference_.emplace(rel, match.columns, GetCurrentTimestamp());
    check_rights(rel, columns);
    // Only when file and table have the same columns in the same order can their hashes be compared.
    proves_content_ = manifest_ != nullptr && options_.mode == RestoreMode::replace &&
                      describe_table(rel).columns.size() == schema.top().fields.size();
    close_table(rel);

    AvroSource source(reader, schema, match.mapping, match.columns.size());
    const LoadSteps steps{[&] { return prepare(); }, [&] { complete(); }};
    return run_load(steps, columns, source, facts_, options_.load);
}

Oid Restore::prepare() {
    if (options_.mode != RestoreMode::replace) return target_;
    if (difference_) return difference_->make_scratch();
    execute("TRUNCATE TABLE " + only_ + facts_.target);
    return target_;
}

void Restore::complete() {
    if (difference_) {
        difference_->apply();
        // The rows came through the temporary table, which owns no sequences.
        Relation rel = open_table(target_, RowExclusiveLock);
        advance_past_rows(rel);
        close_table(rel);
    }
    if (proves_content_ && hash_table(target_) != manifest_->content_hash) {
        fail({Code::checksum_mismatch,
              "the restored table differs from backup " + std::to_string(manifest_->backup_id),
              "Its content hash is not the manifest's.", ""});
    }
}

}  // namespace

LoadReport restore_backup(Oid target, const Manifest &manifest, const RestoreOptions &options) {
    return Restore(target, manifest.file, &manifest, options).run();
}

LoadReport restore_file(Oid target, const std::string &path, const RestoreOptions &options) {
    return Restore(target, path, nullptr, options).run();
}

}  // namespace ferry
