// Sequences owned by loaded columns (serial and identity): after a load they stand past the highest value
// that it brought, so that the next default does not collide.
#pragma once

#include <vector>

#include "load/column_plan.hpp"
#include "server/boundary.hpp"

namespace ferry {

class OwnedSequences {
  public:
    // A sequence, which way it goes and between which values.
    struct Found {
        Oid sequence;
        bool ascending;
        int64_t least, greatest;
    };

    OwnedSequences(Relation rel, const std::vector<PlannedColumn> &columns);

    // Notes the values of a loaded row.
    void see(TupleTableSlot *slot) noexcept;
    // Moves every sequence that stands at or before the furthest value seen behind it; never backwards. Done
    // with the sequence owner's rights: who may insert may do so, as with a column's default.
    void advance();

  private:
    struct Item {
        int attribute;  // 0-based
        Oid type;
        Found found;
        bool seen;
        int64_t furthest;
    };
    std::vector<Item> items_;
};

// The same for rows that are in the table already, found by a query for each such column.
void advance_past_rows(Relation rel);

}  // namespace ferry
