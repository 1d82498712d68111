// Implements purge.hpp. The statement names every operator with its schema: it runs with rights that are not
// the caller's.
#include "load/purge.hpp"

#include "load/log_owner.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

void refuse_negative(Datum interval) {
    const bool negative = pg_call([&] {
        Interval zero{};
        return DatumGetBool(DirectFunctionCall2(interval_lt, interval, IntervalPGetDatum(&zero)));
    });
    if (negative) fail({Code::invalid_option, "argument \"older_than\" must not be negative"});
}

}  // namespace

uint64_t purge_loads(Datum older_than) {
    refuse_negative(older_than);
    const Oid user = GetUserId();
    const bool all = pg_call([] { return superuser(); });
    const AsLogOwner rights;
    std::vector<SqlArgument> arguments{{INTERVALOID, older_than}};
    std::string sql =
        "DELETE FROM ferry.loads l WHERE l.finished_at OPERATOR(pg_catalog.<) "
        "(pg_catalog.now() OPERATOR(pg_catalog.-) $1)";
    if (!all) {
        sql += " AND l.role_id OPERATOR(pg_catalog.=) $2";
        arguments.push_back({OIDOID, ObjectIdGetDatum(user)});
    }
    return execute(sql, arguments);
}

}  // namespace ferry
