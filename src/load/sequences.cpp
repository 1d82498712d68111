// Implements sequences.hpp: finds owned sequences through pg_depend (PostgreSQL: getOwnedSequences in
// pg_depend.c).
#include "load/sequences.hpp"

#include "server/relation.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

using Found = OwnedSequences::Found;

// A sequence and the column that owns it.
struct Owned {
    AttrNumber column;
    Found found;
};

std::vector<Owned> find_sequences(Oid table) {
    List *const sequences = pg_call([&] { return getOwnedSequences(table); });
    std::vector<Owned> owned;
    ListCell *cell;
    foreach (cell, sequences) {
        const Oid sequence = lfirst_oid(cell);
        owned.push_back(pg_call([&] {
            Owned item{InvalidAttrNumber, {InvalidOid, true, 0, 0}};
            Oid owner_table;
            int32 owner_column;
            if (!sequenceIsOwned(sequence, DEPENDENCY_AUTO, &owner_table, &owner_column) &&
                !sequenceIsOwned(sequence, DEPENDENCY_INTERNAL, &owner_table, &owner_column))
                return item;
            HeapTuple tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
            if (!HeapTupleIsValid(tuple)) return item;
            const auto *facts = reinterpret_cast<Form_pg_sequence>(GETSTRUCT(tuple));
            item = {static_cast<AttrNumber>(owner_column),
                    {sequence, facts->seqincrement > 0, facts->seqmin, facts->seqmax}};
            ReleaseSysCache(tuple);
            return item;
        }));
    }
    return owned;
}

// Of several, the last.
Found sequence_of(const std::vector<Owned> &owned, AttrNumber column) {
    Found found{InvalidOid, true, 0, 0};
    for (const Owned &item : owned)
        if (item.column == column) found = item.found;
    return found;
}

bool is_integer(Oid type) {
    return type == INT2OID || type == INT4OID || type == INT8OID;
}

struct Position {
    int64_t last;
    bool called;
};

// The sequence's one row, as nextval would find it (PostgreSQL: src/include/commands/sequence.h).
Position read_position(Relation sequence) {
    Position position{0, true};
    TupleTableSlot *slot = table_slot_create(sequence, nullptr);
    TableScanDesc scan = table_beginscan(sequence, GetActiveSnapshot(), 0, nullptr);
    if (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        bool null;
        position.last = DatumGetInt64(slot_getattr(slot, SEQ_COL_LASTVAL, &null));
        position.called = DatumGetBool(slot_getattr(slot, SEQ_COL_CALLED, &null));
    }
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    return position;
}

bool stands_before(const Found &found, const Position &position, int64_t value) {
    if (position.last == value) return !position.called;
    return found.ascending ? position.last < value : position.last > value;
}

// Runs as the sequence's owner, so nothing here may run SQL or look a name up. Two loads that move the same
// sequence take turns, or the later could set it back.
void move_past(const Found &found, int64_t value) {
    if (value < found.least || value > found.greatest) return;
    pg_call([&] {
        Relation sequence = relation_open(found.sequence, AccessShareLock);
        if (stands_before(found, read_position(sequence), value)) {
            LockRelationOid(found.sequence, ShareUpdateExclusiveLock);
            if (stands_before(found, read_position(sequence), value)) {
                Oid user;
                int context;
                GetUserIdAndSecContext(&user, &context);
                SetUserIdAndSecContext(sequence->rd_rel->relowner, context | SECURITY_LOCAL_USERID_CHANGE |
                                                                       SECURITY_RESTRICTED_OPERATION);
                DirectFunctionCall2(setval_oid, ObjectIdGetDatum(found.sequence), Int64GetDatum(value));
                SetUserIdAndSecContext(user, context);
            }
            // A sequence moves at once, not at commit: nobody needs to wait longer.
            UnlockRelationOid(found.sequence, ShareUpdateExclusiveLock);
        }
        relation_close(sequence, NoLock);
    });
}

}  // namespace

OwnedSequences::OwnedSequences(Relation rel, const std::vector<PlannedColumn> &columns) {
    const std::vector<Owned> owned = find_sequences(RelationGetRelid(rel));
    for (const PlannedColumn &column : columns) {
        if (!is_integer(column.type)) continue;
        const Found found = sequence_of(owned, column.number);
        if (OidIsValid(found.sequence)) items_.push_back({column.number - 1, column.type, found, false, 0});
    }
}

void OwnedSequences::see(TupleTableSlot *slot) noexcept {
    for (Item &item : items_) {
        if (slot->tts_isnull[item.attribute]) continue;
        const Datum datum = slot->tts_values[item.attribute];
        const int64_t value = item.type == INT2OID   ? DatumGetInt16(datum)
                              : item.type == INT4OID ? DatumGetInt32(datum)
                                                     : DatumGetInt64(datum);
        if (value < item.found.least || value > item.found.greatest) continue;  // no default will meet it
        if (!item.seen || (item.found.ascending ? value > item.furthest : value < item.furthest))
            item.furthest = value;
        item.seen = true;
    }
}

void OwnedSequences::advance() {
    for (const Item &item : items_)
        if (item.seen) move_past(item.found, item.furthest);
}

void advance_past_rows(Relation rel) {
    const std::vector<Owned> owned = find_sequences(RelationGetRelid(rel));
    for (const PlannedColumn &column : plan_columns(rel, {})) {
        const Found found = sequence_of(owned, column.number);
        if (!OidIsValid(found.sequence) || !is_integer(column.type)) continue;
        const std::string name = quote_identifier_text(column.name);
        const std::vector<TextRow> furthest =
            query(std::string("SELECT ") + (found.ascending ? "pg_catalog.max(" : "pg_catalog.min(") + name +
                  ") FROM " + qualified_name(rel) + " WHERE " + name + " OPERATOR(pg_catalog.>=) (" +
                  std::to_string(found.least) + ")::pg_catalog.int8 AND " + name +
                  " OPERATOR(pg_catalog.<=) (" + std::to_string(found.greatest) + ")::pg_catalog.int8");
        if (furthest.at(0).at(0)) move_past(found, std::stoll(*furthest[0][0]));
    }
}

}  // namespace ferry
