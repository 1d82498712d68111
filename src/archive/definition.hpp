// What a table is made of besides its rows: columns, defaults, constraints and comments, as JSON in the
// manifest of a backup, from which an equal table can be made.
#pragma once

#include <string>
#include <vector>

#include "archive/manifest.hpp"

namespace ferry {

// The definition of a table as a JSON object, with all names qualified. Foreign keys, indexes without a
// constraint, triggers, policies and privileges are no part of it.
std::string describe_definition(Oid table);

// A table that was made, and the statements that are due when its rows are in.
struct MadeTable {
    Oid table;
    std::vector<std::string> later;
};

// Makes a table of the backup's definition and gives it. `name` is as SQL writes it, perhaps with a schema.
// It belongs to the current user, whose rights all of it is done with. A definition of a partitioned or
// foreign table makes a plain one. Raises 0A000 for a backup without a definition, 22P03 for one that is more
// or less than that of a table, 42P07 when there is a table of this name, and whatever else CREATE TABLE
// raises.
MadeTable create_from_definition(const Manifest &manifest, const std::string &name);

// Adds what the rows need not meet: CHECK constraints that were NOT VALID. Raises what ALTER TABLE raises.
void complete_from_definition(const MadeTable &made);

}  // namespace ferry
