// Implements history.hpp. The statement names every operator with its schema: it runs with rights that are
// not the caller's.
#include "load/history.hpp"

#include <vector>

#include "load/log_owner.hpp"
#include "server/sql.hpp"

namespace ferry {

void await_like_loads(Oid target, uint64_t bytes) {
    // The users' own advisory locks have 1 and 2 in the last field (PostgreSQL: lockfuncs.c).
    constexpr uint16 ours = 3;
    pg_call([&] {
        LOCKTAG tag;
        SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, target, static_cast<uint32>(bytes), ours);
        LockAcquire(&tag, ExclusiveLock, false, false);
    });
}

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
    const AsLogOwner rights;
    const std::vector<TextRow> rows = query(sql, arguments);
    if (rows.empty()) return std::nullopt;
    return std::stoll(*rows[0][0]);
}

}  // namespace ferry
