// ferry.insert_batch and ferry.insert_batches: 1 to ferry.batch_limit rows of JSON into one table or several,
// every error of every row in one answer.
#include "core/text.hpp"
#include "load/json_batch.hpp"
#include "load/json_batches.hpp"
#include "load/kept_answers.hpp"
#include "server/arguments.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// The arguments that both have, as positions behind those that they have not.
enum Option : uint8_t { mode, dry_run, unknown, strict, idempotency_key };

// The text of a json argument as it was written.
std::string json_text(FunctionCallInfo fcinfo, int n, const char *name) {
    if (PG_ARGISNULL(n))
        fail({Code::null_argument, std::string("argument \"") + name + "\" must not be null"});
    return *text_argument(fcinfo, n);
}

json::Unknown read_unknown(FunctionCallInfo fcinfo, int n) {
    const std::string unknown = text_argument(fcinfo, n).value_or("reject");
    if (unknown == "ignore") return json::Unknown::ignore;
    if (unknown != "reject")
        fail({Code::invalid_option, "invalid value for option \"unknown\": \"" + unknown + "\"", "",
              "Available values: reject, ignore."});
    return json::Unknown::reject;
}

// `rows` is the position of the rows; the options stand behind it.
BatchRequest read_request(FunctionCallInfo fcinfo, int rows, const char *rows_name) {
    const int first = rows + 1;
    BatchRequest request;
    request.mode = text_argument(fcinfo, first + mode).value_or("partial");
    if (request.mode == "atomic")
        request.options.on_error = OnError::abort;
    else if (request.mode != "partial")
        fail({Code::invalid_option, "invalid value for option \"mode\": \"" + request.mode + "\"", "",
              "Available values: partial, atomic."});
    LoadOptions &options = request.options;
    options.dry_run = boolean_argument(fcinfo, first + dry_run).value_or(false);
    options.strict = boolean_argument(fcinfo, first + strict).value_or(false);
    request.unknown = read_unknown(fcinfo, first + unknown);
    const bool ignores = request.unknown == json::Unknown::ignore;
    options.json = "{\"mode\": ";
    append_json_string(options.json, request.mode);
    options.json += std::string(", \"dry_run\": ") + (options.dry_run ? "true" : "false");
    options.json += std::string(", \"unknown\": ") + (ignores ? "\"ignore\"" : "\"reject\"");
    options.json += std::string(", \"strict\": ") + (options.strict ? "true" : "false") + "}";
    request.rows = json_text(fcinfo, rows, rows_name);
    return request;
}

// All that the answer depends on.
std::string identity_of(const std::string &function, const BatchRequest &request) {
    return function + "\n" + request.options.json + "\n" + request.rows;
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(insert_batch) {
    enum Argument : uint8_t { target, rows };
    const BatchRequest request = read_request(fcinfo, rows, "rows");
    const Oid table = require_oid(fcinfo, target, "target");
    Relation rel = open_table(table, RowExclusiveLock);
    require_any_insert(rel);
    require_writable("ferry.insert_batch()");
    const std::string name = qualified_name(rel);
    close_table(rel);

    return answer_once(
        text_argument(fcinfo, rows + 1 + idempotency_key),
        [&] { return identity_of("insert_batch " + name, request); },
        [&] { return insert_rows(open_table(table, RowExclusiveLock), request).answer; });
}

FERRY_FUNCTION(insert_batches) {
    enum Argument : uint8_t { tables };
    const BatchRequest request = read_request(fcinfo, tables, "tables");
    require_writable("ferry.insert_batches()");

    return answer_once(
        text_argument(fcinfo, tables + 1 + idempotency_key),
        [&] { return identity_of("insert_batches " + tables_of(request), request); },
        [&] { return insert_tables(request); });
}
