// Implements origin.hpp.
#include "archive/origin.hpp"

#include <array>

#include "server/sql.hpp"

namespace ferry {

Oid find_origin(const Manifest &manifest) {
    const std::array<SqlArgument, 2> arguments{text_argument(manifest.target),
                                               text_argument(manifest.database)};
    const std::vector<TextRow> rows = query(
        "SELECT pg_catalog.to_regclass($1)::pg_catalog.oid WHERE pg_catalog.current_database() "
        "OPERATOR(pg_catalog.=) $2",
        arguments);
    if (rows.empty() || !rows[0][0]) return InvalidOid;
    return static_cast<Oid>(std::stoul(*rows[0][0]));
}

bool may_read_files() {
    return pg_call([] { return has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES); });
}

}  // namespace ferry
