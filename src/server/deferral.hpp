// Constraints that a transaction may put off until its end: for a while they are checked with every
// statement, so that a violation can still be told of the row that has it.
#pragma once

#include <span>
#include <string>

#include "server/boundary.hpp"

namespace ferry {

class ImmediateConstraints {
  public:
    // From now on all deferrable constraints of the table and its partitions are checked at once. Not so
    // where rows will come to the tables `coming` that they may be waiting for: foreign keys towards these,
    // and constraint triggers, of which nobody knows what they look at. Nor are any when the transaction
    // holds rows that violate one by now: whoever put it off must be let to the end.
    ImmediateConstraints(Relation rel, std::span<const Oid> coming);

    // What the transaction has violated by now, so that its constraints are checked at its end, as ever; null
    // when nothing is.
    ServerError *violation() const noexcept { return violation_; }

    // Puts off again those that are declared INITIALLY DEFERRED. After a rollback the server does.
    void restore();

  private:
    ServerError *violation_ = nullptr;
    std::string deferred_;  // their names, as SET CONSTRAINTS takes them
};

// True when the table may have such constraints; of a partitioned one it is not known without asking.
bool may_defer(Relation rel);

}  // namespace ferry
