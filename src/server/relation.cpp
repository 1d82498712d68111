// Implements relation.hpp: every check on a target table that does not depend on the rows.
#include "server/relation.hpp"

#include "server/compat.hpp"

namespace ferry {
namespace {

const char *kind_in_words(char relkind) {
    switch (relkind) {
        case RELKIND_VIEW:
            return "a view";
        case RELKIND_MATVIEW:
            return "a materialized view";
        case RELKIND_SEQUENCE:
            return "a sequence";
        case RELKIND_INDEX:
        case RELKIND_PARTITIONED_INDEX:
            return "an index";
        case RELKIND_COMPOSITE_TYPE:
            return "a composite type";
        case RELKIND_TOASTVALUE:
            return "a TOAST table";
        default:
            return "not a table";
    }
}

bool holds_rows(char relkind) {
    return relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE ||
           relkind == RELKIND_FOREIGN_TABLE;
}

void refuse_unfit(Relation rel) {
    const std::string name = qualified_name(rel);
    if (!holds_rows(rel->rd_rel->relkind)) {
        fail({Code::wrong_object_type, "\"" + name + "\" is " + kind_in_words(rel->rd_rel->relkind), "",
              "Name a table, a partitioned table or a foreign table."});
    }
    if (pg_call([&] { return IsSystemRelation(rel); })) {
        fail({Code::no_privilege, "permission denied: \"" + name + "\" is a system catalog", "", ""});
    }
    if (RELATION_IS_OTHER_TEMP(rel)) {
        fail(
            {Code::unsupported, "cannot access temporary table \"" + name + "\" of another session", "", ""});
    }
}

}  // namespace

// Files, JSON and Avro are UTF-8 throughout; a database that is not would need every text converted twice.
static void require_utf8() {
    if (GetDatabaseEncoding() == PG_UTF8) return;
    fail({Code::unsupported,
          std::string("database encoding \"") + GetDatabaseEncodingName() + "\" is not supported", "",
          "Create the database with ENCODING 'UTF8'."});
}

Relation open_table(Oid relid, LOCKMODE lock) {
    require_utf8();
    Relation rel = pg_call([&] { return try_relation_open(relid, lock); });
    if (rel == nullptr) {
        fail({Code::undefined_object, "table with OID " + std::to_string(relid) + " does not exist", "", ""});
    }
    refuse_unfit(rel);
    return rel;
}

void close_table(Relation rel) {
    pg_call([&] { relation_close(rel, NoLock); });
}

void release_table(Relation rel, LOCKMODE lock) {
    pg_call([&] { relation_close(rel, lock); });
}

std::string qualified_name(Relation rel) {
    return pg_call([&] {
        return static_cast<const char *>(quote_qualified_identifier(
            get_namespace_name(RelationGetNamespace(rel)), RelationGetRelationName(rel)));
    });
}

std::string qualified_name(Oid relid) {
    const char *name = pg_call([&]() -> const char * {
        const char *bare = get_rel_name(relid);
        if (bare == nullptr) return nullptr;
        return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), bare);
    });
    return name != nullptr ? name : std::to_string(relid);
}

std::string quote_identifier_text(std::string_view name) {
    const std::string copy(name);
    const char *plain = copy.c_str();
    return pg_call([&] { return quote_identifier(plain); });
}

std::string quote_literal_text(std::string_view text) {
    const std::string copy(text);
    const char *plain = copy.c_str();
    return pg_call([&] { return quote_literal_cstr(plain); });
}

std::string type_text(Oid type, int32 typmod) {
    return pg_call([&] { return format_type_with_typemod(type, typmod); });
}

// Adds columns to a set as range tables hold them.
static Bitmapset *add_columns(Bitmapset *set, std::span<const AttrNumber> columns) {
    for (const AttrNumber number : columns)
        set = bms_add_member(set, number - FirstLowInvalidHeapAttributeNumber);
    return set;
}

void require_insert(Relation rel, std::span<const AttrNumber> columns) {
    pg_call([&] { compat::check_permissions(rel, ACL_INSERT, add_columns(nullptr, columns), nullptr); });
}

void require_upsert(Relation rel, std::span<const AttrNumber> columns, std::span<const AttrNumber> key,
                    std::span<const AttrNumber> updated) {
    pg_call([&] {
        const AclMode rights = ACL_INSERT | ACL_SELECT | (updated.empty() ? ACL_NO_RIGHTS : ACL_UPDATE);
        // Who updates a column to its EXCLUDED value reads it as well.
        Bitmapset *selected = add_columns(add_columns(nullptr, key), updated);
        compat::check_permissions(rel, rights, add_columns(nullptr, columns), selected,
                                  add_columns(nullptr, updated));
    });
}

void require_rights(Relation rel, AclMode rights) {
    pg_call([&] {
        const AclResult result = pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), rights);
        if (result != ACLCHECK_OK)
            aclcheck_error(result, get_relkind_objtype(rel->rd_rel->relkind), RelationGetRelationName(rel));
    });
}

bool has_rights(Relation rel, AclMode rights) {
    return pg_call(
        [&] { return pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), rights) == ACLCHECK_OK; });
}

void require_any_insert(Relation rel) {
    const bool some = pg_call([&] {
        return pg_attribute_aclcheck_all(RelationGetRelid(rel), GetUserId(), ACL_INSERT, ACLMASK_ANY) ==
               ACLCHECK_OK;
    });
    if (!some) require_rights(rel, ACL_INSERT);
}

void require_writable(const char *command) {
    pg_call([&] {
        PreventCommandIfReadOnly(command);
        PreventCommandIfParallelMode(command);
    });
}

bool row_security_applies(Relation rel) {
    return pg_call([&] { return check_enable_rls(RelationGetRelid(rel), InvalidOid, false) == RLS_ENABLED; });
}

namespace {

struct PrimaryKey {
    Oid index;
    bool immediate;
    int count;
    AttrNumber columns[INDEX_MAX_KEYS];
};

// Not by rd_pkindex: whether that names a deferrable key depends on the server's version.
PrimaryKey find_primary_key(Relation rel) {
    return pg_call([&] {
        PrimaryKey found{};
        ListCell *cell;
        foreach (cell, RelationGetIndexList(rel)) {
            Relation index = index_open(lfirst_oid(cell), AccessShareLock);
            const FormData_pg_index *facts = index->rd_index;
            if (facts->indisprimary && facts->indisvalid) {
                found.index = facts->indexrelid;
                found.immediate = facts->indimmediate;
                found.count = facts->indnkeyatts;
                for (int i = 0; i < found.count; ++i) found.columns[i] = facts->indkey.values[i];
            }
            index_close(index, AccessShareLock);
        }
        return found;
    });
}

}  // namespace

std::vector<AttrNumber> primary_key(Relation rel) {
    const PrimaryKey key = find_primary_key(rel);
    return {key.columns, key.columns + key.count};
}

std::vector<AttrNumber> immediate_primary_key(Relation rel) {
    const PrimaryKey key = find_primary_key(rel);
    return {key.columns, key.columns + (key.immediate ? key.count : 0)};
}

std::vector<KeyColumn> primary_key_columns(Relation rel) {
    std::vector<KeyColumn> columns;
    const Oid key = find_primary_key(rel).index;
    for (const AttrNumber number : immediate_primary_key(rel)) {
        const int position = static_cast<int>(columns.size());
        const char *equals = pg_call([&] {
            Relation index = index_open(key, AccessShareLock);
            const Oid type = index->rd_opcintype[position];
            const Oid equality =
                get_opfamily_member(index->rd_opfamily[position], type, type, BTEqualStrategyNumber);
            index_close(index, AccessShareLock);
            HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(equality));
            if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for operator %u", equality);
            const auto *facts = reinterpret_cast<Form_pg_operator>(GETSTRUCT(tuple));
            const char *text =
                psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(facts->oprnamespace)),
                         NameStr(facts->oprname));
            ReleaseSysCache(tuple);
            return text;
        });
        columns.push_back({NameStr(TupleDescAttr(RelationGetDescr(rel), number - 1)->attname), equals});
    }
    return columns;
}

bool is_referenced(Relation rel) {
    return pg_call([&] {
        Relation catalog = table_open(ConstraintRelationId, AccessShareLock);
        ScanKeyData keys[1];
        ScanKeyInit(&keys[0], Anum_pg_constraint_confrelid, BTEqualStrategyNumber, F_OIDEQ,
                    ObjectIdGetDatum(RelationGetRelid(rel)));
        // pg_constraint has no index on confrelid; RemoveConstraint's peers scan it the same way.
        SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, nullptr, 1, keys);
        bool referenced = false;
        HeapTuple tuple;
        while (!referenced && HeapTupleIsValid(tuple = systable_getnext(scan))) {
            const auto *constraint = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
            referenced = constraint->contype == CONSTRAINT_FOREIGN;
        }
        systable_endscan(scan);
        table_close(catalog, AccessShareLock);
        return referenced;
    });
}

}  // namespace ferry
