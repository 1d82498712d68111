// Implements restore.hpp. `replace` truncates and loads; where other tables refer to the target, the file is
// loaded into a temporary table first and only the differences are applied, so that no child loses its parent
// on the way.
#include "archive/restore.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "archive/definition.hpp"
#include "archive/origin.hpp"
#include "archive/match.hpp"
#include "archive/parts_source.hpp"
#include "archive/table_hash.hpp"
#include "archive/table_shape.hpp"
#include "core/text.hpp"
#include "load/on_conflict.hpp"
#include "load/sequences.hpp"
#include "server/compat.hpp"
#include "server/relation.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

// True when file and table have the same columns of the same types in the same order: only then are their
// content hashes about the same thing.
bool same_columns(const avro::Schema &schema, const avro::Table &table) {
    return avro::same_fields(schema, value_or_fail(avro::parse_schema(avro::schema_json(table))));
}

// The log says which columns of the backup were passed over.
void note_dropped(std::string &json, const std::vector<std::string> &dropped) {
    if (dropped.empty()) return;
    std::string list;
    for (const std::string &name : dropped) {
        list += list.empty() ? "[" : ", ";
        append_json_string(list, name);
    }
    json.insert(json.size() - 1, ", \"dropped_columns\": " + list + "]");
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
                      "\": other tables refer to it and it has no primary key that is checked at once",
                  "", "Add one that is not deferrable, or use mode => 'append'."});
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
    // row it is. Where changed rows are in each other's way, such as two that have swapped what is unique,
    // they are deleted and come again, unless somebody's ON DELETE would take notice.
    void apply() const {
        execute("CREATE INDEX ON " + scratch_ + " (" + list_columns(key_) + ")");
        execute("ANALYZE " + scratch_);
        refuse_cascades();
        const ServerError *error = run(difference());
        if (error != nullptr && !others_.empty() && is_key_conflict(*error) &&
            !find_delete_action("'c', 'n', 'd', 'r'"))
            error = run(difference_in_new_rows());
        if (error != nullptr) {
            if (error->sqlerrcode == ERRCODE_FOREIGN_KEY_VIOLATION) refuse_orphans();
            throw PgError{const_cast<ServerError *>(error)};
        }
        execute("DROP TABLE " + scratch_);
    }

  private:
    static const ServerError *run(const std::string &sql) {
        return in_subtransaction([&] {
            execute(sql);
            return true;
        });
    }
    static bool is_key_conflict(const ServerError &error) {
        return error.sqlerrcode == ERRCODE_UNIQUE_VIOLATION ||
               error.sqlerrcode == ERRCODE_EXCLUSION_VIOLATION;
    }

    std::string surplus() const {
        return "NOT EXISTS (SELECT 1 FROM " + scratch_ + " s WHERE " + same_key_ + ")";
    }
    // Rows are compared by their binary image.
    std::string same_others() const {
        return "ROW(" + list_columns(others_, "t.") + ")::pg_catalog.record OPERATOR(pg_catalog.*=) ROW(" +
               list_columns(others_, "s.") + ")::pg_catalog.record";
    }
    std::string same_row() const { return same_key_ + " AND " + same_others(); }

    // One statement, so that rows may refer to each other on the way: their foreign keys are asked at its
    // end. The counts say in which order its parts run, for keys that are asked at once.
    std::string difference() const {
        std::string last = "gone";
        std::string sql =
            "WITH gone AS (DELETE FROM " + only_ + target_ + " t WHERE " + surplus() + " RETURNING 1)";
        if (!others_.empty()) {
            sql += ", changed AS (UPDATE " + only_ + target_ + " t SET (" + list_columns(others_) +
                   ") = ROW(" + list_columns(others_, "s.") + ") FROM " + scratch_ + " s WHERE " + same_key_ +
                   " AND NOT " + same_others() + " AND " + after("gone") + " RETURNING 1)";
            last = "changed";
        }
        return sql + insert_unless(same_key_, last);
    }
    std::string difference_in_new_rows() const {
        return "WITH gone AS (DELETE FROM " + only_ + target_ + " t WHERE NOT EXISTS (SELECT 1 FROM " +
               scratch_ + " s WHERE " + same_row() + ") RETURNING 1)" + insert_unless(same_row(), "gone");
    }
    // All rows but those for which the statement finds one that is the same by `same`.
    std::string insert_unless(const std::string &same, const std::string &last) const {
        return " INSERT INTO " + target_ + " (" + list_columns(columns_) +
               ") OVERRIDING SYSTEM VALUE SELECT " + list_columns(columns_, "s.") + " FROM " + scratch_ +
               " s WHERE NOT EXISTS (SELECT 1 FROM " + only_ + target_ + " t WHERE " + same + ") AND " +
               after(last);
    }
    static std::string after(const std::string &part) {
        return "(SELECT pg_catalog.count(*) FROM " + part + ") OPERATOR(pg_catalog.>=) 0";
    }

    // Names all tables whose rows would lose their parent, where the server names the first one. What the
    // caller may not read is left to the server's own words.
    void refuse_orphans() const {
        const std::vector<TextRow> keys = query(
            "SELECT pg_catalog.string_agg(pg_catalog.format("
            "'t.%I OPERATOR(%I.%s) c.%I', p.attname, n.nspname, o.oprname, f.attname), ' AND '), "
            "CASE r.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END, "
            "pg_catalog.format('%I.%I', rn.nspname, r.relname) "
            "FROM pg_catalog.pg_constraint c "
            "JOIN pg_catalog.pg_class r ON r.oid OPERATOR(pg_catalog.=) c.conrelid "
            "JOIN pg_catalog.pg_namespace rn ON rn.oid OPERATOR(pg_catalog.=) r.relnamespace "
            "CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(c.confkey), pg_catalog.unnest(c.conkey), "
            "pg_catalog.unnest(c.conpfeqop)) k(parent, child, equals) "
            "JOIN pg_catalog.pg_attribute p ON p.attrelid OPERATOR(pg_catalog.=) c.confrelid "
            "AND p.attnum OPERATOR(pg_catalog.=) k.parent "
            "JOIN pg_catalog.pg_attribute f ON f.attrelid OPERATOR(pg_catalog.=) c.conrelid "
            "AND f.attnum OPERATOR(pg_catalog.=) k.child "
            "JOIN pg_catalog.pg_operator o ON o.oid OPERATOR(pg_catalog.=) k.equals "
            "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) o.oprnamespace "
            "WHERE c.contype OPERATOR(pg_catalog.=) 'f' AND c.confrelid OPERATOR(pg_catalog.=) " +
            std::to_string(relid_) +
            " AND c.conparentid OPERATOR(pg_catalog.=) 0 AND c.conrelid OPERATOR(pg_catalog.<>) c.confrelid "
            "AND pg_catalog.has_table_privilege(c.conrelid, 'SELECT') "
            "AND NOT pg_catalog.row_security_active(c.conrelid) "
            "GROUP BY c.oid, c.conname, r.relkind, rn.nspname, r.relname "
            "ORDER BY rn.nspname, r.relname, c.conname");
        std::string detail;
        for (const TextRow &key : keys) {
            const std::string child = key[2].value_or("");
            const std::vector<TextRow> found =
                query("SELECT pg_catalog.count(*) FROM " + key[1].value_or("") + child +
                      " c WHERE EXISTS (SELECT 1 FROM " + only_ + target_ + " t WHERE " +
                      key[0].value_or("") + " AND " + surplus() + ")");
            const std::string count = found.at(0).at(0).value_or("0");
            if (count == "0") continue;
            detail += (detail.empty() ? "" : "\n") + ("Rows of table \"" + child) +
                      "\" that refer to rows that are not in the backup: " + count + ".";
        }
        if (detail.empty()) return;
        fail({Code::foreign_key,
              "cannot replace table \"" + target_ +
                  "\": rows that are not in the backup are still referred to",
              detail, "Delete or restore those rows first, or use mode => 'upsert'."});
    }

    // A table that a deleted row of the target would reach into, by one of these actions ON DELETE.
    std::optional<std::string> find_delete_action(const char *actions) const {
        const std::vector<TextRow> found = query(
            "SELECT conrelid::pg_catalog.regclass FROM pg_catalog.pg_constraint WHERE contype "
            "OPERATOR(pg_catalog.=) 'f' AND confrelid OPERATOR(pg_catalog.=) " +
            std::to_string(relid_) + " AND confdeltype OPERATOR(pg_catalog.=) ANY (ARRAY[" + actions +
            "]::pg_catalog.\"char\"[]) LIMIT 1");
        return found.empty() ? std::nullopt : found[0][0];
    }

    // Deleting a surplus row must not reach into other tables unasked.
    void refuse_cascades() const {
        const std::optional<std::string> child = find_delete_action("'c', 'n', 'd'");
        if (!child) return;
        const std::vector<TextRow> surplus_rows =
            query("SELECT pg_catalog.count(*) FROM " + only_ + target_ + " t WHERE " + surplus());
        const std::string count = surplus_rows.at(0).at(0).value_or("0");
        if (count == "0") return;
        fail({Code::unsupported,
              "cannot replace table \"" + target_ +
                  "\": deleting rows that are not in the backup would change table \"" + *child + "\"",
              "Rows that are not in the backup: " + count + ".",
              "Delete them yourself, or use mode => 'append'."});
    }

    Oid relid_;
    std::string target_, scratch_, only_, same_key_;
    std::vector<std::string> columns_, key_, others_;
};

// ---- keys ----

// What looks at the unique constraints of a table, be they declared as such or as indexes over whole columns:
// true when one of them, or with `primary` the primary key, has all its columns among these.
bool holds_unique_key(Relation rel, std::span<const AttrNumber> columns, bool primary) {
    return pg_call([&] {
        bool found = false;
        List *indexes = RelationGetIndexList(rel);
        ListCell *cell;
        foreach (cell, indexes) {
            Relation index = index_open(lfirst_oid(cell), AccessShareLock);
            const FormData_pg_index *form = index->rd_index;
            bool held = form->indisunique && form->indimmediate && form->indisvalid &&
                        (!primary || form->indisprimary) &&
                        heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, nullptr);
            for (int i = 0; held && i < form->indnkeyatts; ++i)
                held = std::ranges::find(columns, form->indkey.values[i]) != columns.end();
            found = found || held;
            index_close(index, AccessShareLock);
        }
        return found;
    });
}

bool has_unique_constraint(Relation rel) {
    std::vector<AttrNumber> all;
    for (AttrNumber number = 1; number <= RelationGetDescr(rel)->natts; ++number) all.push_back(number);
    return holds_unique_key(rel, all, false);
}

// ---- one restore ----

// A load whose every row must go in, with a hint of the caller's for the first that does not.
LoadReport load_strictly(const Load &load, const char *hint) {
    try {
        return run_load(load);
    } catch (Failure &failure) {
        if (failure.error.code == Code::reject_limit) failure.error.hint = hint;
        throw;
    }
}

void verify_parts(const Manifest &manifest) {
    for (const ManifestPart &part : manifest.parts) {
        if (hash_file(part.file) == part.sha256) continue;
        fail({Code::checksum_mismatch,
              "backup " + std::to_string(manifest.backup_id) + " is damaged: the SHA-256 of \"" + part.file +
                  "\" differs from the manifest's",
              "", "Restore from another backup."});
    }
}

class Restore {
  public:
    Restore(Oid target, const AvroInput &input, std::optional<Manifest> manifest,
            const RestoreOptions &options, bool fresh = false)
        : target_(target), manifest_(std::move(manifest)), options_(options), fresh_(fresh) {
        facts_.source_kind = "avro";
        facts_.source_name = input.name;
        if (manifest_)
            for (const ManifestPart &part : manifest_->parts) {
                files_.push_back(part.file);
                facts_.bytes_total += part.bytes;
            }
        else
            files_.push_back(input);
    }

    LoadReport run();

  private:
    void verify_checksums();
    void refuse_other_table();
    void refuse_hidden_rows(Relation rel);
    void check_rights(Relation rel, const std::vector<std::string> &columns);
    void check_replace(Relation rel);
    void check_key(Relation rel, std::span<const AttrNumber> columns);
    LOCKMODE choose_lock() const;
    Oid prepare();
    void complete(uint64_t rejected);

    Oid target_;
    std::optional<Manifest> manifest_;  // of a backup of ours
    std::string sha256_;
    const RestoreOptions &options_;
    bool fresh_;  // the target was made for this, from the backup's own definition
    std::vector<AvroInput> files_;
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
    verify_parts(*manifest_);
}

// A backup goes back to where it came from. Into another table it may show rows to somebody who could not
// read them: that is for those who may read the server's files anyway.
void Restore::refuse_other_table() {
    const std::string database =
        pg_call([] { return static_cast<const char *>(get_database_name(MyDatabaseId)); });
    if (manifest_->target == facts_.target && manifest_->database == database) return;
    if (may_read_files()) return;
    fail({Code::no_privilege,
          "backup " + std::to_string(manifest_->backup_id) + " is not of table \"" + facts_.target + "\"",
          "It was taken of table \"" + manifest_->target + "\" in database \"" + manifest_->database + "\".",
          "Only members of pg_read_server_files may restore a backup into another table."});
}

// Of rows that a policy refuses the log would keep a copy for whoever restores.
void Restore::refuse_hidden_rows(Relation rel) {
    if (!manifest_ || !row_security_applies(rel) || may_read_files()) return;
    const std::string user =
        pg_call([] { return static_cast<const char *>(GetUserNameFromId(GetUserId(), false)); });
    if (manifest_->filtered && manifest_->taken_by == user) return;
    fail({Code::no_privilege, "permission denied for backup " + std::to_string(manifest_->backup_id),
          "Row-level security of table \"" + facts_.target +
              "\" applies to you, and the backup may hold rows that it hides.",
          "Restore one that you have taken with row_security => 'filter'."});
}

void Restore::check_rights(Relation rel, const std::vector<std::string> &columns) {
    std::vector<AttrNumber> numbers;
    for (const PlannedColumn &column : plan_columns(rel, columns)) numbers.push_back(column.number);
    require_insert(rel, numbers);
    require_writable("ferry.restore_table_avro()");
    if (fresh_) return;
    if (options_.mode == RestoreMode::replace) {
        check_replace(rel);
    } else {
        refuse_hidden_rows(rel);
        check_key(rel, numbers);
    }
}

// A key that rows can be known by: one that is checked at once and that the file holds all of.
void Restore::check_key(Relation rel, std::span<const AttrNumber> columns) {
    const OnConflict on_conflict = options_.load.on_conflict;
    if (on_conflict == OnConflict::reject) return;
    const bool updates = on_conflict == OnConflict::update;
    const std::string mode = updates ? "upsert" : "missing_only";
    const std::string table = "table \"" + facts_.target + "\"";
    if (!updates) {
        if (const std::string deferrable = deferrable_index(rel); !deferrable.empty())
            fail({Code::conflict_key, table + " has the deferrable unique constraint \"" + deferrable + "\"",
                  "", "Its conflicts show too late for mode => 'missing_only'."});
    }
    if (updates ? immediate_primary_key(rel).empty() : !has_unique_constraint(rel)) {
        fail({Code::conflict_key,
              table + " has no " + (updates ? "primary key" : "unique constraint") + " that mode => '" +
                  mode + "' could go by",
              "",
              std::string("Add one that is not deferrable, or use mode => '") +
                  (updates ? "missing_only' or 'append'." : "append'.")});
    }
    if (!holds_unique_key(rel, columns, updates))
        fail({Code::conflict_key, "the Avro file does not hold the key of " + table, "",
              "Without it mode => '" + mode + "' cannot tell which rows are there."});
    require_conflict_key(rel, columns, on_conflict);
}

void Restore::check_replace(Relation rel) {
    if (manifest_ && manifest_->filtered) {
        fail({Code::unsupported,
              "backup " + std::to_string(manifest_->backup_id) + " does not hold all rows of its table",
              "It was taken with row_security => 'filter'.", "Use another mode."});
    }
    if (row_security_applies(rel)) {
        fail({Code::unsupported,
              "cannot replace table \"" + facts_.target + "\" where row-level security applies to you", "",
              "Restore as a role that bypasses row-level security."});
    }
    if (difference_) {
        for (const AclMode right : std::array<AclMode, 3>{ACL_SELECT, ACL_UPDATE, ACL_DELETE})
            require_rights(rel, right);
    } else {
        require_rights(rel, ACL_TRUNCATE);
    }
}

// A replace must not meet the writes of others half way. The lock that TRUNCATE takes is taken at once and
// without another one before it: two that wait to make theirs stronger would wait for each other. Nobody
// waits for one without the right to TRUNCATE.
LOCKMODE Restore::choose_lock() const {
    if (options_.mode != RestoreMode::replace || fresh_) return RowExclusiveLock;
    Relation rel = open_table(target_, AccessShareLock);
    const bool truncates = !is_referenced(rel) && has_rights(rel, ACL_TRUNCATE);
    release_table(rel, AccessShareLock);
    return truncates ? AccessExclusiveLock : ShareRowExclusiveLock;
}

LoadReport Restore::run() {
    verify_checksums();
    std::vector<avro::Schema> schemas;
    for (const AvroInput &file : files_) schemas.push_back(std::move(OpenPart(file).schema));

    const bool replaces = options_.mode == RestoreMode::replace;
    Relation rel = open_table(target_, choose_lock());
    facts_.target = qualified_name(rel);
    facts_.relid = target_;
    if (manifest_ && !fresh_) refuse_other_table();
    only_ = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ";
    const avro::Table table = describe_table(rel);
    Match match = match_columns(schemas, rel, table, options_.match);
    if (replaces && !fresh_ && is_referenced(rel))
        difference_.emplace(rel, match.columns, GetCurrentTimestamp());
    check_rights(rel, match.columns);
    proves_content_ =
        manifest_ && replaces && options_.match.columns.empty() && same_columns(schemas[0], table);
    close_table(rel);
    if (fresh_ && !proves_content_)
        fail({Code::schema_mismatch, "the definition in the manifest does not have the backup's columns"});
    warn_of_dropped(match);

    LoadOptions options = options_.load;
    note_dropped(options.json, match.dropped);
    PartsSource source(files_, match.mappings, pick_columns(table, match.columns), sha256_,
                       std::move(match.changes));
    const LoadSteps steps{[&] { return prepare(); }, [&](uint64_t rejected) { complete(rejected); }};
    const Load load{steps, match.columns, source, facts_, options};
    return fresh_ ? load_strictly(load, "Make the table by hand and restore into it.") : run_load(load);
}

Oid Restore::prepare() {
    if (options_.mode != RestoreMode::replace || fresh_) return target_;
    if (difference_) return difference_->make_scratch();
    execute("TRUNCATE TABLE " + only_ + facts_.target);
    return target_;
}

void Restore::complete(uint64_t rejected) {
    if (difference_) difference_->apply();
    if (proves_content_ && rejected == 0 && hash_table(target_) != manifest_->content_hash) {
        fail({Code::checksum_mismatch,
              "the restored table differs from backup " + std::to_string(manifest_->backup_id),
              "Its content hash is not the manifest's.",
              "A trigger, or a generated column that has changed, makes other values: mode => 'upsert' takes "
              "them as they come, ferry.restore_table_avro_as() makes the table that was."});
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
    release_table(rel, AccessShareLock);
}

// A backup may show more than its table does today: it is for whoever may read the file or owns the table.
void require_owner(const Manifest &manifest) {
    if (may_read_files()) return;
    const Oid origin = find_origin(manifest);
    if (OidIsValid(origin) && pg_call([&] { return compat::owns_table(origin, GetUserId()); })) return;
    fail({Code::no_privilege,
          "permission denied to make a table from backup " + std::to_string(manifest.backup_id),
          "It was taken of table \"" + manifest.target + "\" in database \"" + manifest.database + "\".",
          "Only the owner of that table and members of pg_read_server_files may do this."});
}

}  // namespace

LoadReport restore_backup_as(const Manifest &manifest, const std::string &name) {
    require_owner(manifest);
    require_writable("ferry.restore_table_avro_as()");
    RestoreOptions options;
    options.load.on_error = OnError::raise;
    options.load.json = "{\"as\": ";
    append_json_string(options.load.json, name);
    options.load.json += "}";
    const MadeTable made = create_from_definition(manifest, name);
    const LoadReport report = Restore(made.table, manifest.file, manifest, options, true).run();
    complete_from_definition(made);
    return report;
}

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

LoadReport restore_bytes(Oid target, std::string_view bytes, const RestoreOptions &options) {
    require_target(target);
    return Restore(target, AvroInput(bytes), std::nullopt, options).run();
}

namespace {

Oid make_scratch(Relation target, const std::string &name, const std::vector<std::string> &columns) {
    execute("CREATE TEMPORARY TABLE " + name + " (LIKE " + qualified_name(target) + " INCLUDING GENERATED)");
    std::string nullable;
    for (const std::string &column : columns)
        nullable += (nullable.empty() ? "" : ", ") +
                    ("ALTER COLUMN " + quote_identifier_text(column) + " DROP NOT NULL");
    if (!nullable.empty()) execute("ALTER TABLE " + name + " " + nullable);
    const std::vector<TextRow> oid =
        query("SELECT " + quote_literal_text(name) + "::pg_catalog.regclass::pg_catalog.oid");
    return static_cast<Oid>(std::stoul(*oid.at(0).at(0)));
}

}  // namespace

Scratch load_scratch(Relation target, const Manifest &manifest) {
    verify_parts(manifest);
    std::vector<AvroInput> files;
    std::vector<avro::Schema> schemas;
    for (const ManifestPart &part : manifest.parts) {
        files.push_back(part.file);
        schemas.push_back(std::move(OpenPart(part.file).schema));
    }
    const avro::Table shape = describe_table(target);
    Match match = match_columns(schemas, target, shape, {});
    Scratch scratch{"pg_temp.ferry_scratch_" + std::to_string(GetCurrentTimestamp()), match.columns};
    const Oid table = make_scratch(target, scratch.name, loadable_columns(target));
    PartsSource source(files, match.mappings, pick_columns(shape, match.columns), manifest.sha256,
                       std::move(match.changes));
    LoadOptions options;
    options.on_error = OnError::raise;
    options.json = "{}";
    const LoadFacts facts{manifest.target, "avro", manifest.file};
    const LoadSteps steps{[table] { return table; }};
    load_strictly({steps, match.columns, source, facts, options},
                  "The table's columns do not take these rows of the backup, so they cannot be compared.");
    execute("ANALYZE " + scratch.name);
    return scratch;
}

}  // namespace ferry
