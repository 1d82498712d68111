// ferry.replay, fix_reject and dismiss_reject: what becomes of rows that were refused.
#include "load/replay.hpp"

#include "functions/load_options.hpp"
#include "server/arguments.hpp"

namespace ferry {
namespace {

enum ReplayArgument : uint8_t {
    load_argument,
    date_format_argument,
    null_string_argument,
    also_null_argument,
    decimal_argument,
    delimiter_argument,
    quote_argument,
    escape_argument,
    encoding_argument,
    repair_argument,
    on_error_argument,
    on_conflict_argument,
    dry_run_argument,
};

enum RejectArgument : uint8_t { reject_argument, row_argument, reason_argument = row_argument };

std::optional<char> character_option(FunctionCallInfo fcinfo, int n, const char *name) {
    const std::optional<std::string> text = text_argument(fcinfo, n);
    if (!text) return std::nullopt;
    if (text->size() != 1) fail_option(name, *text, "It must be a single one-byte character.");
    return text->front();
}

ReplayOptions read_options(FunctionCallInfo fcinfo) {
    ReplayOptions options;
    options.date_format = text_argument(fcinfo, date_format_argument);
    if (options.date_format) (void)value_or_fail(value::DateFormat::parse(*options.date_format));
    options.null_string = text_argument(fcinfo, null_string_argument);
    options.also_null = text_array_argument(fcinfo, also_null_argument);
    options.decimal = character_option(fcinfo, decimal_argument, "decimal_mark");
    if (options.decimal && *options.decimal != '.' && *options.decimal != ',')
        fail_option("decimal_mark", {*options.decimal}, "It must be a point or a comma.");
    options.delimiter = character_option(fcinfo, delimiter_argument, "delimiter");
    options.quote = character_option(fcinfo, quote_argument, "quote");
    options.escape = character_option(fcinfo, escape_argument, "escape");
    if (const std::optional<std::string> encoding = text_argument(fcinfo, encoding_argument))
        options.encoding = encoding_of(*encoding, "UTF8, UTF16LE, UTF16BE, LATIN1, WIN1252");
    if (const std::optional<std::string> repair = text_argument(fcinfo, repair_argument))
        options.salvage = salvage_of(*repair);
    options.on_error = on_error_of(text_argument(fcinfo, on_error_argument).value_or("reject"));
    if (const std::optional<std::string> on_conflict = text_argument(fcinfo, on_conflict_argument))
        options.on_conflict = on_conflict_of(*on_conflict);
    options.dry_run = boolean_argument(fcinfo, dry_run_argument).value_or(false);
    return options;
}

// Rows that were not kept cannot be replayed, and are not passed over in silence.
void warn_of_rows_without_row(uint64_t count) {
    if (count == 0) return;
    const auto n = static_cast<unsigned long>(count);
    pg_call([&] {
        ereport(
            WARNING, errcode(ERRCODE_WARNING),
            errmsg_plural("%lu reject stays open because its row was not kept",
                          "%lu rejects stay open because their rows were not kept", n, n),
            errhint("Setting ferry.log_raw_rows was off. Use ferry.fix_reject() or ferry.dismiss_reject()."));
    });
}

LoggedLoad load_to_repair(LoggedLoad load) {
    require_repair(load);
    return load;
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(replay) {
    const int64_t load_id = require_bigint(fcinfo, load_argument, "load");
    const ReplayOptions options = read_options(fcinfo);
    const LoggedLoad load = load_to_repair(find_load(load_id));
    const LoadReport report = replay_rejects(load, options);
    warn_of_rejects(report);
    warn_of_rows_without_row(count_open_without_row(load));
    return report_datum(report);
}

FERRY_FUNCTION(fix_reject) {
    const int64_t reject = require_bigint(fcinfo, reject_argument, "reject");
    const std::string row = require_text(fcinfo, row_argument, "row");
    const LoggedLoad load = load_to_repair(find_load_of_reject(reject));
    return fix_reject(load, reject, row).answer;
}

FERRY_FUNCTION(dismiss_reject) {
    const int64_t reject = require_bigint(fcinfo, reject_argument, "reject");
    const std::optional<std::string> reason = text_argument(fcinfo, reason_argument);
    dismiss_reject(load_to_repair(find_load_of_reject(reject)), reject, reason);
    PG_RETURN_VOID();
}
