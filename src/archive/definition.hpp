// What a table is made of besides its rows: columns, defaults, constraints and comments, as JSON in the
// manifest of a backup, from which an equal table can be made.
#pragma once

#include <string>

#include "server/boundary.hpp"

namespace ferry {

// The definition of a table as a JSON object, with all names qualified: call it under OutputSettings. Foreign
// keys, indexes without a constraint, triggers, policies and privileges are no part of it.
std::string describe_definition(Oid table);

// Makes a table of this definition and gives it. `name` is as SQL writes it, perhaps with a schema. It
// belongs to the current user, whose rights all of it is done with. A definition of a partitioned or foreign
// table makes a plain one. Raises 22P03 for a text that is no definition, 42P07 when there is a table of this
// name, and whatever else CREATE TABLE raises.
Oid create_from_definition(const std::string &definition, const std::string &name);

}  // namespace ferry
