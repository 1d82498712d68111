// Appends rows to one plain table with the server's own multi-insert and index insertion, as COPY does, but
// with unique and exclusion conflicts told instead of raised. It checks no privileges and no constraints
// other than those of indexes: that is the caller's part.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/boundary.hpp"

namespace ferry {

// The executor's view of one table: where defaults, CHECKs and generated columns are computed.
class ExecutorTable {
  public:
    // `rel` is open, locked and outlives this object.
    explicit ExecutorTable(Relation rel);
    ExecutorTable(const ExecutorTable &) = delete;
    ExecutorTable &operator=(const ExecutorTable &) = delete;

    Relation rel() const noexcept { return rel_; }
    EState *estate() const noexcept { return estate_; }
    ResultRelInfo *result() const noexcept { return result_; }
    // Frees it; the last call in a transaction that goes on.
    void finish();

  private:
    Relation rel_;
    EState *estate_ = nullptr;
    ResultRelInfo *result_ = nullptr;
};

// Empty slots of a table's own kind, as many as were asked for. Dropped by finish() or with the memory
// context that they are made in.
class SlotArray {
  public:
    // Slots belong to the current memory context and resource owner, whenever they are made.
    explicit SlotArray(Relation rel)
        : rel_(rel), context_(CurrentMemoryContext), owner_(CurrentResourceOwner) {}
    // Makes slots until there are so many.
    void reserve(size_t count);
    std::span<TupleTableSlot *const> all() const noexcept { return slots_; }
    TupleTableSlot *operator[](size_t i) const noexcept { return slots_[i]; }
    // Empties the first `count`.
    void clear(size_t count);
    void finish();

  private:
    Relation rel_;
    MemoryContext context_;
    ResourceOwner owner_;
    TupleDesc descriptor_ = nullptr;
    std::vector<TupleTableSlot *> slots_;
};

// A row that an index refused to take as unique.
struct IndexConflict {
    uint32_t row;  // position in the span given to insert()
    Oid index;
    ItemPointerData other;  // where the row in its way is; only from probe()
};

class TableWriter {
  public:
    // Opens the table's indexes.
    explicit TableWriter(ExecutorTable &table);
    TableWriter(const TableWriter &) = delete;
    TableWriter &operator=(const TableWriter &) = delete;

    // Inserts these slots (virtual tuples with all attributes) with their index entries. With `tolerant`,
    // rows that a unique or exclusion index finds in its way are taken out again and reported; without it
    // 23505 is raised. A conflict with a row whose transaction is still open raises 23505 in either case: a
    // whole batch is in the table by then, and two loads that waited for each other would deadlock. Any other
    // error of the server goes through.
    void insert(std::span<TupleTableSlot *const> rows, bool tolerant, std::vector<IndexConflict> &conflicts);

    // The same, one row at a time and asking before inserting, so that a refused row leaves no trace, not
    // even in the log that logical decoding reads. Waits for open transactions, row by row as INSERT does: a
    // row in its way counts only when its transaction commits.
    void insert_asking(std::span<TupleTableSlot *const> rows, std::vector<IndexConflict> &conflicts);
    // Only asks: what conflicts these rows would meet. Waits for nobody, but for exclusion constraints.
    void probe(std::span<TupleTableSlot *const> rows, std::vector<IndexConflict> &conflicts);
    // True when the changes of this table are decoded for logical replication.
    bool decoded() const noexcept { return RelationIsLogicallyLogged(rel_); }

    // Lets go of the buffer that inserts hold between calls; stands at the end of every subtransaction around
    // insert().
    void release_pins();
    // The same after such a subtransaction was rolled back: its pins are gone already.
    void forget_pins() noexcept {
        if (bulk_ != nullptr) bulk_->current_buf = InvalidBuffer;
    }
    // Closes the indexes; the last call in a transaction that goes on.
    void finish();

  private:
    struct Suspect {
        uint32_t row;
        Oid index;
        bool confirmed;
        ItemPointerData other;
    };
    struct KeyScan;
    struct OtherRow {
        bool there = false, open = false;
        ItemPointerData place{};
    };
    void insert_raw(std::span<TupleTableSlot *const> rows, bool tolerant, Suspect *suspects, size_t &count);
    void insert_entries(std::span<TupleTableSlot *const> rows, bool tolerant, Suspect *suspects,
                        size_t &count);
    void insert_entries_of(int index, std::span<TupleTableSlot *const> rows, bool tolerant, Suspect *suspects,
                           size_t &count);
    void prepare_predicate(int index);
    bool form_entry(int index, TupleTableSlot *row, Datum *values, bool *nulls);
    IndexTuple *form_run(int index, std::span<TupleTableSlot *const> rows);
    void insert_optimistically(std::span<TupleTableSlot *const> rows, bool tolerant,
                               std::vector<IndexConflict> &conflicts);
    void set_conflicts_aside(std::span<TupleTableSlot *const> rows, std::vector<IndexConflict> &conflicts);
    bool is_unique(int index) const;
    void find_conflicts(std::span<TupleTableSlot *const> rows, bool raise_open, Suspect *suspects,
                        size_t &count);
    void find_conflicts_in(int index, std::span<TupleTableSlot *const> rows, bool raise_open,
                           Suspect *suspects, size_t &count);
    void ask_index(int index, TupleTableSlot *row, uint32_t r, Suspect *suspects, size_t &count);
    void begin_scan(KeyScan &scan, int index);
    static void end_scan(KeyScan &scan);
    static void note_writer(const KeyScan &scan, OtherRow &other);
    bool look_at(KeyScan &scan, int index, ItemPointerData place, const Datum *values, const bool *nulls,
                 OtherRow &other);
    static OtherRow find_other(KeyScan &scan, const Datum *values, const bool *nulls);
    [[noreturn]] static void fail_contended();
    bool conflicts_with(TupleTableSlot *row, uint32_t r, Suspect *suspects, size_t &count);
    bool insert_speculatively(TupleTableSlot *row);
    void require_uncontended(TupleTableSlot *row, int index);
    void settle(TupleTableSlot *row, std::span<Suspect> suspects);
    void settle_all(std::span<TupleTableSlot *const> rows, std::span<Suspect> suspects);

    Relation rel_;
    EState *estate_;
    ResultRelInfo *result_;
    BulkInsertState bulk_ = nullptr;
    MemoryContext context_;
    ScopedContext entries_{"ferry index entries"};
    size_t unique_indexes_ = 0;
    bool exclusion_ = false;              // some index is for an exclusion constraint
    bool wary_ = false;                   // the last rows met many conflicts: ask before inserting
    std::vector<TupleTableSlot *> free_;  // rows without a conflict, and where they stood
    std::vector<uint32_t> places_;
};

}  // namespace ferry
