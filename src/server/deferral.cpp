// Implements deferral.hpp by SET CONSTRAINTS, which knows constraints by name only (PostgreSQL:
// AfterTriggerSetState in src/backend/commands/trigger.c).
#include "server/deferral.hpp"

#include "server/sql.hpp"

namespace ferry {
namespace {

// Of names that more than one constraint of the schema has, only those are put off again that are INITIALLY
// DEFERRED for all: SET CONSTRAINTS would be an error, or put off what another table wants checked at once.
constexpr const char *deferrable_constraints =
    "SELECT pg_catalog.format('%I.%I', n.nspname, c.conname), c.condeferred AND NOT EXISTS "
    "(SELECT FROM pg_catalog.pg_constraint o WHERE o.connamespace OPERATOR(pg_catalog.=) c.connamespace "
    "AND o.conname OPERATOR(pg_catalog.=) c.conname AND NOT o.condeferred) "
    "FROM pg_catalog.pg_constraint c "
    "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.connamespace "
    "WHERE c.condeferrable AND (c.conrelid OPERATOR(pg_catalog.=) $1 OR "
    "(c.conparentid OPERATOR(pg_catalog.=) 0 AND c.conrelid OPERATOR(pg_catalog.=) ANY "
    "(SELECT p.relid FROM pg_catalog.pg_partition_tree($1) p))) "
    "AND ($2 OPERATOR(pg_catalog.=) '{}' OR (c.contype OPERATOR(pg_catalog.<>) 't' "
    "AND c.confrelid OPERATOR(pg_catalog.<>) ALL ($2)))";

}  // namespace

bool may_defer(Relation rel) {
    if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE) return true;
    const TriggerDesc *triggers = rel->trigdesc;
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; ++i)
        if (triggers->triggers[i].tgdeferrable) return true;
    return false;
}

ImmediateConstraints::ImmediateConstraints(Relation rel, std::span<const Oid> coming) {
    if (!may_defer(rel)) return;
    const SqlArgument arguments[] = {oid_argument(RelationGetRelid(rel)), oid_array_argument(coming)};
    std::string all;
    for (const TextRow &row : query(deferrable_constraints, arguments)) {
        all += (all.empty() ? "" : ", ") + *row[0];
        if (row[1] == "t") deferred_ += (deferred_.empty() ? "" : ", ") + *row[0];
    }
    if (all.empty()) return;
    violation_ = in_subtransaction([&] {
        execute("SET CONSTRAINTS " + all + " IMMEDIATE");
        return true;
    });
    if (violation_ != nullptr) deferred_.clear();
}

void ImmediateConstraints::restore() {
    if (!deferred_.empty()) execute("SET CONSTRAINTS " + deferred_ + " DEFERRED");
}

}  // namespace ferry
