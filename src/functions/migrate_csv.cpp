// ferry.migrate_csv, migrate_csv_data and migrate_csv_object: CSV from a file on the server, a value or a
// large object into a table.
#include <cstring>
#include <functional>

#include "core/text.hpp"
#include "functions/load_options.hpp"
#include "load/csv_source.hpp"
#include "load/history.hpp"
#include "load/load.hpp"
#include "server/arguments.hpp"
#include "server/files.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// All three functions share their arguments but the second.
enum Argument : uint8_t {
    target_argument,
    input_argument,
    columns_argument,
    header_argument,
    delimiter_argument,
    quote_argument,
    escape_argument,
    null_string_argument,
    encoding_argument,
    date_format_argument,
    on_error_argument,
    on_conflict_argument,
    reject_limit_argument,
    reject_percent_argument,
    repair_argument,
    dry_run_argument,
    force_argument,
};

// A character, or nothing for 'auto'.
std::optional<char> character_option(FunctionCallInfo fcinfo, int n, const char *name,
                                     std::optional<char> otherwise) {
    const std::optional<std::string> text = text_argument(fcinfo, n);
    if (!text) return otherwise;
    if (*text == "auto") return std::nullopt;
    if (text->size() != 1) fail_option(name, *text, "It must be a single one-byte character, or auto.");
    return text->front();
}

Header read_header(FunctionCallInfo fcinfo) {
    const std::string header = text_argument(fcinfo, header_argument).value_or("auto");
    if (header == "auto") return Header::automatic;
    if (header == "on" || header == "true") return Header::present;
    if (header == "off" || header == "false") return Header::none;
    fail_option("header", header, "Available values: auto, on, off.");
}

std::optional<Encoding> read_encoding(FunctionCallInfo fcinfo) {
    const std::string name = text_argument(fcinfo, encoding_argument).value_or("UTF8");
    if (name == "auto") return std::nullopt;
    return encoding_of(name, "auto, UTF8, UTF16LE, UTF16BE, LATIN1, WIN1252");
}

CsvOptions read_csv_options(FunctionCallInfo fcinfo) {
    CsvOptions options;
    options.delimiter = character_option(fcinfo, delimiter_argument, "delimiter", ',');
    options.quote = character_option(fcinfo, quote_argument, "quote", '"');
    // Without a word about it the escape is the quote, which may have to be found itself.
    options.escape = character_option(fcinfo, escape_argument, "escape", options.quote);
    const std::string null_string = text_argument(fcinfo, null_string_argument).value_or("");
    options.null_string = null_string == "auto" ? std::nullopt : std::optional(null_string);
    options.encoding = read_encoding(fcinfo);
    options.header = read_header(fcinfo);
    options.salvage = salvage_of(text_argument(fcinfo, repair_argument).value_or("none"));
    return options;
}

LoadOptions read_options(FunctionCallInfo fcinfo) {
    LoadOptions options;
    options.on_error = on_error_of(text_argument(fcinfo, on_error_argument).value_or("reject"));
    options.on_conflict = on_conflict_of(text_argument(fcinfo, on_conflict_argument).value_or("reject"));
    options.reject_limit = reject_limit_of(bigint_argument(fcinfo, reject_limit_argument));
    if (!PG_ARGISNULL(reject_percent_argument))
        options.reject_percent = PG_GETARG_FLOAT8(reject_percent_argument);
    if (options.reject_percent && !(*options.reject_percent >= 0 && *options.reject_percent <= 100))
        fail_option("reject_percent", std::to_string(*options.reject_percent),
                    "It must be between 0 and 100.");
    if (const std::optional<std::string> pattern = text_argument(fcinfo, date_format_argument))
        options.date_format = value_or_fail(value::DateFormat::parse(*pattern));
    options.dry_run = boolean_argument(fcinfo, dry_run_argument).value_or(false);
    return options;
}

void append_texts(std::string &json, const std::vector<std::string> &texts) {
    json += "[";
    for (const std::string &text : texts) {
        json += &text == texts.data() ? "" : ", ";
        append_json_string(json, text);
    }
    json += "]";
}

// The options with their defaults filled in and what was found out in place of "auto", as JSON for
// ferry.loads.
std::string options_json(FunctionCallInfo fcinfo, const CsvSource &source, const LoadOptions &options,
                         const std::vector<std::string> &columns) {
    const csv::Dialect &dialect = source.dialect();
    std::string json;
    const auto add = [&](const char *name, std::string_view text) {
        json += json.empty() ? "{" : ", ";
        append_json_string(json, name);
        json += ": ";
        append_json_string(json, text);
    };
    const auto add_bare = [&](const char *name, const std::string &text) {
        json += std::string(", \"") + name + "\": " + text;
    };
    add("delimiter", {&dialect.delimiter, 1});
    add("quote", dialect.quote == csv::no_quote ? "" : std::string_view(&dialect.quote, 1));
    add("escape", dialect.escape == csv::no_quote ? "" : std::string_view(&dialect.escape, 1));
    add("null_string", dialect.null_string);
    add("encoding", encoding_name(source.encoding()));
    add("repair", text_argument(fcinfo, repair_argument).value_or("none"));
    add("on_error", text_argument(fcinfo, on_error_argument).value_or("reject"));
    add("on_conflict", text_argument(fcinfo, on_conflict_argument).value_or("reject"));
    if (const std::optional<std::string> pattern = text_argument(fcinfo, date_format_argument))
        add("date_format", *pattern);
    add_bare("header", source.has_header() ? "true" : "false");
    add_bare("reject_limit", options.reject_limit ? std::to_string(*options.reject_limit) : "null");
    if (options.reject_percent) add_bare("reject_percent", std::to_string(*options.reject_percent));
    if (source.trims()) add_bare("trim", "true");
    add_bare("dry_run", options.dry_run ? "true" : "false");
    json += ", \"columns\": ";
    append_texts(json, columns);
    if (!source.findings().empty()) {
        json += ", \"found\": ";
        append_texts(json, source.findings());
    }
    return json + "}";
}

// A large object of the database, read through the server's own functions with the caller's rights on it.
class ObjectSource final : public ByteSource {
  public:
    explicit ObjectSource(Oid object)
        : descriptor_(pg_call([&] {
              return DatumGetInt32(
                  DirectFunctionCall2(be_lo_open, ObjectIdGetDatum(object), Int32GetDatum(INV_READ)));
          })) {}

    size_t read(char *to, size_t size) override {
        const int wanted = static_cast<int>(std::min(size, size_t{1} << 20U));
        return pg_call([&] {
            bytea *piece = DatumGetByteaPP(
                DirectFunctionCall2(be_loread, Int32GetDatum(descriptor_), Int32GetDatum(wanted)));
            const auto got = static_cast<size_t>(VARSIZE_ANY_EXHDR(piece));
            std::memcpy(to, VARDATA_ANY(piece), got);
            pfree(piece);
            return got;
        });
    }

    int64_t seek(int64_t offset, int whence) {
        return pg_call([&] {
            return DatumGetInt64(DirectFunctionCall3(be_lo_lseek64, Int32GetDatum(descriptor_),
                                                     Int64GetDatum(offset), Int32GetDatum(whence)));
        });
    }
    uint64_t size() {
        const int64_t end = seek(0, SEEK_END);
        seek(0, SEEK_SET);
        return static_cast<uint64_t>(end);
    }
    // The last call in a transaction that goes on.
    void close() {
        pg_call([&] { DirectFunctionCall1(be_lo_close, Int32GetDatum(descriptor_)); });
    }

  private:
    int32 descriptor_;
};

// An input and what can be asked of it before it is read.
struct Input {
    ByteSource &bytes;
    uint64_t size;
    std::function<void()> rewind;  // empty where the same bytes may well be sent twice: for values
    const char *kind;
    std::string name;
};

// The same file is not loaded twice by mistake. It is hashed beforehand only when a load of so many bytes is
// known.
void refuse_second_load(const Input &input, Oid table, const std::string &target) {
    if (!input.rewind || input.size == 0) return;
    await_like_loads(table, input.size);
    if (!earlier_load(target, input.size)) return;
    Sha256 hash;
    std::vector<char> buffer(size_t{256} << 10U);
    while (const size_t n = input.bytes.read(buffer.data(), buffer.size())) {
        hash.update({buffer.data(), n});
        check_interrupts();
    }
    input.rewind();
    const std::optional<int64_t> load = earlier_load(target, input.size, hash.finish());
    if (!load) return;
    fail({Code::duplicate_object,
          "\"" + input.name + "\" was loaded into table \"" + target + "\" before, by load " +
              std::to_string(*load),
          "", "To load it once more use force => true."});
}

Datum migrate(FunctionCallInfo fcinfo, const Input &input, Relation rel) {
    const std::vector<std::string> chosen =
        text_array_argument(fcinfo, columns_argument).value_or(std::vector<std::string>{});
    LoadOptions options = read_options(fcinfo);
    const LoadFacts facts{qualified_name(rel), input.kind, input.name, input.size};
    if (!options.dry_run && !boolean_argument(fcinfo, force_argument).value_or(false))
        refuse_second_load(input, RelationGetRelid(rel), facts.target);
    CsvSource source(input.bytes, read_csv_options(fcinfo));
    const std::vector<std::string> names = source.settle_columns(loadable_columns(rel), chosen);
    const std::vector<AttrNumber> numbers = column_numbers(plan_columns(rel, names));
    require_insert(rel, numbers);
    require_conflict_key(rel, numbers, options.on_conflict);
    options.json = options_json(fcinfo, source, options, names);
    const Oid target = RelationGetRelid(rel);
    close_table(rel);
    const LoadReport report = run_load({{[target] { return target; }}, names, source, facts, options});
    warn_of_rejects(report);
    return report_datum(report);
}

// Rights on the table come before a look at the file: nobody learns what files there are through a table that
// is not his.
Relation open_target(FunctionCallInfo fcinfo, const char *command) {
    Relation rel = open_table(require_oid(fcinfo, target_argument, "target"), RowExclusiveLock);
    require_any_insert(rel);
    require_writable(command);
    return rel;
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(migrate_csv) {
    const std::string path = require_text(fcinfo, input_argument, "path");
    Relation rel = open_target(fcinfo, "ferry.migrate_csv()");
    InputFile file(Place::inbox, path);
    return migrate(fcinfo, {file, file.size(), [&] { file.rewind(); }, "csv file", path}, rel);
}

FERRY_FUNCTION(migrate_csv_data) {
    const std::string_view bytes = require_bytes(fcinfo, input_argument, "data");
    Relation rel = open_target(fcinfo, "ferry.migrate_csv_data()");
    ViewSource value(bytes);
    return migrate(fcinfo, {value, bytes.size(), {}, "csv value", ""}, rel);
}

FERRY_FUNCTION(migrate_csv_object) {
    const Oid object = require_oid(fcinfo, input_argument, "object");
    Relation rel = open_target(fcinfo, "ferry.migrate_csv_object()");
    ObjectSource source(object);
    const Datum report = migrate(
        fcinfo,
        {source, source.size(), [&] { source.seek(0, SEEK_SET); }, "large object", std::to_string(object)},
        rel);
    source.close();
    return report;
}
