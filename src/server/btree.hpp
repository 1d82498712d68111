// What pg_ferry asks of a B-tree itself: runs of entries behind the last one, and whether a key is there.
// Rows that come in the order of their key, as exported tables mostly do, so cost one page lock and one WAL
// record for some hundred entries instead of one for each. To be called inside pg_call.
#pragma once

#include <cstddef>

#include "server/pg.hpp"

namespace ferry {

// True for a B-tree whose last entry this one would come behind.
bool stands_behind(Relation index, IndexTuple entry);

// Puts entries into the index's last leaf, in their order, as long as there is room: each that is greater
// than the last one there, so that a unique index has nothing to check. Returns how many entries it has
// looked at; those that are in the index now are set to null, the others among them belong elsewhere. When
// less than a handful would go in none does, and 0 is returned. To be called inside pg_call; raises what
// reading a page, comparing keys and a serialization conflict raise, and then no entry is in. Source:
// _bt_doinsert in nbtinsert.c, whose own fast path is for the same page.
size_t append_to_btree(Relation index, IndexTuple *entries, size_t count);

// Keys to be looked for: `width` values and null flags each, as FormIndexDatum gives them.
struct IndexKeys {
    size_t count, width;
    const Datum *values;
    const bool *nulls;
    const bool *wanted;
};

// Whether a row with the key is in the table. `perhaps`: the index has an entry, whose row may be dead or of
// an open transaction. `yes`: a committed row that nobody is deleting.
enum class Held : unsigned char { no, perhaps, yes };

// Tells this of each wanted key by looking at one leaf; `no` is certain but for entries that come in
// meanwhile. `places` says where the row of a held key was, if it is known: unless it is held for certain
// another row may be there by now. Source of `yes`: index-only scans (nodeIndexonlyscan.c), which believe an
// entry without looking at its row as long as its page is all-visible and the leaf is pinned.
void find_keys(Relation index, Relation heap, const IndexKeys &keys, Held *held, ItemPointerData *places);

}  // namespace ferry
