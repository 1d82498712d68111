// ferry.insert_batch: 1 to ferry.batch_limit rows of JSON into one table, every error of every row in one
// answer.
#include <memory>

#include "core/text.hpp"
#include "load/batch_answer.hpp"
#include "load/json_source.hpp"
#include "server/arguments.hpp"
#include "server/relation.hpp"
#include "server/settings.hpp"

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

void check_size(size_t rows) {
    if (rows == 0) {
        fail({Code::batch_size, "the batch is empty", "", "Send at least one row."});
    }
    const auto limit = static_cast<size_t>(settings::batch_limit());
    if (rows > limit) {
        fail({Code::limit_exceeded,
              "the batch has " + std::to_string(rows) + " rows, more than the limit of " +
                  std::to_string(limit),
              "", "Send it in parts, or raise ferry.batch_limit."});
    }
}

// The columns that some row names: who may insert into these only can still insert.
std::vector<std::string> named_columns(const std::vector<std::string> &columns, json::RowReader &reader) {
    std::vector<bool> named(columns.size(), false);
    Batch batch;
    for (batch.clear(columns.size()); reader.next(batch, 1000) > 0; batch.clear(columns.size())) {
        for (size_t i = 0; i < batch.fields.size(); ++i)
            if (batch.fields[i].kind != Field::Kind::absent) named[i % columns.size()] = true;
    }
    reader.rewind();
    std::vector<std::string> names;
    for (size_t c = 0; c < columns.size(); ++c)
        if (named[c]) names.push_back(columns[c]);
    return names;
}

void require_insert_into(Relation rel, const std::vector<std::string> &names) {
    std::vector<AttrNumber> numbers;
    for (const PlannedColumn &column : plan_columns(rel, names)) numbers.push_back(column.number);
    require_insert(rel, numbers);
}

bool may_insert_everywhere(Relation rel) {
    return pg_call(
        [&] { return pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_INSERT) == ACLCHECK_OK; });
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

    const std::string body = json_text(fcinfo);
    std::vector<std::string> columns = loadable_columns(rel);
    const json::Unknown unknown = read_unknown(fcinfo);
    auto reader = std::make_unique<json::RowReader>(columns, unknown);
    done_or_fail(reader->open(body));
    check_size(reader->size());
    if (!may_insert_everywhere(rel)) {
        const std::vector<std::string> named = named_columns(columns, *reader);
        require_insert_into(rel, named);
        if (!named.empty()) {
            columns = named;
            reader = std::make_unique<json::RowReader>(columns, unknown);
            done_or_fail(reader->open(body));
        }
    }

    JsonSource source(*reader, body.size());
    BatchAnswer answer(rel, columns);
    const LoadFacts facts{qualified_name(rel), "json", ""};
    const Oid target = RelationGetRelid(rel);
    close_table(rel);
    const LoadReport report =
        run_load({[target] { return target; }}, columns, source, facts, options, &answer);
    return text_datum(answer.json(report, facts.target, mode, options.dry_run));
}
