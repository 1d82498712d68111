// Implements on_conflict.hpp. What SQL would refuse with the first row is refused before one is read.
#include "load/on_conflict.hpp"

#include <algorithm>

#include "server/relation.hpp"

namespace ferry {
namespace {

bool contains(std::span<const AttrNumber> columns, AttrNumber number) {
    return std::ranges::find(columns, number) != columns.end();
}

std::string column_name(Relation rel, AttrNumber number) {
    return NameStr(TupleDescAttr(RelationGetDescr(rel), number - 1)->attname);
}

}  // namespace

std::string deferrable_index(Relation rel) {
    return pg_call([&] {
        const char *found = "";
        List *indexes = RelationGetIndexList(rel);
        ListCell *cell;
        foreach (cell, indexes) {
            Relation index = index_open(lfirst_oid(cell), AccessShareLock);
            if (!index->rd_index->indimmediate) found = pstrdup(RelationGetRelationName(index));
            index_close(index, AccessShareLock);
        }
        return found;
    });
}

std::vector<AttrNumber> overwritten(Relation rel, std::span<const AttrNumber> columns) {
    const std::vector<AttrNumber> key = immediate_primary_key(rel);
    std::vector<AttrNumber> others;
    for (const AttrNumber number : columns) {
        const char identity = TupleDescAttr(RelationGetDescr(rel), number - 1)->attidentity;
        if (!contains(key, number) && identity != ATTRIBUTE_IDENTITY_ALWAYS) others.push_back(number);
    }
    return others;
}

InsertStatement::OnConflict conflict_clause(Relation rel, std::span<const AttrNumber> columns,
                                            OnConflict on_conflict) {
    if (on_conflict == OnConflict::reject) return {""};
    if (on_conflict == OnConflict::skip) return {"ON CONFLICT DO NOTHING"};
    const std::vector<AttrNumber> numbers = immediate_primary_key(rel);
    std::string key, values;
    for (const AttrNumber number : numbers)
        key += (key.empty() ? "" : ", ") + quote_identifier_text(column_name(rel, number));
    for (const AttrNumber number : overwritten(rel, columns)) {
        const std::string name = quote_identifier_text(column_name(rel, number));
        values += (values.empty() ? "UPDATE SET " : ", ") + name + " = EXCLUDED." + name;
    }
    key = "ON CONFLICT (" + key + ") DO ";
    if (values.empty()) return {key + "NOTHING"};
    return {key + values, numbers};
}

void require_conflict_key(Relation rel, std::span<const AttrNumber> columns, OnConflict on_conflict) {
    if (on_conflict == OnConflict::reject) return;
    const std::string table = "table \"" + qualified_name(rel) + "\"";
    if (on_conflict == OnConflict::skip) {
        const std::string deferrable = deferrable_index(rel);
        if (deferrable.empty()) return;
        fail({Code::conflict_key, table + " has the deferrable unique constraint \"" + deferrable + "\"", "",
              "Its conflicts show too late to be skipped: use on_conflict => 'reject'."});
    }
    const std::vector<AttrNumber> key = immediate_primary_key(rel);
    if (key.empty())
        fail({Code::conflict_key, table + " has no primary key that on_conflict => 'update' could go by", "",
              "Add one that is not deferrable, or use on_conflict => 'skip' or 'reject'."});
    for (const AttrNumber number : key) {
        if (contains(columns, number)) continue;
        fail({Code::conflict_key,
              "column \"" + column_name(rel, number) + "\" of the primary key of " + table + " is not loaded",
              "", "on_conflict => 'update' needs the whole key to find the row."});
    }
    require_upsert(rel, columns, key, overwritten(rel, columns));
}

}  // namespace ferry
