// Puts checked rows into the table. Plain tables take the direct path (multi-insert, index insertion, foreign
// keys asked per distinct key, tallies told at the end); every other table takes INSERTs, so that triggers,
// partitions, foreign servers and row-level security act as always. Either settles conflicts as the load
// wishes.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "load/column_plan.hpp"
#include "load/foreign_keys.hpp"
#include "load/on_conflict.hpp"
#include "load/reject.hpp"
#include "load/row_checker.hpp"
#include "load/self_keys.hpp"
#include "server/table_writer.hpp"

namespace ferry {

// What became of the rows of a batch, by their positions in it. Those that are in none of the lists went in.
struct Outcome {
    std::vector<RowError> errors;
    std::vector<uint32_t> skipped;
    std::vector<uint32_t> updated;
    std::vector<Waiting> waiting;  // not written: to be sent again when more rows are in

    struct Mark {
        size_t errors, skipped, updated, waiting;
    };
    Mark mark() const { return {errors.size(), skipped.size(), updated.size(), waiting.size()}; }
    // Forgets what came after the mark.
    void back_to(const Mark &mark) {
        errors.resize(mark.errors);
        skipped.resize(mark.skipped);
        updated.resize(mark.updated);
        waiting.resize(mark.waiting);
    }
    void clear() { back_to({0, 0, 0, 0}); }
};

// When constraints are checked that may be put off until the transaction ends.
struct DeferredChecks {
    bool now = false;              // with the rows
    std::vector<Oid> coming = {};  // but not what may wait for rows of these tables
};

class RowWriter {
  public:
    virtual ~RowWriter() = default;

    // Errors that can be told before a row is written: missing parents. `errors` holds the checker's already.
    virtual void check(std::span<TupleTableSlot *const> slots, std::vector<RowError> &errors) = 0;
    // Writes the rows at these positions and adds to `outcome` what it did with those that did not simply go
    // in. Conflicts that the path can tell without an exception are among its errors; any other error of the
    // server goes through. `carefully` is for rows that failed before.
    virtual void write(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows, bool carefully,
                       Outcome &outcome) = 0;
    // Tells what conflicts these rows, which have other errors and are not written, would be refused for as
    // well.
    virtual void probe(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows,
                       std::vector<RowError> &errors) = 0;
    // From now on no row waits: what lacks a parent is refused.
    virtual void end_waiting() {}
    // Stand at the end of every subtransaction around check() and write().
    virtual void keep() = 0;
    virtual void rolled_back() = 0;
    // Stands between such subtransactions, now and then.
    virtual void relieve() {}
    // The last call in a transaction that goes on.
    virtual void finish() = 0;

    // What the row checker is to do, so that nothing is checked too early or not at all.
    virtual Duties duties() const = 0;
};

// Chooses the path for the table. `table` and `columns` outlive the writer.
std::unique_ptr<RowWriter> make_row_writer(ExecutorTable &table, const std::vector<PlannedColumn> &columns,
                                           OnConflict on_conflict, const DeferredChecks &deferred);

}  // namespace ferry
