// Implements sequences.hpp: finds owned sequences through pg_depend (PostgreSQL: getOwnedSequences in
// pg_depend.c).
#include "load/sequences.hpp"

#include "server/relation.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

struct Found {
    Oid sequence;
    bool ascending;
};

Found find_sequence(Oid table, AttrNumber column) {
    return pg_call([&] {
        Found found{InvalidOid, true};
        ListCell *cell;
        foreach (cell, getOwnedSequences(table)) {
            const Oid sequence = lfirst_oid(cell);
            Oid owner_table;
            int32 owner_column;
            if (!sequenceIsOwned(sequence, DEPENDENCY_AUTO, &owner_table, &owner_column) &&
                !sequenceIsOwned(sequence, DEPENDENCY_INTERNAL, &owner_table, &owner_column))
                continue;
            if (owner_column != column) continue;
            HeapTuple tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
            if (!HeapTupleIsValid(tuple)) continue;
            found = {sequence, reinterpret_cast<Form_pg_sequence>(GETSTRUCT(tuple))->seqincrement > 0};
            ReleaseSysCache(tuple);
        }
        return found;
    });
}

// Done as the sequence's owner; the server puts the user back after an error.
void move_past(Oid sequence, bool ascending, int64_t value) {
    const std::string sql =
        "SELECT pg_catalog.setval($1::pg_catalog.regclass, $2) FROM " + qualified_name(sequence) +
        (ascending ? " WHERE CASE WHEN is_called THEN last_value ELSE last_value - 1 END < $2"
                   : " WHERE CASE WHEN is_called THEN last_value ELSE last_value + 1 END > $2") +
        " AND EXISTS (SELECT 1 FROM pg_catalog.pg_sequence WHERE seqrelid = $1"
        " AND $2 BETWEEN seqmin AND seqmax)";
    const std::vector<SqlArgument> arguments{{OIDOID, ObjectIdGetDatum(sequence)}, bigint_argument(value)};
    const Oid owner = pg_call([&] {
        Relation rel = relation_open(sequence, AccessShareLock);
        const Oid found = rel->rd_rel->relowner;
        relation_close(rel, NoLock);
        return found;
    });
    Oid user;
    int context;
    GetUserIdAndSecContext(&user, &context);
    SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE);
    query(sql, arguments);
    SetUserIdAndSecContext(user, context);
}

}  // namespace

OwnedSequences::OwnedSequences(Relation rel, const std::vector<PlannedColumn> &columns) {
    for (const PlannedColumn &column : columns) {
        if (column.type != INT2OID && column.type != INT4OID && column.type != INT8OID) continue;
        const Found found = find_sequence(RelationGetRelid(rel), column.number);
        if (OidIsValid(found.sequence))
            items_.push_back({column.number - 1, column.type, found.sequence, found.ascending, false, 0});
    }
}

void OwnedSequences::see(TupleTableSlot *slot) noexcept {
    for (Item &item : items_) {
        if (slot->tts_isnull[item.attribute]) continue;
        const Datum datum = slot->tts_values[item.attribute];
        const int64_t value = item.type == INT2OID   ? DatumGetInt16(datum)
                              : item.type == INT4OID ? DatumGetInt32(datum)
                                                     : DatumGetInt64(datum);
        if (!item.seen || (item.ascending ? value > item.furthest : value < item.furthest))
            item.furthest = value;
        item.seen = true;
    }
}

void OwnedSequences::advance() {
    for (const Item &item : items_)
        if (item.seen) move_past(item.sequence, item.ascending, item.furthest);
}

void advance_past_rows(Relation rel) {
    for (const PlannedColumn &column : plan_columns(rel, {})) {
        const Found found = find_sequence(RelationGetRelid(rel), column.number);
        if (!OidIsValid(found.sequence)) continue;
        const std::vector<TextRow> furthest =
            query(std::string("SELECT ") + (found.ascending ? "max(" : "min(") +
                  quote_identifier_text(column.name) + ") FROM " + qualified_name(rel));
        if (furthest.at(0).at(0)) move_past(found.sequence, found.ascending, std::stoll(*furthest[0][0]));
    }
}

}  // namespace ferry
