// ferry.insert_batch: 1 to ferry.batch_limit rows of JSON into one table, every error of every row in one
// answer.
#include "core/text.hpp"
#include "load/batch_answer.hpp"
#include "load/json_source.hpp"
#include "server/arguments.hpp"
#include "server/relation.hpp"
#include "server/settings.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t { target_argument, rows_argument, mode_argument, dry_run_argument };

// The text of a json argument in UTF-8, as it was written.
std::string json_text(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(rows_argument)) fail({Code::null_argument, "argument \"rows\" must not be null"});
    const std::string_view json = pg_call([&] {
        const auto *value = DatumGetTextPP(PG_GETARG_DATUM(rows_argument));
        const char *data = VARDATA_ANY(value);
        const int size = static_cast<int>(VARSIZE_ANY_EXHDR(value));
        const char *utf8 = pg_server_to_any(data, size, PG_UTF8);
        return utf8 == data ? std::string_view(data, static_cast<size_t>(size)) : std::string_view(utf8);
    });
    return std::string(json);
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

// Asks for the right to insert into the columns that the rows name; the others take their defaults.
void require_named_columns(Relation rel, const std::vector<PlannedColumn> &columns, json::RowReader &reader) {
    std::vector<bool> named(columns.size(), false);
    Batch batch;
    for (batch.clear(columns.size()); reader.next(batch, 1000) > 0; batch.clear(columns.size())) {
        for (size_t i = 0; i < batch.fields.size(); ++i)
            if (batch.fields[i].kind != Field::Kind::absent) named[i % columns.size()] = true;
    }
    reader.rewind();
    std::vector<AttrNumber> numbers;
    for (size_t c = 0; c < columns.size(); ++c)
        if (named[c]) numbers.push_back(columns[c].number);
    require_insert(rel, numbers);
}

LoadOptions read_options(FunctionCallInfo fcinfo, const std::string &mode) {
    LoadOptions options;
    if (mode == "atomic")
        options.on_error = OnError::abort;
    else if (mode != "partial")
        fail({Code::invalid_option, "invalid value for option \"mode\": \"" + mode + "\"", "",
              "Available values: partial, atomic."});
    options.dry_run = boolean_argument(fcinfo, dry_run_argument).value_or(false);
    options.json = "{\"mode\": ";
    append_json_string(options.json, mode);
    options.json += std::string(", \"dry_run\": ") + (options.dry_run ? "true" : "false") + "}";
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
    require_writable("ferry.insert_batch()", rel);

    const std::string body = json_text(fcinfo);
    const std::vector<PlannedColumn> columns = plan_columns(rel, {});
    std::vector<std::string> names;
    for (const PlannedColumn &column : columns) names.push_back(column.name);
    json::RowReader reader(names, json::Unknown::reject);
    done_or_fail(reader.open(body));
    check_size(reader.size());
    require_named_columns(rel, columns, reader);

    JsonSource source(reader, body.size());
    BatchAnswer answer(rel, columns);
    const LoadFacts facts{qualified_name(rel), "json", ""};
    const Oid target = RelationGetRelid(rel);
    close_table(rel);
    const LoadReport report =
        run_load({[target] { return target; }}, columns, source, facts, options, &answer);
    return text_datum(answer.json(report, facts.target, mode, options.dry_run));
}
