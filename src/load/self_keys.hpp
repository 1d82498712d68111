// The foreign keys of a table on itself, which COPY checks when all rows are in: tells which rows have to
// wait because their parent is neither in the table nor among those that go in with them.
#pragma once

#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/kin_order.hpp"
#include "load/foreign_keys.hpp"
#include "server/key_hash.hpp"

namespace ferry {

// A row that waits, as a position in the batch, with what its order among others hangs on.
struct Waiting {
    uint32_t row;
    std::vector<Kin> kin;
};

class SelfKeys {
  public:
    // The constraints that are checked with every statement, and not for a replica; most tables have none. Of
    // a partition also those on the table that it is part of. With `deferred` also those that are INITIALLY
    // DEFERRED.
    static std::vector<Oid> find(Relation rel, bool deferred);
    // True when the transaction may have put off the check of one.
    static bool any_deferrable(std::span<const Oid> constraints);

    // With `in_order` a row also waits for an earlier one with its key, so that the later has the last word:
    // the keys of all that wait are remembered. `rel` outlives this object.
    SelfKeys(Relation rel, std::span<const Oid> constraints, bool in_order);

    // Moves the rows (positions among the slots) that have to wait from `rows` to `waiting`. What stays can
    // go in with one statement, in so far as the keys are concerned.
    void sort_out(std::span<TupleTableSlot *const> slots, std::vector<uint32_t> &rows,
                  std::vector<Waiting> &waiting);
    // The same when there is nothing to wait for any more: they are told as errors.
    void refuse(std::span<TupleTableSlot *const> slots, std::vector<uint32_t> &rows,
                std::vector<RowError> &errors);

    // As ForeignKeys has them.
    void keep() { keys_.settle(); }
    void rolled_back() { keys_.forget(); }

  private:
    using Missing = ForeignKeys::Missing;
    void look_at(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows);
    void find_owners();
    bool comes_along(const Missing &missing) const;
    bool leave_out_orphans();
    bool leave_out_twins();
    void remove_left_out(std::vector<uint32_t> &rows) const;

    ForeignKeys keys_;
    std::vector<KeyHash> own_, parent_;  // one of each per key
    bool in_order_;
    std::vector<std::unordered_set<uint64_t>> waiting_keys_;  // with in_order_, per key
    // Of the rows that are looked at:
    std::vector<TupleTableSlot *> chosen_;
    std::span<const Missing> missing_;
    std::vector<std::vector<Kin>> kin_;  // per key, per row
    std::vector<std::unordered_map<uint64_t, std::vector<uint32_t>>>
        owners_;  // per key: rows by what is missing
    std::vector<bool> left_out_;
};

}  // namespace ferry
