// Implements restore.hpp. `replace` truncates and loads; where other tables refer to the target, the file is
// loaded into a temporary table first and only the differences are applied, so that no child loses its parent
// on the way.
#include "archive/restore.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "archive/parts_source.hpp"
#include "archive/table_hash.hpp"
#include "archive/table_shape.hpp"
#include "core/text.hpp"
#include "load/sequences.hpp"
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
    std::vector<std::string> columns;        // of the table, in the load's order
    std::vector<std::vector<int>> mappings;  // per file and field: the load's column, or -1
};

bool is_generated(Relation rel, const std::string &name) {
    for (int i = 0; i < RelationGetDescr(rel)->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), i);
        if (!attribute->attisdropped && name == NameStr(attribute->attname))
            return attribute->attgenerated != '\0';
    }
    return false;
}

[[noreturn]] void fail_parts() {
    fail({Code::schema_mismatch, "the parts of the backup do not have the same fields"});
}

// Every field goes to the column of its name, exactly or but for case; generated columns are computed anew. A
// field without a column is an error: data would be lost in silence. All files of a backup have the same
// fields.
void match_columns(const avro::Schema &schema, Relation rel, Match &match) {
    if (schema.top().type != avro::Type::record)
        fail({Code::schema_mismatch, "the Avro file does not hold records"});
    const std::vector<std::string> columns = loadable_columns(rel);
    std::vector<int> &mapping = match.mappings.emplace_back();
    const bool first = match.mappings.size() == 1;
    for (const avro::SchemaField &field : schema.top().fields) {
        const std::string &name = column_name_of(field);
        auto column = std::ranges::find(columns, name);
        if (column == columns.end())
            column = std::ranges::find_if(columns,
                                          [&](const std::string &c) { return equal_ignoring_case(c, name); });
        if (column == columns.end() && is_generated(rel, name)) {
            mapping.push_back(-1);
            continue;
        }
        if (column == columns.end()) {
            fail({Code::schema_mismatch, "field \"" + field.name +
                                             "\" of the Avro file has no column in table \"" +
                                             qualified_name(rel) + "\""});
        }
        const auto known = std::ranges::find(match.columns, *column);
        const auto place = static_cast<int>(known - match.columns.begin());
        if (std::ranges::find(mapping, place) != mapping.end())
            fail({Code::schema_mismatch, "two fields of the Avro file belong to column \"" + *column + "\""});
        if (known == match.columns.end()) {
            if (!first) fail_parts();
            match.columns.push_back(*column);
        }
        mapping.push_back(place);
    }
    if (static_cast<size_t>(std::ranges::count_if(mapping, [](int m) { return m >= 0; })) !=
        match.columns.size())
        fail_parts();
}

// True when file and table have the same columns of the same types in the same order: only then are their
// content hashes about the same thing.
bool same_columns(const avro::Schema &schema, const avro::Table &table) {
    return avro::same_fields(schema, value_or_fail(avro::parse_schema(avro::schema_json(table))));
}

// A column that UPDATE may not set; the content hash tells if one differs.
bool always_identity(Relation rel, const std::string &name) {
    for (int i = 0; i < RelationGetDescr(rel)->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), i);
        if (!attribute->attisdropped && name == NameStr(attribute->attname))
            return attribute->attidentity == ATTRIBUTE_IDENTITY_ALWAYS;
    }
    return false;
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
        : relid_(RelationGetRelid(rel)),
          target_(qualified_name(rel)),
          scratch_("pg_temp.ferry_restore_" + std::to_string(now)),
          columns_(columns) {
        const std::vector<KeyColumn> key = primary_key_columns(rel);
        if (key.empty()) {
            fail({Code::unsupported,
                  "cannot replace table \"" + target_ +
                      "\": other tables refer to it and it has no primary key",
                  "", "Add a primary key, or use mode => 'append'."});
        }
        for (const KeyColumn &column : key) {
            const std::string name = quote_identifier_text(column.name);
            same_key_ +=
                (same_key_.empty() ? "" : " AND ") + ("t." + name + " " + column.equals + " s." + name);
            key_.push_back(column.name);
        }
        for (const std::string &column : columns_)
            if (std::ranges::find(key_, column) == key_.end() && !always_identity(rel, column))
                others_.push_back(column);
        only_ = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ";
    }

    Oid make_scratch() const {
        execute("CREATE TEMPORARY TABLE " + scratch_ + " (LIKE " + target_ +
                " INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY) ON COMMIT "
                "DROP");
        const std::vector<TextRow> oid =
            query("SELECT " + quote_literal_text(scratch_) + "::pg_catalog.regclass::pg_catalog.oid");
        return static_cast<Oid>(std::stoul(*oid.at(0).at(0)));
    }

    // Surplus rows out, changed rows mended, missing rows in. The key of a row never changes: it says which
    // row it is.
    void apply() const {
        execute("CREATE INDEX ON " + scratch_ + " (" + list_columns(key_) + ")");
        execute("ANALYZE " + scratch_);
        refuse_cascades();
        execute("DELETE FROM " + only_ + target_ + " t WHERE " + surplus());
        if (!others_.empty()) {
            execute("UPDATE " + only_ + target_ + " t SET (" + list_columns(others_) + ") = ROW(" +
                    list_columns(others_, "s.") + ") FROM " + scratch_ + " s WHERE " + same_key_ +
                    " AND NOT ROW(" + list_columns(others_, "t.") +
                    ")::pg_catalog.record OPERATOR(pg_catalog.*=) ROW(" + list_columns(others_, "s.") +
                    ")::pg_catalog.record");
        }
        execute("INSERT INTO " + target_ + " (" + list_columns(columns_) +
                ") OVERRIDING SYSTEM VALUE SELECT " + list_columns(columns_, "s.") + " FROM " + scratch_ +
                " s WHERE NOT EXISTS (SELECT 1 FROM " + only_ + target_ + " t WHERE " + same_key_ + ")");
        execute("DROP TABLE " + scratch_);
    }

  private:
    std::string surplus() const {
        return "NOT EXISTS (SELECT 1 FROM " + scratch_ + " s WHERE " + same_key_ + ")";
    }

    // Deleting a surplus row must not reach into other tables unasked.
    void refuse_cascades() const {
        const std::vector<TextRow> cascades = query(
            "SELECT conrelid::pg_catalog.regclass FROM pg_catalog.pg_constraint WHERE contype "
            "OPERATOR(pg_catalog.=) 'f' "
            "AND confrelid OPERATOR(pg_catalog.=) " +
            std::to_string(relid_) +
            " AND confdeltype OPERATOR(pg_catalog.=) ANY (ARRAY['c', 'n', 'd']::pg_catalog.\"char\"[]) LIMIT "
            "1");
        if (cascades.empty()) return;
        const std::vector<TextRow> surplus_rows =
            query("SELECT pg_catalog.count(*) FROM " + only_ + target_ + " t WHERE " + surplus());
        const std::string count = surplus_rows.at(0).at(0).value_or("0");
        if (count == "0") return;
        fail({Code::unsupported,
              "cannot replace table \"" + target_ +
                  "\": deleting rows that are not in the backup would change table \"" +
                  cascades[0][0].value_or("") + "\"",
              "Rows that are not in the backup: " + count + ".",
              "Delete them yourself, or use mode => 'append'."});
    }

    Oid relid_;
    std::string target_, scratch_, only_, same_key_;
    std::vector<std::string> columns_, key_, others_;
};

// ---- one restore ----

class Restore {
  public:
    Restore(Oid target, const std::string &path, std::optional<Manifest> manifest,
            const RestoreOptions &options)
        : target_(target), manifest_(std::move(manifest)), options_(options) {
        facts_.source_kind = "avro";
        facts_.source_name = path;
        if (manifest_)
            for (const ManifestPart &part : manifest_->parts) files_.push_back(part.file);
        else
            files_.push_back(path);
    }

    LoadReport run();

  private:
    void verify_checksums();
    void refuse_other_table();
    void check_rights(Relation rel, const std::vector<std::string> &columns);
    Oid prepare();
    void complete();

    Oid target_;
    std::optional<Manifest> manifest_;  // of a backup of ours
    std::string sha256_;
    const RestoreOptions &options_;
    std::vector<std::string> files_;
    LoadFacts facts_;
    std::string only_;  // children of a parent table are tables of their own, partitions are not
    std::optional<Difference> difference_;
    bool proves_content_ = false;
};

// Reads everything once before anything is done: the hash goes to the log, and a backup of ours must have
// those that its manifest tells.
void Restore::verify_checksums() {
    if (!manifest_) {
        sha256_ = hash_file(files_[0]);
        return;
    }
    sha256_ = manifest_->sha256;
    for (const ManifestPart &part : manifest_->parts) {
        if (hash_file(part.file) == part.sha256) continue;
        fail({Code::checksum_mismatch,
              "backup " + std::to_string(manifest_->backup_id) + " is damaged: the SHA-256 of \"" +
                  part.file + "\" differs from the manifest's",
              "", "Restore from another backup."});
    }
}

// A backup goes back to where it came from. Into another table it may show rows to somebody who could not
// read them: that is for those who may read the server's files anyway.
void Restore::refuse_other_table() {
    const std::string database =
        pg_call([] { return static_cast<const char *>(get_database_name(MyDatabaseId)); });
    if (manifest_->target == facts_.target && manifest_->database == database) return;
    if (pg_call([] { return has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES); })) return;
    fail({Code::no_privilege,
          "backup " + std::to_string(manifest_->backup_id) + " is not of table \"" + facts_.target + "\"",
          "It was taken of table \"" + manifest_->target + "\" in database \"" + manifest_->database + "\".",
          "Only members of pg_read_server_files may restore a backup into another table."});
}

void Restore::check_rights(Relation rel, const std::vector<std::string> &columns) {
    std::vector<AttrNumber> numbers;
    for (const PlannedColumn &column : plan_columns(rel, columns)) numbers.push_back(column.number);
    require_insert(rel, numbers);
    require_writable("ferry.restore_table_avro()");
    if (options_.mode != RestoreMode::replace) return;
    if (manifest_ && manifest_->filtered) {
        fail({Code::unsupported,
              "backup " + std::to_string(manifest_->backup_id) + " does not hold all rows of its table",
              "It was taken with row_security => 'filter'.", "Use mode => 'append'."});
    }
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
    verify_checksums();
    std::vector<avro::Schema> schemas;
    for (const std::string &file : files_) schemas.push_back(std::move(OpenPart(file).schema));

    // A replace must not meet the writes of others half way.
    const bool replaces = options_.mode == RestoreMode::replace;
    Relation rel = open_table(target_, replaces ? ShareRowExclusiveLock : RowExclusiveLock);
    facts_.target = qualified_name(rel);
    if (manifest_) refuse_other_table();
    only_ = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ";
    Match match;
    for (const avro::Schema &schema : schemas) match_columns(schema, rel, match);
    if (replaces && is_referenced(rel)) difference_.emplace(rel, match.columns, GetCurrentTimestamp());
    check_rights(rel, match.columns);
    const avro::Table table = describe_table(rel);
    proves_content_ = manifest_ && replaces && same_columns(schemas[0], table);
    close_table(rel);

    PartsSource source(files_, match.mappings, pick_columns(table, match.columns), sha256_);
    const LoadSteps steps{[&] { return prepare(); }, [&] { complete(); }};
    return run_load({steps, match.columns, source, facts_, options_.load});
}

Oid Restore::prepare() {
    if (options_.mode != RestoreMode::replace) return target_;
    if (difference_) return difference_->make_scratch();
    execute("TRUNCATE TABLE " + only_ + facts_.target);
    return target_;
}

void Restore::complete() {
    if (difference_) difference_->apply();
    if (proves_content_ && hash_table(target_) != manifest_->content_hash) {
        fail({Code::checksum_mismatch,
              "the restored table differs from backup " + std::to_string(manifest_->backup_id),
              "Its content hash is not the manifest's.", ""});
    }
    // The rows came through the temporary table, whose sequences are not the target's. Last of all, because a
    // sequence that has moved does not come back.
    if (!difference_ || options_.load.dry_run) return;
    Relation rel = open_table(target_, RowExclusiveLock);
    advance_past_rows(rel);
    close_table(rel);
}

}  // namespace

namespace {

// Rights on the table come before a look at any file: nobody learns what files there are through a table that
// is not theirs.
void require_target(Oid target) {
    Relation rel = open_table(target, AccessShareLock);
    require_any_insert(rel);
    close_table(rel);
}

}  // namespace

LoadReport restore_backup(Oid target, const Manifest &manifest, const RestoreOptions &options) {
    require_target(target);
    return Restore(target, manifest.file, manifest, options).run();
}

LoadReport restore_file(Oid target, const std::string &path, const RestoreOptions &options) {
    require_target(target);
    std::optional<Manifest> manifest = manifest_of(path);
    if (manifest && manifest->file != path) {
        fail({Code::file_name, "\"" + path + "\" is a part of backup " + std::to_string(manifest->backup_id),
              "", "Restore the backup, by its number or by the path of its first part."});
    }
    return Restore(target, path, std::move(manifest), options).run();
}

}  // namespace ferry
