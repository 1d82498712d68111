// Which column of a table takes which field of an Avro file, and how its values get there. Asked before any
// row is read, for all files of a backup at once.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "archive/value_changes.hpp"
#include "core/avro/schema.hpp"
#include "server/boundary.hpp"

namespace ferry {

struct MatchOptions {
    // By hand: a field's name, or that of the column that it was, to a column; nullopt passes over it.
    std::map<std::string, std::optional<std::string>> columns;
    std::string naive_time_zone;  // of times that say nothing of one; empty to refuse them
};

struct Match {
    std::vector<std::string> columns;        // of the table, in the load's order
    std::vector<std::vector<int>> mappings;  // per file and field: the load's column, or -1
    std::vector<ValueChanges> changes;       // per file
    std::vector<std::string> dropped;        // columns of a backup of ours that the table has no more
};

// Every field goes to the column that the options name, else to that of its pg.name, its own name or one of
// its aliases, else to one whose name differs in nothing but case; generated columns are computed anew.
// Without a column, a field of our own backups was of one that has been dropped since, and is passed over;
// that of another writer is an error: data would be lost in silence. `table` is what describe_table says of
// `rel`. Raises 42804 for fields that do not fit, 42703 and 42P10 for columns that the options name and that
// cannot be loaded, 22023 for an unknown time zone.
Match match_columns(std::span<const avro::Schema> schemas, Relation rel, const avro::Table &table,
                    const MatchOptions &options);

// Tells the user in a WARNING which columns were passed over, if any.
void warn_of_dropped(const Match &match);

}  // namespace ferry
