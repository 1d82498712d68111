// What becomes of a row whose key is taken, as the caller wishes it and as SQL writes it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "server/insert_statement.hpp"

namespace ferry {

// What becomes of a row that a unique or exclusion index finds another row in the way of.
enum class OnConflict : uint8_t {
    reject,  // it is refused
    skip,    // it is left out and counted, as INSERT … ON CONFLICT DO NOTHING does
    update,  // the row with its primary key takes its values, as ON CONFLICT (key) DO UPDATE does; other
             // conflicts refuse it
};

// The clause of INSERT that settles conflicts. Where the key is all that is loaded there is nothing to
// update.
InsertStatement::OnConflict conflict_clause(Relation rel, std::span<const AttrNumber> columns,
                                            OnConflict on_conflict);
// The columns that a conflict overwrites: all that are loaded but the key, which says which row it is, and
// identities that SQL lets nobody set.
std::vector<AttrNumber> overwritten(Relation rel, std::span<const AttrNumber> columns);

// The name of an index that checks its uniqueness only later; empty when there is none.
std::string deferrable_index(Relation rel);

// Raises 42P10 when the table has no key that such conflicts could be settled by, or these columns do not
// hold it, and 42501 when the current user may not do to them what SQL asks for.
void require_conflict_key(Relation rel, std::span<const AttrNumber> columns, OnConflict on_conflict);

}  // namespace ferry
