// What differs between PostgreSQL majors, and nothing else: the only file that asks for the server's version.
// Written for 15; the branches for later majors follow their headers.
#pragma once

#include "server/pg.hpp"

namespace ferry::compat {

// Checks the caller's rights on one table, to the column; ereports 42501 when they lack.
// Source: ExecCheckRTPerms (to 15), ExecCheckPermissions (from 16), both in execMain.c.
inline void check_permissions(Relation rel, AclMode required, Bitmapset *inserted, Bitmapset *selected,
                              Bitmapset *updated = nullptr) {
    auto *rte = makeNode(RangeTblEntry);
    rte->rtekind = RTE_RELATION;
    rte->relid = RelationGetRelid(rel);
    rte->relkind = rel->rd_rel->relkind;
    rte->rellockmode = AccessShareLock;
#if PG_VERSION_NUM >= 160000
    List *infos = NIL;
    RTEPermissionInfo *info = addRTEPermissionInfo(&infos, rte);
    info->requiredPerms = required;
    info->insertedCols = inserted;
    info->selectedCols = selected;
    info->updatedCols = updated;
    ExecCheckPermissions(list_make1(rte), infos, true);
#else
    rte->requiredPerms = required;
    rte->insertedCols = inserted;
    rte->selectedCols = selected;
    rte->updatedCols = updated;
    ExecCheckRTPerms(list_make1(rte), true);
#endif
}

// Source: datetime.c; 16 added the last argument, which only time zones that are not known fill.
inline int decode_datetime(char **fields, int *types, int count, int *type, pg_tm *time, fsec_t *fraction,
                           int *zone) {
#if PG_VERSION_NUM >= 160000
    DateTimeErrorExtra extra;
    return DecodeDateTime(fields, types, count, type, time, fraction, zone, &extra);
#else
    return DecodeDateTime(fields, types, count, type, time, fraction, zone);
#endif
}

// Gives the executor state its one-table range table.
inline void init_range_table(EState *estate, Relation rel) {
    auto *rte = makeNode(RangeTblEntry);
    rte->rtekind = RTE_RELATION;
    rte->relid = RelationGetRelid(rel);
    rte->relkind = rel->rd_rel->relkind;
    rte->rellockmode = RowExclusiveLock;
#if PG_VERSION_NUM >= 160000
    List *infos = NIL;
    addRTEPermissionInfo(&infos, rte);
    ExecInitRangeTable(estate, list_make1(rte), infos);
#else
    ExecInitRangeTable(estate, list_make1(rte));
#endif
}

// Source: ExecInsertIndexTuples in execIndexing.c; 16 added the last argument.
inline List *insert_index_tuples(ResultRelInfo *rri, TupleTableSlot *slot, EState *estate, bool no_dup_error,
                                 bool *conflict) {
#if PG_VERSION_NUM >= 160000
    return ExecInsertIndexTuples(rri, slot, estate, false, no_dup_error, conflict, NIL, false);
#else
    return ExecInsertIndexTuples(rri, slot, estate, false, no_dup_error, conflict, NIL);
#endif
}

// The last leaf of a B-tree, pinned and locked for reading; InvalidBuffer when the index is empty. Source:
// nbtsearch.c; 17 dropped the last argument.
inline Buffer last_btree_leaf(Relation index) {
#if PG_VERSION_NUM >= 170000
    return _bt_get_endpoint(index, 0, true);
#else
    return _bt_get_endpoint(index, 0, true, nullptr);
#endif
}

// The leaf where the key belongs, pinned and locked for reading, and the path to it; InvalidBuffer when the
// index is empty. Source: nbtsearch.c; 16 added the table, 17 dropped the snapshot.
inline BTStack search_btree(Relation index, Relation heap, BTScanInsert key, Buffer *leaf) {
#if PG_VERSION_NUM >= 170000
    return _bt_search(index, heap, key, leaf, BT_READ);
#elif PG_VERSION_NUM >= 160000
    return _bt_search(index, heap, key, leaf, BT_READ, nullptr);
#else
    (void)heap;
    return _bt_search(index, key, leaf, BT_READ, nullptr);
#endif
}

// Whether two NULLs are one key, which 15 made an option.
inline bool nulls_conflict(const IndexInfo *info) {
#if PG_VERSION_NUM >= 150000
    return info->ii_NullsNotDistinct;
#else
    (void)info;
    return false;
#endif
}

// Source: timestamp.h; 17 brought intervals without end.
inline bool is_infinite(const Interval *interval) {
#if PG_VERSION_NUM >= 170000
    return INTERVAL_NOT_FINITE(interval);
#else
    (void)interval;
    return false;
#endif
}

// Runs a started query to its end. 18 dropped the last argument of ExecutorRun.
inline void run_executor(QueryDesc *query) {
#if PG_VERSION_NUM >= 180000
    ExecutorRun(query, ForwardScanDirection, 0);
#else
    ExecutorRun(query, ForwardScanDirection, 0, true);
#endif
}

// The parse trees of a text of SQL statements. Source: parser.c; 14 added the mode.
inline List *parse_sql(const char *text) {
#if PG_VERSION_NUM >= 140000
    return raw_parser(text, RAW_PARSE_DEFAULT);
#else
    return raw_parser(text);
#endif
}

// Source: acl.h; 16 made one function of many.
inline bool owns_table(Oid table, Oid role) {
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(RelationRelationId, table, role);
#else
    return pg_class_ownercheck(table, role);
#endif
}

// A temporary file of the server: gone with the transaction, spilled to disk, counted against
// temp_file_limit.
inline size_t read_spill(BufFile *file, void *to, size_t size) {
    return BufFileRead(file, to, size);
}

}  // namespace ferry::compat
