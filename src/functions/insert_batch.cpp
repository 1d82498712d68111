// ferry.insert_batch: 1 to ferry.batch_limit rows of JSON into one table, every error of every row in one
// answer.
#include "core/text.hpp"
#include "load/json_batch.hpp"
#include "server/arguments.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t {
    target_argument,
    rows_argument,
    mode_argument,
    dry_run_argument,
    unknown_argument,
    strict_argument,
};

// The text of a json argument as it was written.
std::string json_text(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(rows_argument)) fail({Code::null_argument, "argument \"rows\" must not be null"});
    return *text_argument(fcinfo, rows_argument);
}

json::Unknown read_unknown(FunctionCallInfo fcinfo) {
    const std::string unknown = text_argument(fcinfo, unknown_argument).value_or("reject");
    if (unknown == "ignore") return json::Unknown::ignore;
    if (unknown != "reject")
        fail({Code::invalid_option, "invalid value for option \"unknown\": \"" + unknown + "\"", "",
              "Available values: reject, ignore."});
    return json::Unknown::reject;
}

LoadOptions read_options(FunctionCallInfo fcinfo, const std::string &mode) {
    LoadOptions options;
    if (mode == "atomic")
        options.on_error = OnError::abort;
    else if (mode != "partial")
        fail({Code::invalid_option, "invalid value for option \"mode\": \"" + mode + "\"", "",
              "Available values: partial, atomic."});
    options.dry_run = boolean_argument(fcinfo, dry_run_argument).value_or(false);
    options.strict = boolean_argument(fcinfo, strict_argument).value_or(false);
    const bool ignores = read_unknown(fcinfo) == json::Unknown::ignore;
    options.json = "{\"mode\": ";
    append_json_string(options.json, mode);
    options.json += std::string(", \"dry_run\": ") + (options.dry_run ? "true" : "false");
    options.json += std::string(", \"unknown\": ") + (ignores ? "\"ignore\"" : "\"reject\"");
    options.json += std::string(", \"strict\": ") + (options.strict ? "true" : "false") + "}";
    return options;
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(insert_batch) {
    const std::string mode = text_argument(fcinfo, mode_argument).value_or("partial");
    const LoadOptions options = read_options(fcinfo, mode);
    Relation rel = open_table(require_oid(fcinfo, target_argument, "target"), RowExclusiveLock);
    require_any_insert(rel);
    require_writable("ferry.insert_batch()");

    return text_datum(insert_rows(rel, {json_text(fcinfo), mode, options, read_unknown(fcinfo)}).answer);
}
