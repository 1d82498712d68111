// Implements logged_load.hpp. Statements name every operator with its schema: they run with rights that are
// not the caller's.
#include "load/logged_load.hpp"

#include "core/csv/sniffer.hpp"
#include "load/log_owner.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

// Columns of the query below, in its order.
enum Fact : uint8_t {
    number,
    target,
    source_kind,
    source_name,
    status,
    role,
    delimiter,
    quote,
    escape,
    null_string,
    encoding,
    repair,
    trim,
    date_format,
    decimal_mark,
    also_null,
    columns,
    replay_of,
    unknown,
    strict,
    on_conflict,
};

constexpr const char *facts =
    "SELECT l.load_id, l.target, coalesce(o.source_kind, l.source_kind), l.source_name, l.status, "
    "l.role_id::pg_catalog.int8, "
    "p.options OPERATOR(pg_catalog.->>) 'delimiter', p.options OPERATOR(pg_catalog.->>) 'quote', "
    "p.options OPERATOR(pg_catalog.->>) 'escape', p.options OPERATOR(pg_catalog.->>) 'null_string', "
    "p.options OPERATOR(pg_catalog.->>) 'encoding', p.options OPERATOR(pg_catalog.->>) 'repair', "
    "p.options OPERATOR(pg_catalog.->>) 'trim', p.options OPERATOR(pg_catalog.->>) 'date_format', "
    "p.options OPERATOR(pg_catalog.->>) 'decimal_mark', p.options OPERATOR(pg_catalog.->>) 'also_null', "
    // A restore has an object there.
    "CASE WHEN pg_catalog.jsonb_typeof(p.options OPERATOR(pg_catalog.->) 'columns') "
    "OPERATOR(pg_catalog.=) 'array' THEN p.options OPERATOR(pg_catalog.->>) 'columns' END, l.replay_of, "
    "p.options OPERATOR(pg_catalog.->>) 'unknown', p.options OPERATOR(pg_catalog.->>) 'strict', "
    "l.options OPERATOR(pg_catalog.->>) 'on_conflict' "
    "FROM ferry.loads l LEFT JOIN ferry.loads o ON o.load_id OPERATOR(pg_catalog.=) l.replay_of, "
    // The load itself comes last, and counts when there was no replay.
    "LATERAL (SELECT r.options FROM ferry.loads r WHERE r.load_id OPERATOR(pg_catalog.=) l.load_id OR "
    "(r.replay_of OPERATOR(pg_catalog.=) l.load_id AND r.source_kind OPERATOR(pg_catalog.=) 'replay' AND "
    "r.status OPERATOR(pg_catalog.=) ANY (ARRAY['loaded', 'partial']::pg_catalog.text[])) "
    "ORDER BY r.load_id DESC LIMIT 1) p "
    "WHERE l.load_id OPERATOR(pg_catalog.=) ";

// A replay that was kept has left its rejects with the load that it replayed.
constexpr const char *owner_of_rejects =
    "(SELECT CASE WHEN r.status OPERATOR(pg_catalog.=) ANY (ARRAY['loaded', 'partial']::pg_catalog.text[]) "
    "THEN coalesce(r.replay_of, r.load_id) ELSE r.load_id END "
    "FROM ferry.loads r WHERE r.load_id OPERATOR(pg_catalog.=) $1)";

// The character that an option names; none is logged as no text.
char character(const std::optional<std::string> &text, char otherwise) {
    if (!text) return otherwise;
    return text->empty() ? csv::no_quote : text->front();
}

// The elements of a JSON array of texts.
std::vector<std::string> texts_of(const std::optional<std::string> &json) {
    std::vector<std::string> texts;
    if (!json) return texts;
    const std::vector<SqlArgument> arguments{text_argument(*json)};
    for (TextRow &row :
         query("SELECT e.element FROM pg_catalog.jsonb_array_elements_text($1::pg_catalog.jsonb) "
               "WITH ORDINALITY e (element, position) ORDER BY e.position",
               arguments))
        texts.push_back(std::move(row[0]).value_or(""));
    return texts;
}

LoggedLoad read_facts(const TextRow &row) {
    LoggedLoad load;
    load.load_id = std::stoll(*row[number]);
    load.target = *row[target];
    load.source_kind = *row[source_kind];
    load.source_name = row[source_name].value_or("");
    load.status = *row[status];
    load.role = static_cast<Oid>(std::stoll(*row[role]));
    load.ignores_unknown = row[unknown] == "ignore";
    load.strict = row[strict] == "true";
    load.on_conflict = row[on_conflict] == "skip"     ? OnConflict::skip
                       : row[on_conflict] == "update" ? OnConflict::update
                                                      : OnConflict::reject;
    load.csv = row[delimiter].has_value();
    load.dialect = {character(row[delimiter], ','), character(row[quote], '"'), character(row[escape], '"'),
                    row[null_string].value_or("")};
    load.encoding = find_encoding(row[encoding].value_or("UTF8")).value_or(Encoding::utf8);
    load.salvage = row[repair] == "salvage";
    load.trims = row[trim] == "true";
    load.date_format = row[date_format].value_or("");
    if (row[decimal_mark]) load.decimal = row[decimal_mark]->front();
    load.also_null = texts_of(row[also_null]);
    load.columns = texts_of(row[columns]);
    if (row[replay_of]) load.replay_of = std::stoll(*row[replay_of]);
    return load;
}

LoggedLoad find(const std::string &which, int64_t id, const char *what) {
    const AsLogOwner rights;
    const std::vector<SqlArgument> arguments{bigint_argument(id)};
    const std::vector<TextRow> rows = query(facts + which, arguments);
    if (rows.empty())
        fail({Code::undefined_object, std::string(what) + " " + std::to_string(id) + " does not exist", "",
              "See ferry.loads and ferry.rejects."});
    return read_facts(rows[0]);
}

bool does_as(Oid role) {
    return pg_call([&] { return has_privs_of_role(GetUserId(), role); });
}

[[noreturn]] void refuse(const LoggedLoad &load, const char *deed) {
    fail({Code::no_privilege,
          std::string("permission denied to ") + deed + " load " + std::to_string(load.load_id), "",
          "Only the role that did the load, its members and superusers may."});
}

}  // namespace

LoggedLoad find_load(int64_t load_id) {
    return find(owner_of_rejects, load_id, "load");
}

LoggedLoad find_load_of_reject(int64_t reject_id) {
    return find("(SELECT r.load_id FROM ferry.rejects r WHERE r.reject_id OPERATOR(pg_catalog.=) $1)",
                reject_id, "reject");
}

void require_repair(const LoggedLoad &load) {
    if (!does_as(load.role)) refuse(load, "repair");
}

void require_sight(const LoggedLoad &load) {
    const Oid readers = pg_call([] { return get_role_oid("pg_read_all_data", true); });
    if (!does_as(load.role) && !does_as(readers)) refuse(load, "see");
}

void lock_load(const LoggedLoad &load) {
    const AsLogOwner rights;
    const std::vector<SqlArgument> arguments{bigint_argument(load.load_id)};
    const std::vector<TextRow> rows = query(
        "SELECT l.load_id FROM ferry.loads l WHERE l.load_id OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE",
        arguments);
    if (rows.empty())
        fail({Code::undefined_object, "load " + std::to_string(load.load_id) + " does not exist"});
}

Oid look_for_target(const LoggedLoad &load) {
    const char *const name = load.target.c_str();
    return pg_call([&] {
        List *const parts = textToQualifiedNameList(cstring_to_text(name));
        return RangeVarGetRelid(makeRangeVarFromNameList(parts), NoLock, true);
    });
}

Oid find_target(const LoggedLoad &load) {
    const Oid target = look_for_target(load);
    if (!OidIsValid(target))
        fail({Code::undefined_table, "table \"" + load.target + "\" does not exist",
              "It is the table of load " + std::to_string(load.load_id) + "."});
    return target;
}

void require_kept(const LoggedLoad &load) {
    const std::string name = "load " + std::to_string(load.load_id);
    if (load.source_kind == "avro")
        fail({Code::unsupported, name + " came from an Avro file, whose rows cannot be loaded one by one", "",
              "Mend the cause and restore the file again."});
    if (!load.kept())
        fail({Code::wrong_state,
              name + (load.status == "aborted" ? " was aborted" : " was a dry run") +
                  ", so its good rows are not in the table either",
              "", "Mend the cause and load the input again."});
}

}  // namespace ferry
