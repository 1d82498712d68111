// What the catalog says of a table today, for proposals that would change it. Asked with the caller's rights,
// by names; a table that is gone has no columns and no constraints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/boundary.hpp"

namespace ferry {

struct ColumnFacts {
    std::string type;      // as SQL writes it: "character varying(20)"
    std::string base;      // the same without its modifier
    char kind, category;   // pg_type.typtype and typcategory
    bool not_null;         // of the column itself
    bool domain_not_null;  // of its domain
    bool primary;          // part of the primary key
    bool fixed;            // an identity, or at either end of a foreign key: its type has to stay
};
std::optional<ColumnFacts> column_facts(Oid table, const std::string &column);

// The columns of enum types: what those may hold is a matter of words.
std::vector<std::string> enum_columns(Oid table);

// Whether the table itself has this CHECK.
bool has_check(Oid table, const std::string &constraint);

bool is_primary_key(Oid table, const std::string &constraint);

struct ParentFacts {
    std::string table;    // qualified name
    std::string columns;  // "a, b"
};
std::optional<ParentFacts> parent_facts(Oid table, const std::string &foreign_key);

}  // namespace ferry
