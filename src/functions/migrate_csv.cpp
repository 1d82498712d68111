// ferry.migrate_csv and ferry.migrate_csv_data: a CSV file on the server, or a CSV value, into a table.
#include <array>
#include <cstring>

#include "core/text.hpp"
#include "load/csv_source.hpp"
#include "load/load.hpp"
#include "server/arguments.hpp"
#include "server/files.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// Both functions share all arguments but the second.
enum Argument : uint8_t {
    target_argument,
    input_argument,
    columns_argument,
    header_argument,
    delimiter_argument,
    quote_argument,
    escape_argument,
    null_string_argument,
    on_error_argument,
    reject_limit_argument,
    dry_run_argument,
};

[[noreturn]] void fail_option(const char *name, const std::string &value, const char *hint) {
    fail({Code::invalid_option, std::string("invalid value for option \"") + name + "\": \"" + value + "\"",
          "", hint});
}

char character_option(FunctionCallInfo fcinfo, int n, const char *name, char otherwise) {
    const std::optional<std::string> text = text_argument(fcinfo, n);
    if (!text) return otherwise;
    if (text->size() != 1) fail_option(name, *text, "It must be a single one-byte character.");
    return text->front();
}

csv::Dialect read_dialect(FunctionCallInfo fcinfo) {
    csv::Dialect dialect;
    dialect.delimiter = character_option(fcinfo, delimiter_argument, "delimiter", ',');
    dialect.quote = character_option(fcinfo, quote_argument, "quote", '"');
    dialect.escape = character_option(fcinfo, escape_argument, "escape", dialect.quote);
    dialect.null_string = text_argument(fcinfo, null_string_argument).value_or("");
    done_or_fail(csv::check(dialect));
    return dialect;
}

Header read_header(FunctionCallInfo fcinfo) {
    const std::string header = text_argument(fcinfo, header_argument).value_or("auto");
    if (header == "auto") return Header::automatic;
    if (header == "on" || header == "true") return Header::present;
    if (header == "off" || header == "false") return Header::none;
    fail_option("header", header, "Available values: auto, on, off.");
}

LoadOptions read_options(FunctionCallInfo fcinfo) {
    LoadOptions options;
    const std::string on_error = text_argument(fcinfo, on_error_argument).value_or("reject");
    if (on_error == "reject")
        options.on_error = OnError::reject;
    else if (on_error == "abort")
        options.on_error = OnError::abort;
    else if (on_error == "raise")
        options.on_error = OnError::raise;
    else
        fail_option("on_error", on_error, "Available values: reject, abort, raise.");
    options.reject_limit = bigint_argument(fcinfo, reject_limit_argument);
    if (options.reject_limit && *options.reject_limit < 0)
        fail_option("reject_limit", std::to_string(*options.reject_limit), "It must not be negative.");
    options.dry_run = boolean_argument(fcinfo, dry_run_argument).value_or(false);
    return options;
}

std::string options_json(const csv::Dialect &dialect, const LoadOptions &options, const std::string &on_error,
                         const std::vector<std::string> &columns, bool has_header) {
    std::string json = std::string("{\"header\": ") + (has_header ? "true" : "false") + ", \"delimiter\": ";
    append_json_string(json, {&dialect.delimiter, 1});
    json += ", \"quote\": ";
    append_json_string(json, {&dialect.quote, 1});
    json += ", \"escape\": ";
    append_json_string(json, {&dialect.escape, 1});
    json += ", \"null_string\": ";
    append_json_string(json, dialect.null_string);
    json += ", \"on_error\": ";
    append_json_string(json, on_error);
    json += ", \"reject_limit\": " + (options.reject_limit ? std::to_string(*options.reject_limit) : "null");
    json += std::string(", \"dry_run\": ") + (options.dry_run ? "true" : "false") + ", \"columns\": [";
    for (const std::string &column : columns) {
        json += &column == columns.data() ? "" : ", ";
        append_json_string(json, column);
    }
    return json + "]}";
}

// Bytes of an SQL value.
class ValueSource final : public ByteSource {
  public:
    explicit ValueSource(std::string_view bytes) : left_(bytes) {}
    size_t read(char *to, size_t size) override {
        const size_t n = std::min(size, left_.size());
        std::memcpy(to, left_.data(), n);
        left_.remove_prefix(n);
        return n;
    }

  private:
    std::string_view left_;
};

Datum migrate(FunctionCallInfo fcinfo, ByteSource &input, const char *kind, const std::string &name,
              Relation rel) {
    const std::vector<std::string> chosen =
        text_array_argument(fcinfo, columns_argument).value_or(std::vector<std::string>{});
    LoadOptions options = read_options(fcinfo);
    const csv::Dialect dialect = read_dialect(fcinfo);
    CsvSource source(input, dialect);
    const std::vector<std::string> names =
        source.settle_columns(read_header(fcinfo), loadable_columns(rel), chosen);
    const std::vector<PlannedColumn> columns = plan_columns(rel, names);
    std::vector<AttrNumber> numbers;
    for (const PlannedColumn &column : columns) numbers.push_back(column.number);
    require_insert(rel, numbers);
    options.json = options_json(dialect, options, text_argument(fcinfo, on_error_argument).value_or("reject"),
                                names, source.has_header());
    const LoadFacts facts{qualified_name(rel), kind, name};
    const Oid target = RelationGetRelid(rel);
    close_table(rel);
    const LoadReport report = run_load({[target] { return target; }}, names, source, facts, options);
    warn_when_aborted(report);
    return report_datum(report);
}

// Rights on the table come before a look at the file: nobody learns what files there are through a table that
// is not his.
Relation open_target(FunctionCallInfo fcinfo, const char *command) {
    Relation rel = open_table(require_oid(fcinfo, target_argument, "target"), RowExclusiveLock);
    require_any_insert(rel);
    require_writable(command, rel);
    return rel;
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(migrate_csv) {
    const std::string path = require_text(fcinfo, input_argument, "path");
    Relation rel = open_target(fcinfo, "ferry.migrate_csv()");
    InputFile file(Place::inbox, path);
    return migrate(fcinfo, file, "csv file", path, rel);
}

FERRY_FUNCTION(migrate_csv_data) {
    if (PG_ARGISNULL(input_argument)) fail({Code::null_argument, "argument \"data\" must not be null"});
    Relation rel = open_target(fcinfo, "ferry.migrate_csv_data()");
    const bytea *data = pg_call([&] { return PG_GETARG_BYTEA_PP(input_argument); });
    ValueSource value({VARDATA_ANY(data), static_cast<size_t>(VARSIZE_ANY_EXHDR(data))});
    return migrate(fcinfo, value, "csv value", "", rel);
}
