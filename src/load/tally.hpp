// Counts the rows of a load by year, month and further columns, for statement triggers that want to know no
// more of them. Such a trigger does not fire: the function beside its own is told the counts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "server/boundary.hpp"

namespace ferry {

class Tally {
  public:
    // The tally that a trigger declares by its arguments: 'ferry.tally', a timestamptz column, further
    // columns of types that are passed by value, all of them NOT NULL. The function to be told has the name,
    // schema and owner of the trigger's function, the owner of the table, and takes arrays of one length:
    // years, values of the further columns, and for each month how many rows there were (integers). Nothing
    // where the trigger does not fire in this session, or any of this is not so: it is like all others then.
    static std::optional<Tally> of(Relation rel, const Trigger &trigger);

    Oid trigger_function() const noexcept { return trigger_function_; }
    // A row that went in just now. Moments without end are in no month and not counted.
    void count(const TupleTableSlot *slot);
    // Stand at the end of every subtransaction around count().
    void keep() {
        rows_ += since_.size();
        since_.clear();
    }
    void rolled_back();
    // Whether it is time to deliver, so that memory does not grow with the input.
    bool is_full() const noexcept;
    // Tells the counts and begins anew. Runs the function as the server runs a trigger's: without asking for
    // the caller's right to execute it. Raises what it raises.
    void deliver();

  private:
    static constexpr size_t months = 12;
    static constexpr size_t most_columns = 8;
    struct Column {
        int attribute;  // 0-based
        Oid type;
    };

    Tally() = default;
    bool add_column(Relation rel, const char *name);
    bool find_receiver(Relation rel);
    size_t size() const noexcept { return counts_.size() / months; }
    uint32_t place_of(const Datum *key);
    uint32_t &slot_of(const Datum *key);
    void grow();
    Datum array_of(size_t argument, std::span<const uint32_t> places) const;
    void call(std::span<const uint32_t> places) const;

    Oid trigger_function_ = InvalidOid, receiver_ = InvalidOid;
    std::vector<Column> columns_;  // the moment first
    std::vector<Datum> keys_;      // one entry after the other: year and values of the further columns
    std::vector<int32_t> counts_;  // likewise: rows of each month
    std::vector<uint32_t> slots_;  // hash table of entries, from 1; 0 is free
    unsigned shift_ = 0;
    std::vector<uint32_t> since_;  // what was counted since keep(): places in counts_
    uint64_t rows_ = 0;            // kept since the last delivery
};

}  // namespace ferry
