// Implements table_writer.hpp after CopyMultiInsertBufferFlush (PostgreSQL: src/backend/commands/copyfrom.c)
// and ExecInsertIndexTuples (execIndexing.c). Uniqueness is asked for as INSERT … ON CONFLICT does: the index
// takes the entry and says whether another one is in its way, so that a duplicate costs no subtransaction.
#include "server/table_writer.hpp"

#include <algorithm>
#include <cstring>

#include "server/btree.hpp"
#include "server/compat.hpp"

namespace ferry {
namespace {

// Runs shorter than this are not worth the asking.
constexpr size_t fewest_in_run = 32;
// One conflict in so many rows is many.
constexpr size_t many_conflicts = 32;

}  // namespace

ExecutorTable::ExecutorTable(Relation rel) : rel_(rel) {
    pg_call([&] {
        estate_ = CreateExecutorState();
        compat::init_range_table(estate_, rel_);
        result_ = makeNode(ResultRelInfo);
        InitResultRelInfo(result_, rel_, 1, nullptr, 0);
        CheckValidResultRel(result_, CMD_INSERT);
    });
}

void ExecutorTable::finish() {
    pg_call([&] { FreeExecutorState(estate_); });
    estate_ = nullptr;
}

void SlotArray::reserve(size_t count) {
    const size_t made = slots_.size();
    if (count <= made) return;
    slots_.resize(count);
    const ContextSwitch into(context_);
    pg_call([&] {
        ResourceOwner const before = CurrentResourceOwner;
        CurrentResourceOwner = owner_;
        // A descriptor of our own is not counted: the server would look every slot up when it goes.
        if (made == 0) descriptor_ = CreateTupleDescCopyConstr(RelationGetDescr(rel_));
        for (size_t i = made; i < count; ++i)
            slots_[i] = MakeSingleTupleTableSlot(descriptor_, table_slot_callbacks(rel_));
        CurrentResourceOwner = before;
    });
}

void SlotArray::clear(size_t count) {
    pg_call([&] {
        for (size_t i = 0; i < count; ++i) ExecClearTuple(slots_[i]);
    });
}

void SlotArray::finish() {
    pg_call([&] {
        for (TupleTableSlot *slot : slots_) ExecDropSingleTupleTableSlot(slot);
    });
    slots_.clear();
}

TableWriter::TableWriter(ExecutorTable &table)
    : rel_(table.rel()), estate_(table.estate()), result_(table.result()), context_(CurrentMemoryContext) {
    pg_call([&] {
        ExecOpenIndices(result_, true);
        for (int i = 0; i < result_->ri_NumIndices; ++i) {
            const bool exclusion = result_->ri_IndexRelationInfo[i]->ii_ExclusionOps != nullptr;
            if (result_->ri_IndexRelationDescs[i]->rd_index->indisunique || exclusion) ++unique_indexes_;
            exclusion_ = exclusion_ || exclusion;
        }
    });
}

void TableWriter::insert_raw(std::span<TupleTableSlot *const> rows, bool tolerant, Suspect *suspects,
                             size_t &count) {
    const CommandId command = GetCurrentCommandId(true);
    if (bulk_ == nullptr) {
        const MemoryContext before = MemoryContextSwitchTo(context_);
        bulk_ = GetBulkInsertState();
        MemoryContextSwitchTo(before);
    }
    const MemoryContext before = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate_));
    table_multi_insert(rel_, const_cast<TupleTableSlot **>(rows.data()), static_cast<int>(rows.size()),
                       command, 0, bulk_);
    MemoryContextSwitchTo(before);
    ResetPerTupleExprContext(estate_);
    if (result_->ri_NumIndices > 0) insert_entries(rows, tolerant, suspects, count);
}

// Index by index, which keeps one index's pages at hand for all rows. Exclusion constraints need the server's
// own way, row by row.
void TableWriter::insert_entries(std::span<TupleTableSlot *const> rows, bool tolerant, Suspect *suspects,
                                 size_t &count) {
    if (!exclusion_) {
        for (int i = 0; i < result_->ri_NumIndices; ++i)
            insert_entries_of(i, rows, tolerant, suspects, count);
        return;
    }
    for (uint32_t r = 0; r < rows.size(); ++r) {
        List *refused = compat::insert_index_tuples(result_, rows[r], estate_, tolerant, nullptr);
        ListCell *cell;
        foreach (cell, refused)
            if (tolerant) suspects[count++] = {r, lfirst_oid(cell), false, {}};
        ResetPerTupleExprContext(estate_);
    }
}

void TableWriter::prepare_predicate(int i) {
    IndexInfo *info = result_->ri_IndexRelationInfo[i];
    if (info->ii_Predicate != NIL && info->ii_PredicateState == nullptr)
        info->ii_PredicateState = ExecPrepareQual(info->ii_Predicate, estate_);
}

// What the index is to hold of this row; false when its predicate leaves the row out.
bool TableWriter::form_entry(int i, TupleTableSlot *row, Datum *values, bool *nulls) {
    IndexInfo *info = result_->ri_IndexRelationInfo[i];
    ExprContext *const context = GetPerTupleExprContext(estate_);
    context->ecxt_scantuple = row;
    if (info->ii_Predicate != NIL && !ExecQual(info->ii_PredicateState, context)) return false;
    FormIndexDatum(info, row, estate_, values, nulls);
    return true;
}

// The entries of all rows, when the first of them would come behind the last one of the index; else null.
IndexTuple *TableWriter::form_run(int i, std::span<TupleTableSlot *const> rows) {
    Relation index = result_->ri_IndexRelationDescs[i];
    if (rows.size() < fewest_in_run || result_->ri_IndexRelationInfo[i]->ii_Predicate != NIL) return nullptr;
    entries_.reset();
    const MemoryContext before = MemoryContextSwitchTo(entries_.get());
    auto *entries = static_cast<IndexTuple *>(palloc(rows.size() * sizeof(IndexTuple)));
    for (size_t r = 0; r < rows.size(); ++r) {
        Datum values[INDEX_MAX_KEYS];
        bool nulls[INDEX_MAX_KEYS];
        form_entry(i, rows[r], values, nulls);
        entries[r] = index_form_tuple(RelationGetDescr(index), values, nulls);
        entries[r]->t_tid = rows[r]->tts_tid;
        if (r == 0 && !stands_behind(index, entries[r])) {
            entries = nullptr;
            break;
        }
    }
    MemoryContextSwitchTo(before);
    return entries;
}

void TableWriter::insert_entries_of(int i, std::span<TupleTableSlot *const> rows, bool tolerant,
                                    Suspect *suspects, size_t &count) {
    Relation index = result_->ri_IndexRelationDescs[i];
    IndexInfo *info = result_->ri_IndexRelationInfo[i];
    if (index == nullptr || !info->ii_ReadyForInserts) return;
    const IndexUniqueCheck check = !index->rd_index->indisunique ? UNIQUE_CHECK_NO
                                   : tolerant                    ? UNIQUE_CHECK_PARTIAL
                                                                 : UNIQUE_CHECK_YES;
    const MemoryContext before = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate_));
    prepare_predicate(i);
    IndexTuple *const entries = form_run(i, rows);
    size_t looked_at = 0, next_try = entries != nullptr ? 0 : rows.size();
    for (uint32_t r = 0; r < rows.size(); ++r) {
        CHECK_FOR_INTERRUPTS();
        if (r >= next_try) {
            looked_at = r + append_to_btree(index, entries + r, rows.size() - r);
            next_try = std::max(looked_at, size_t{r}) + 1;  // the leaf is full: the next entry splits it
        }
        if (r < looked_at && entries[r] == nullptr) continue;
        Datum values[INDEX_MAX_KEYS];
        bool nulls[INDEX_MAX_KEYS];
        if (!form_entry(i, rows[r], values, nulls)) continue;
        const bool unique = index_insert(index, values, nulls, &rows[r]->tts_tid, rel_, check, false, info);
        if (check == UNIQUE_CHECK_PARTIAL && !unique)
            suspects[count++] = {r, RelationGetRelid(index), false, {}};
        ResetPerTupleExprContext(estate_);
    }
    MemoryContextSwitchTo(before);
}

// Asks each index that suspected the row again; the row is out of the table by now. Without a conflict it
// goes back in the ordinary way.
void TableWriter::settle(TupleTableSlot *row, std::span<Suspect> suspects) {
    bool free = true;
    for (Suspect &suspect : suspects) {
        ItemPointerData other;
        suspect.confirmed =
            !ExecCheckIndexConstraints(result_, row, estate_, &other, list_make1_oid(suspect.index));
        free = free && !suspect.confirmed;
        ResetPerTupleExprContext(estate_);
    }
    if (!free) return;
    table_tuple_insert(rel_, row, GetCurrentCommandId(true), 0, bulk_);
    compat::insert_index_tuples(result_, row, estate_, false, nullptr);
    ResetPerTupleExprContext(estate_);
}

// Looks for other rows with a key in one unique index, without waiting for their transactions. Source:
// check_exclusion_or_unique_constraint in execIndexing.c, which would wait.
struct TableWriter::KeyScan {
    Relation index;
    IndexInfo *info;
    SnapshotData dirty;
    TupleTableSlot *found;
    IndexScanDesc scan;
    IndexFetchTableData *fetch;  // of rows whose place is known
};

// In the current memory context; `scan` must stay where it is.
void TableWriter::begin_scan(KeyScan &scan, int i) {
    scan.index = result_->ri_IndexRelationDescs[i];
    scan.info = result_->ri_IndexRelationInfo[i];
    InitDirtySnapshot(scan.dirty);
    scan.found = table_slot_create(rel_, nullptr);
    scan.scan = index_beginscan(rel_, scan.index, &scan.dirty, scan.info->ii_NumIndexKeyAttrs, 0);
    scan.fetch = table_index_fetch_begin(rel_);
}

void TableWriter::end_scan(KeyScan &scan) {
    table_index_fetch_end(scan.fetch);
    index_endscan(scan.scan);
    ExecDropSingleTupleTableSlot(scan.found);
}

// What the row just found says of its transaction.
void TableWriter::note_writer(const KeyScan &scan, OtherRow &other) {
    const TransactionId writer = TransactionIdIsValid(scan.dirty.xmin) ? scan.dirty.xmin : scan.dirty.xmax;
    other.there = true;
    other.open = TransactionIdIsValid(writer) && !TransactionIdIsCurrentTransactionId(writer);
    other.place = scan.found->tts_tid;
}

// Looks at a place where the index had this key; false when that says nothing, as when the row is gone or
// another one is there by now.
bool TableWriter::look_at(KeyScan &scan, int i, ItemPointerData place, const Datum *values, const bool *nulls,
                          OtherRow &other) {
    bool again = false, dead = false;
    if (!table_index_fetch_tuple(scan.fetch, &place, &scan.dirty, scan.found, &again, &dead)) return false;
    Datum own[INDEX_MAX_KEYS];
    bool own_nulls[INDEX_MAX_KEYS];
    bool same = form_entry(i, scan.found, own, own_nulls);
    for (int k = 0; same && k < scan.info->ii_NumIndexKeyAttrs; ++k) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(scan.index), k);
        same = !nulls[k] && !own_nulls[k] && attribute->attlen != -2 &&
               datum_image_eq(own[k], values[k], attribute->attbyval, attribute->attlen);
    }
    if (same) note_writer(scan, other);
    ExecClearTuple(scan.found);
    return same;
}

// The row that has this key: of a transaction that is still open before any other.
TableWriter::OtherRow TableWriter::find_other(KeyScan &scan, const Datum *values, const bool *nulls) {
    ScanKeyData keys[INDEX_MAX_KEYS];
    const int count = scan.info->ii_NumIndexKeyAttrs;
    for (int i = 0; i < count; ++i) {
        if (nulls[i] && !compat::nulls_conflict(scan.info)) return {};
        ScanKeyEntryInitialize(&keys[i], nulls[i] ? SK_ISNULL | SK_SEARCHNULL : 0,
                               static_cast<AttrNumber>(i + 1), scan.info->ii_UniqueStrats[i], InvalidOid,
                               scan.index->rd_indcollation[i], scan.info->ii_UniqueProcs[i], values[i]);
    }
    index_rescan(scan.scan, keys, count, nullptr, 0);
    OtherRow other;
    while (!other.open && index_getnext_slot(scan.scan, ForwardScanDirection, scan.found)) {
        note_writer(scan, other);
    }
    ExecClearTuple(scan.found);
    return other;
}

void TableWriter::fail_contended() {
    ereport(ERROR, errcode(ERRCODE_UNIQUE_VIOLATION),
            errmsg("another transaction is inserting a row with the same key"));
}

// Raises when a row of another transaction that is still open has this row's key.
void TableWriter::require_uncontended(TupleTableSlot *row, int i) {
    if (result_->ri_IndexRelationInfo[i]->ii_ExclusionOps != nullptr) return;  // the index has waited already
    Datum values[INDEX_MAX_KEYS];
    bool nulls[INDEX_MAX_KEYS];
    KeyScan scan;
    if (form_entry(i, row, values, nulls)) {
        begin_scan(scan, i);
        const OtherRow other = find_other(scan, values, nulls);
        end_scan(scan);
        if (other.open) fail_contended();
    }
    ResetPerTupleExprContext(estate_);
}

// Takes all suspects out first, then settles them in the order of the rows, so that of two equal rows the
// first wins.
void TableWriter::settle_all(std::span<TupleTableSlot *const> rows, std::span<Suspect> suspects) {
    for (const Suspect &suspect : suspects) {
        int at = 0;
        while (RelationGetRelid(result_->ri_IndexRelationDescs[at]) != suspect.index) ++at;
        require_uncontended(rows[suspect.row], at);
    }
    CommandCounterIncrement();
    const CommandId command = GetCurrentCommandId(true);
    for (size_t i = 0; i < suspects.size(); ++i) {
        if (i > 0 && suspects[i].row == suspects[i - 1].row) continue;
        TM_FailureData failure;
        if (table_tuple_delete(rel_, &rows[suspects[i].row]->tts_tid, command, GetActiveSnapshot(),
                               InvalidSnapshot, true, &failure, false) != TM_Ok)
            elog(ERROR, "could not take back a row of \"%s\"", RelationGetRelationName(rel_));
    }
    for (size_t first = 0, next = 0; first < suspects.size(); first = next) {
        while (next < suspects.size() && suspects[next].row == suspects[first].row) ++next;
        CHECK_FOR_INTERRUPTS();
        settle(rows[suspects[first].row], suspects.subspan(first, next - first));
    }
}

void TableWriter::insert_optimistically(std::span<TupleTableSlot *const> rows, bool tolerant,
                                        std::vector<IndexConflict> &conflicts) {
    if (rows.empty()) return;
    std::vector<Suspect> suspects(tolerant ? rows.size() * unique_indexes_ : 0);
    size_t count = 0;
    pg_call([&] { insert_raw(rows, tolerant, suspects.data(), count); });
    if (count == 0) return;
    suspects.resize(count);
    std::ranges::stable_sort(suspects, {}, &Suspect::row);  // they came index by index
    pg_call([&] { settle_all(rows, suspects); });
    for (const Suspect &suspect : suspects)
        if (suspect.confirmed) conflicts.push_back({suspect.row, suspect.index, {}});
}

// Taking a row out again costs much more than not putting it in.
void TableWriter::insert(std::span<TupleTableSlot *const> rows, bool tolerant,
                         std::vector<IndexConflict> &conflicts) {
    tolerant = tolerant && unique_indexes_ > 0;
    const size_t before = conflicts.size();
    if (tolerant && wary_) {
        set_conflicts_aside(rows, conflicts);
        const size_t told = conflicts.size();
        insert_optimistically(free_, true, conflicts);
        for (size_t i = told; i < conflicts.size(); ++i) conflicts[i].row = places_[conflicts[i].row];
    } else {
        insert_optimistically(rows, tolerant, conflicts);
    }
    wary_ = (conflicts.size() - before) * many_conflicts > rows.size();
}

// Rows whose key is in the table already are told; the others go to free_. Rows with the same key among these
// here are not told apart yet.
void TableWriter::set_conflicts_aside(std::span<TupleTableSlot *const> rows,
                                      std::vector<IndexConflict> &conflicts) {
    std::vector<Suspect> suspects(rows.size() * unique_indexes_);
    size_t count = 0;
    Suspect *const found = suspects.data();
    pg_call([&] { find_conflicts(rows, true, found, count); });
    std::vector<bool> aside(rows.size());
    for (size_t i = 0; i < count; ++i) {
        conflicts.push_back({found[i].row, found[i].index, {}});
        aside[found[i].row] = true;
    }
    free_.clear();
    places_.clear();
    for (uint32_t r = 0; r < rows.size(); ++r) {
        if (aside[r]) continue;
        free_.push_back(rows[r]);
        places_.push_back(r);
    }
}

bool TableWriter::is_unique(int i) const {
    return result_->ri_IndexRelationDescs[i]->rd_index->indisunique ||
           result_->ri_IndexRelationInfo[i]->ii_ExclusionOps != nullptr;
}

// Appends the rows that each unique index has another row in the way of. Of rows whose transaction is open
// nobody can tell yet: they raise, or count for nothing.
void TableWriter::find_conflicts(std::span<TupleTableSlot *const> rows, bool raise_open, Suspect *suspects,
                                 size_t &count) {
    entries_.reset();
    const MemoryContext before = MemoryContextSwitchTo(entries_.get());
    for (int i = 0; i < result_->ri_NumIndices; ++i) {
        if (!is_unique(i)) continue;
        prepare_predicate(i);
        if (result_->ri_IndexRelationInfo[i]->ii_ExclusionOps != nullptr) {
            for (uint32_t r = 0; r < rows.size(); ++r) ask_index(i, rows[r], r, suspects, count);
        } else {
            find_conflicts_in(i, rows, raise_open, suspects, count);
        }
    }
    MemoryContextSwitchTo(before);
    ResetPerTupleExprContext(estate_);
}

void TableWriter::find_conflicts_in(int i, std::span<TupleTableSlot *const> rows, bool raise_open,
                                    Suspect *suspects, size_t &count) {
    Relation index = result_->ri_IndexRelationDescs[i];
    const auto width = static_cast<size_t>(IndexRelationGetNumberOfAttributes(index));
    auto *values = static_cast<Datum *>(palloc(rows.size() * width * sizeof(Datum)));
    auto *nulls = static_cast<bool *>(palloc(rows.size() * width));
    auto *wanted = static_cast<bool *>(palloc(rows.size()));
    for (size_t r = 0; r < rows.size(); ++r)
        wanted[r] = form_entry(i, rows[r], values + r * width, nulls + r * width);
    auto *held = static_cast<Held *>(palloc(rows.size() * sizeof(Held)));
    auto *places = static_cast<ItemPointerData *>(palloc(rows.size() * sizeof(ItemPointerData)));
    if (index->rd_rel->relam == BTREE_AM_OID)
        find_keys(index, rel_, {rows.size(), width, values, nulls, wanted}, held, places);
    else
        for (size_t r = 0; r < rows.size(); ++r) {
            held[r] = wanted[r] ? Held::perhaps : Held::no;
            ItemPointerSetInvalid(&places[r]);
        }
    KeyScan scan{};
    for (uint32_t r = 0; r < rows.size(); ++r) {
        if (held[r] == Held::no) continue;
        OtherRow other{.there = true, .open = false, .place = places[r]};
        if (held[r] == Held::perhaps) {
            CHECK_FOR_INTERRUPTS();
            if (scan.scan == nullptr) begin_scan(scan, i);
            const Datum *const key = values + r * width;
            const bool *const key_nulls = nulls + r * width;
            const bool known =
                ItemPointerIsValid(&places[r]) && look_at(scan, i, places[r], key, key_nulls, other);
            if (!known) other = find_other(scan, key, key_nulls);
        }
        if (other.open && raise_open) fail_contended();
        if (other.there && !other.open) suspects[count++] = {r, RelationGetRelid(index), true, other.place};
    }
    if (scan.scan != nullptr) end_scan(scan);
}

// Waits for open transactions.
void TableWriter::ask_index(int i, TupleTableSlot *row, uint32_t r, Suspect *suspects, size_t &count) {
    const Oid index = RelationGetRelid(result_->ri_IndexRelationDescs[i]);
    ItemPointerData other{};
    CHECK_FOR_INTERRUPTS();
    if (!ExecCheckIndexConstraints(result_, row, estate_, &other, list_make1_oid(index)))
        suspects[count++] = {r, index, true, other};
    ResetPerTupleExprContext(estate_);
}

// Every unique index that has another row in the way of this one.
bool TableWriter::conflicts_with(TupleTableSlot *row, uint32_t r, Suspect *suspects, size_t &count) {
    const size_t before = count;
    for (int i = 0; i < result_->ri_NumIndices; ++i)
        if (is_unique(i)) ask_index(i, row, r, suspects, count);
    return count > before;
}

// ExecInsert's way for INSERT … ON CONFLICT (PostgreSQL: src/backend/executor/nodeModifyTable.c). False when
// somebody else's row came between.
bool TableWriter::insert_speculatively(TupleTableSlot *row) {
    const uint32 token = SpeculativeInsertionLockAcquire(GetCurrentTransactionId());
    table_tuple_insert_speculative(rel_, row, GetCurrentCommandId(true), 0, nullptr, token);
    bool conflict = false;
    compat::insert_index_tuples(result_, row, estate_, true, &conflict);
    table_tuple_complete_speculative(rel_, row, token, !conflict);
    SpeculativeInsertionLockRelease(GetCurrentTransactionId());
    ResetPerTupleExprContext(estate_);
    return !conflict;
}

void TableWriter::insert_asking(std::span<TupleTableSlot *const> rows,
                                std::vector<IndexConflict> &conflicts) {
    std::vector<Suspect> suspects(rows.size() * unique_indexes_);
    size_t count = 0;
    Suspect *const found = suspects.data();
    pg_call([&] {
        for (uint32_t r = 0; r < rows.size(); ++r) {
            do {
                CHECK_FOR_INTERRUPTS();
                if (conflicts_with(rows[r], r, found, count)) break;
            } while (!insert_speculatively(rows[r]));
        }
    });
    for (size_t i = 0; i < count; ++i)
        conflicts.push_back({suspects[i].row, suspects[i].index, suspects[i].other});
}

void TableWriter::probe(std::span<TupleTableSlot *const> rows, std::vector<IndexConflict> &conflicts) {
    if (unique_indexes_ == 0) return;
    std::vector<Suspect> suspects(rows.size() * unique_indexes_);
    size_t count = 0;
    Suspect *const found = suspects.data();
    pg_call([&] { find_conflicts(rows, false, found, count); });
    for (size_t i = 0; i < count; ++i)
        conflicts.push_back({suspects[i].row, suspects[i].index, suspects[i].other});
}

void TableWriter::release_pins() {
    if (bulk_ != nullptr) pg_call([&] { ReleaseBulkInsertStatePin(bulk_); });
}

void TableWriter::finish() {
    pg_call([&] {
        if (bulk_ != nullptr) FreeBulkInsertState(bulk_);
        ExecCloseIndices(result_);
        table_finish_bulk_insert(rel_, 0);
    });
}

}  // namespace ferry
