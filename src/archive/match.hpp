// Which column of a table takes which field of an Avro file. Asked once per file, before any row is read.
#pragma once

#include <string>
#include <vector>

#include "core/avro/schema.hpp"
#include "server/boundary.hpp"

namespace ferry {

struct Match {
    std::vector<std::string> columns;        // of the table, in the load's order
    std::vector<std::vector<int>> mappings;  // per file and field: the load's column, or -1
};

// Every field goes to the column of its name, exactly or but for case; generated columns are computed anew. A
// field without a column is an error: data would be lost in silence. All files of a backup have the same
// fields.
void match_columns(const avro::Schema &schema, Relation rel, Match &match);

}  // namespace ferry
