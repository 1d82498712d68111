// Implements log_owner.hpp as the server's own maintenance commands do it (PostgreSQL: do_analyze_rel in
// src/backend/commands/analyze.c).
#include "load/log_owner.hpp"

namespace ferry {

AsLogOwner::AsLogOwner() {
    GetUserIdAndSecContext(&user_, &context_);
    const Oid owner = pg_call([] {
        Relation loads =
            table_open(get_relname_relid("loads", get_namespace_oid("ferry", false)), AccessShareLock);
        const Oid found = loads->rd_rel->relowner;
        table_close(loads, NoLock);
        return found;
    });
    SetUserIdAndSecContext(owner, context_ | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
}

}  // namespace ferry
