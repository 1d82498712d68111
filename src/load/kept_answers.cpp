// Implements kept_answers.hpp. Statements name every operator with its schema: they run with rights that are
// not the caller's.
#include "load/kept_answers.hpp"

#include "load/log_owner.hpp"
#include "server/checksum.hpp"
#include "server/settings.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

constexpr size_t longest_key = 255;

// An answer that is too old makes room as if there were none.
constexpr const char *claim =
    "INSERT INTO ferry.answers AS a (role_id, idempotency_key, request_sha256, answered_at) "
    "VALUES ($1, $2, $3, pg_catalog.clock_timestamp()) "
    "ON CONFLICT (role_id, idempotency_key) DO UPDATE SET request_sha256 = excluded.request_sha256, "
    "answer = NULL, answered_at = excluded.answered_at "
    "WHERE a.answered_at OPERATOR(pg_catalog.<) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) "
    "pg_catalog.make_interval(secs => $4))";
constexpr const char *find =
    "SELECT request_sha256, answer FROM ferry.answers WHERE role_id OPERATOR(pg_catalog.=) $1 "
    "AND idempotency_key OPERATOR(pg_catalog.=) $2";
constexpr const char *store =
    "UPDATE ferry.answers SET answer = $3::pg_catalog.json WHERE role_id OPERATOR(pg_catalog.=) $1 "
    "AND idempotency_key OPERATOR(pg_catalog.=) $2";
// A few at a time, passing over those that somebody else deletes.
constexpr const char *sweep =
    "DELETE FROM ferry.answers WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT a.ctid FROM ferry.answers "
    "a "
    "WHERE a.answered_at OPERATOR(pg_catalog.<) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) "
    "pg_catalog.make_interval(secs => $1)) ORDER BY a.answered_at LIMIT 100 FOR UPDATE SKIP LOCKED))";

void check_key(const std::string &key) {
    if (key.empty() || key.size() > longest_key)
        fail({Code::invalid_option, "an idempotency key has 1 to 255 bytes", "",
              "Take a UUID for every new request."});
}

SqlArgument lifetime() {
    return {FLOAT8OID, Float8GetDatum(settings::idempotency_lifetime())};
}

// The kept answer, or nothing when the request is ours to do.
std::optional<std::string> claim_or_find(Oid role, const std::string &key, const std::string &sha256) {
    const AsLogOwner rights;
    const SqlArgument claimed[] = {oid_argument(role), text_argument(key), text_argument(sha256), lifetime()};
    if (execute(claim, claimed) == 1) {
        // Under an older snapshot a row that somebody else deleted would be an error.
        const SqlArgument limit[] = {lifetime()};
        if (!IsolationUsesXactSnapshot()) execute(sweep, limit);
        return std::nullopt;
    }
    const std::vector<TextRow> rows = query(find, std::span(claimed).first(2));
    if (rows.empty() || rows[0][0] != sha256)
        fail({Code::duplicate_object, "idempotency key \"" + key + "\" was used for another request", "",
              "Take a new key for a new request."});
    if (!rows[0][1])
        fail({Code::wrong_state, "the request of idempotency key \"" + key + "\" is still under way"});
    return rows[0][1];
}

void keep(Oid role, const std::string &key, Datum answer) {
    const AsLogOwner rights;
    const SqlArgument stored[] = {oid_argument(role), text_argument(key), {TEXTOID, answer}};
    execute(store, stored);
}

}  // namespace

Datum answer_once(const std::optional<std::string> &key, const std::function<std::string()> &request,
                  const std::function<Datum()> &produce) {
    if (!key) return produce();
    check_key(*key);
    const Oid role = GetUserId();
    Sha256 hash;
    hash.update(request());
    if (const std::optional<std::string> kept = claim_or_find(role, *key, hash.finish()))
        return text_argument(*kept).value;
    const Datum answer = produce();
    keep(role, *key, answer);
    return answer;
}

}  // namespace ferry
