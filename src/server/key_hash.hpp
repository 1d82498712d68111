// Hashes of the values that some columns of a row have: equal keys have equal hashes, however they are
// written, by the types' own notion of equality. Good for sorting rows out beforehand, never as a proof.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "server/boundary.hpp"

namespace ferry {

class KeyHash {
  public:
    // `columns` are attributes of `rel`. Finds the hash functions, in the current memory context.
    KeyHash(Relation rel, std::span<const AttrNumber> columns);

    // The hash of each row's key; nothing where a part of it is NULL. Keys of types that cannot be hashed
    // have all the same.
    std::vector<std::optional<uint64_t>> of(std::span<TupleTableSlot *const> rows) const;

  private:
    struct Column {
        int attribute;  // 0-based
        Oid collation;
        FmgrInfo *function;  // null: cannot be hashed
    };
    std::vector<Column> columns_;
};

}  // namespace ferry
