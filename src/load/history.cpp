// Implements history.hpp. The statement names every operator with its schema: it runs with rights that are
// not the caller's.
#include "load/history.hpp"

#include <vector>

#include "server/boundary.hpp"
#include "server/sql.hpp"

namespace ferry {

std::optional<int64_t> earlier_load(const std::string &target, uint64_t bytes, const std::string &sha256) {
    std::string sql =
        "SELECT load_id FROM ferry.loads WHERE target OPERATOR(pg_catalog.=) $1 AND bytes_read "
        "OPERATOR(pg_catalog.=) $2 "
        "AND status OPERATOR(pg_catalog.=) ANY (ARRAY['loaded', 'partial']::pg_catalog.text[])";
    std::vector<SqlArgument> arguments{text_argument(target), bigint_argument(static_cast<int64_t>(bytes))};
    if (!sha256.empty()) {
        sql += " AND source_sha256 OPERATOR(pg_catalog.=) $3";
        arguments.push_back(text_argument(sha256));
    }
    sql += " ORDER BY load_id DESC LIMIT 1";
    Oid user;
    int context;
    GetUserIdAndSecContext(&user, &context);
    const Oid owner = pg_call([] {
        Relation loads =
            table_open(get_relname_relid("loads", get_namespace_oid("ferry", false)), AccessShareLock);
        const Oid found = loads->rd_rel->relowner;
        table_close(loads, NoLock);
        return found;
    });
    SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    const std::vector<TextRow> rows = query(sql, arguments);
    SetUserIdAndSecContext(user, context);
    if (rows.empty()) return std::nullopt;
    return std::stoll(*rows[0][0]);
}

}  // namespace ferry
