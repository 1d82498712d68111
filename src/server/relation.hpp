// Tables as callers name them: opened, locked, and refused by the name of their kind where rows cannot go in
// or come out. The order of the checks follows DoCopy (PostgreSQL: src/backend/commands/copy.c).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/boundary.hpp"

namespace ferry {

// Opens and locks a table, partitioned table or foreign table. Raises 42P01 when it is gone, 42809 naming its
// kind for everything else, 0A000 in databases that are not in UTF8, 42501 for system catalogs and 0A000 for
// another session's temporary table. The caller closes it with close_table(); on an error the server does.
Relation open_table(Oid relid, LOCKMODE lock);
// Closes it and keeps its lock until the transaction ends.
void close_table(Relation rel);
// Closes it and gives up the lock that it was opened with: nothing that was seen need be so any longer.
void release_table(Relation rel, LOCKMODE lock);

// "schema.table", each part quoted where SQL would need it.
std::string qualified_name(Relation rel);
std::string qualified_name(Oid relid);
std::string quote_identifier_text(std::string_view name);
std::string quote_literal_text(std::string_view text);
// The type as SQL writes it, with its modifier: "character varying(20)".
std::string type_text(Oid type, int32 typmod);

// Raise 42501 unless the current user may insert into these columns, or read, or do what `rights` says.
void require_insert(Relation rel, std::span<const AttrNumber> columns);
void require_rights(Relation rel, AclMode rights);
bool has_rights(Relation rel, AclMode rights);
// Raises 42501 unless the current user may INSERT `columns` ON CONFLICT (`key`) DO UPDATE SET `updated` to
// what was to be inserted, or DO NOTHING where none is to be updated.
void require_upsert(Relation rel, std::span<const AttrNumber> columns, std::span<const AttrNumber> key,
                    std::span<const AttrNumber> updated);
// Raises 42501 for those who may not insert into a single column of it: the check that comes before any input
// is read.
void require_any_insert(Relation rel);
// Raises 25006 in a read-only transaction or on a standby, naming the command.
void require_writable(const char *command);

// True when row-level security restricts the current user on this table.
bool row_security_applies(Relation rel);

// The columns of the primary key, in the key's order; empty without one.
std::vector<AttrNumber> primary_key(Relation rel);
// The same, but empty for a deferrable one: no conflict is settled by a key that may be checked late.
std::vector<AttrNumber> immediate_primary_key(Relation rel);
// That with what it takes to compare them in SQL: the equality of the key's own operator class, written
// qualified.
struct KeyColumn {
    std::string name;
    std::string equals;  // "OPERATOR(pg_catalog.=)"
};
std::vector<KeyColumn> primary_key_columns(Relation rel);
// True when a foreign key refers to this table, be it the table's own.
bool is_referenced(Relation rel);

}  // namespace ferry
