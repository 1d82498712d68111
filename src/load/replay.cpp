// Implements replay.hpp. Statements name every operator with its schema: they run with rights that are not
// the caller's.
#include "load/replay.hpp"

#include <memory>

#include "core/csv/sniffer.hpp"
#include "core/text.hpp"
#include "load/log_owner.hpp"
#include "load/replay_source.hpp"
#include "server/relation.hpp"
#include "server/settings.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

// ---- What is loaded ----

// How values are read, with the caller's changes.
void change_values(LoggedLoad &load, const ReplayOptions &options) {
    load.date_format = options.date_format.value_or(load.date_format);
    load.also_null = options.also_null.value_or(load.also_null);
    if (options.decimal) load.decimal = options.decimal;
}

// The same for rows of CSV.
void change_rows(LoggedLoad &load, const ReplayOptions &options) {
    const bool escape_is_quote = load.dialect.escape == load.dialect.quote;
    if (options.delimiter) load.dialect.delimiter = *options.delimiter;
    if (options.quote) load.dialect.quote = *options.quote;
    if (options.escape)
        load.dialect.escape = *options.escape;
    else if (escape_is_quote)
        load.dialect.escape = load.dialect.quote;
    load.dialect.null_string = options.null_string.value_or(load.dialect.null_string);
    load.encoding = options.encoding.value_or(load.encoding);
    load.salvage = options.salvage.value_or(load.salvage);
    done_or_fail(csv::check(load.dialect));
}

void refuse_options_of_csv(const LoggedLoad &load, const ReplayOptions &options) {
    if (load.csv) return;
    const char *const name = options.delimiter     ? "delimiter"
                             : options.quote       ? "quote"
                             : options.escape      ? "escape"
                             : options.null_string ? "null_string"
                             : options.encoding    ? "encoding"
                             : options.salvage     ? "repair"
                                                   : nullptr;
    if (name == nullptr) return;
    fail({Code::invalid_option, std::string("option \"") + name + "\" is for loads of CSV",
          "Load " + std::to_string(load.load_id) + " was one of JSON."});
}

Numbers numbers_of(const PlannedColumn &column) {
    return pg_call([&] {
        const Oid type = getBaseType(column.type);
        char category;
        bool preferred;
        get_type_category_preferred(type, &category, &preferred);
        if (category != TYPCATEGORY_NUMERIC) return Numbers::none;
        return type == INT2OID || type == INT4OID || type == INT8OID ? Numbers::whole : Numbers::any;
    });
}

FieldMending plan_mending(Relation rel, const std::vector<std::string> &columns, const LoggedLoad &load) {
    FieldMending mending{load.also_null, load.decimal, {}};
    for (const PlannedColumn &column : plan_columns(rel, columns))
        mending.numbers.push_back(numbers_of(column));
    return mending;
}

// The rights that a load of these columns takes.
void require_rights_of(Relation rel, const std::vector<std::string> &columns, OnConflict on_conflict) {
    const std::vector<AttrNumber> numbers = column_numbers(plan_columns(rel, columns));
    require_insert(rel, numbers);
    require_conflict_key(rel, numbers, on_conflict);
}

// The keys that the rows of JSON have.
std::vector<std::string> columns_of_json(Relation rel, const LoggedLoad &load) {
    JsonReplaySource source(load, loadable_columns(rel), {});
    std::vector<std::string> columns = columns_of_rows(rel, source);
    source.close();
    return columns;
}

std::string options_json(const LoggedLoad &load, const std::vector<std::string> &columns,
                         const ReplayOptions &options) {
    std::string json;
    const auto add_name = [&](const char *name) {
        json += json.empty() ? "{" : ", ";
        append_json_string(json, name);
        json += ": ";
    };
    const auto add = [&](const char *name, std::string_view text) {
        add_name(name);
        append_json_string(json, text);
    };
    const auto add_character = [&](const char *name, const char &c) {
        add(name, c == csv::no_quote ? std::string_view() : std::string_view(&c, 1));
    };
    const auto add_list = [&](const char *name, const std::vector<std::string> &texts) {
        add_name(name);
        for (const std::string &text : texts) {
            json += &text == texts.data() ? "[" : ", ";
            append_json_string(json, text);
        }
        json += "]";
    };
    if (load.csv) {
        add_character("delimiter", load.dialect.delimiter);
        add_character("quote", load.dialect.quote);
        add_character("escape", load.dialect.escape);
        add("null_string", load.dialect.null_string);
        add("encoding", encoding_name(load.encoding));
        add("repair", load.salvage ? "salvage" : "none");
        add_list("columns", columns);
    }
    if (!load.csv) {
        add("unknown", load.ignores_unknown ? "ignore" : "reject");
        add_name("strict");
        json += load.strict ? "true" : "false";
    }
    if (load.trims) {
        add_name("trim");
        json += "true";
    }
    if (!load.date_format.empty()) add("date_format", load.date_format);
    if (!load.also_null.empty()) add_list("also_null", load.also_null);
    if (load.decimal) add_character("decimal_mark", *load.decimal);
    add("on_error", options.on_error == OnError::reject  ? "reject"
                    : options.on_error == OnError::abort ? "abort"
                                                         : "raise");
    add("on_conflict", load.on_conflict == OnConflict::skip     ? "skip"
                       : load.on_conflict == OnConflict::update ? "update"
                                                                : "reject");
    add_name("dry_run");
    json += options.dry_run ? "true" : "false";
    return json + "}";
}

// ---- What becomes of the rejects ----

// Planners that have no statistics yet may take a nested loop for a join of two hundred thousand rows.
class WithoutNestedLoops {
  public:
    WithoutNestedLoops()
        : level_(pg_call([] {
              const int level = NewGUCNestLevel();
              (void)set_config_option("enable_nestloop", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
                                      true, 0, false);
              return level;
          })) {}
    void restore() {
        pg_call([&] { AtEOXact_GUC(true, level_); });
    }

  private:
    int level_;
};

// Rejects of the replay ("n") and the open rejects of the load ("o") that they are.
constexpr const char *of_load =
    "o.load_id OPERATOR(pg_catalog.=) $1 AND o.status OPERATOR(pg_catalog.=) 'open' ";
constexpr const char *of_replay =
    "n.load_id OPERATOR(pg_catalog.=) $2 AND o.record_number OPERATOR(pg_catalog.=) n.record_number "
    "AND o.byte_offset OPERATOR(pg_catalog.=) n.byte_offset ";

// The rejects of the replay become those of the load again: what is still wrong with a row, or was mended, is
// told where the row is. Pieces of a row that became several are rejects of their own.
void settle_replay(const LoggedLoad &load, int64_t replay) {
    const AsLogOwner rights;
    WithoutNestedLoops plans;
    const std::vector<SqlArgument> loads{bigint_argument(load.load_id), bigint_argument(replay)};
    const std::string ours = of_load, theirs = of_replay;
    // Rows that were mended: their repairs are told behind their errors.
    execute(
        "UPDATE ferry.rejects o SET status = 'reloaded', settled_by = $2, "
        "error_kinds = pg_catalog.array_cat(o.error_kinds, n.error_kinds), "
        "error_values = pg_catalog.array_cat(o.error_values, n.error_values), "
        "error_positions = pg_catalog.array_cat(o.error_positions, n.error_positions) "
        "FROM ferry.rejects n WHERE n.status OPERATOR(pg_catalog.=) 'fixed' AND " +
            ours + "AND " + theirs,
        loads);
    execute(
        "DELETE FROM ferry.rejects n USING ferry.rejects o WHERE n.status OPERATOR(pg_catalog.=) 'fixed' "
        "AND o.load_id OPERATOR(pg_catalog.=) $1 AND o.settled_by OPERATOR(pg_catalog.=) $2 AND " +
            theirs,
        loads);
    // Rows that were left out because their key is taken.
    execute(
        "UPDATE ferry.rejects o SET status = 'dismissed', note = 'its key is taken' "
        "FROM ferry.rejects n WHERE n.status OPERATOR(pg_catalog.=) 'dismissed' AND " +
            ours + "AND " + theirs,
        loads);
    execute(
        "DELETE FROM ferry.rejects n USING ferry.rejects o WHERE n.status OPERATOR(pg_catalog.=) 'dismissed' "
        "AND o.load_id OPERATOR(pg_catalog.=) $1 AND o.status OPERATOR(pg_catalog.=) 'dismissed' AND " +
            theirs,
        loads);
    // Other rows that went in.
    execute("UPDATE ferry.rejects o SET status = 'reloaded', settled_by = $2 WHERE o.raw IS NOT NULL AND " +
                ours + "AND NOT EXISTS (SELECT FROM ferry.rejects n WHERE " + theirs + ")",
            loads);
    // Rows that are still wrong.
    execute(
        "UPDATE ferry.rejects o SET raw = coalesce(n.raw, o.raw), error_kinds = n.error_kinds, "
        "error_values = n.error_values, error_positions = n.error_positions FROM ferry.rejects n WHERE " +
            ours + "AND " + theirs,
        loads);
    execute("DELETE FROM ferry.rejects n USING ferry.rejects o WHERE " + ours + "AND " + theirs, loads);
    // Pieces, and the kinds of all these errors.
    execute(
        "UPDATE ferry.rejects n SET load_id = $1, "
        "settled_by = CASE WHEN n.status OPERATOR(pg_catalog.=) 'fixed' THEN $2 END WHERE n.load_id "
        "OPERATOR(pg_catalog.=) $2",
        loads);
    execute("UPDATE ferry.reject_kinds k SET load_id = $1 WHERE k.load_id OPERATOR(pg_catalog.=) $2", loads);
    plans.restore();
}

// What the log shows of a failed correction is the load; its reject would be the open one once more.
void settle_fix(const LoadReport &report, int64_t reject_id) {
    const AsLogOwner rights;
    if (report.rows_rejected > 0) {
        const std::vector<SqlArgument> load{bigint_argument(report.load_id)};
        execute("DELETE FROM ferry.rejects n WHERE n.load_id OPERATOR(pg_catalog.=) $1", load);
        execute("DELETE FROM ferry.reject_kinds k WHERE k.load_id OPERATOR(pg_catalog.=) $1", load);
        return;
    }
    const std::vector<SqlArgument> settled{bigint_argument(reject_id), bigint_argument(report.load_id)};
    execute(
        "UPDATE ferry.rejects o SET status = 'fixed', settled_by = $2 "
        "WHERE o.reject_id OPERATOR(pg_catalog.=) $1",
        settled);
}

void require_open(int64_t reject_id) {
    const AsLogOwner rights;
    const std::vector<SqlArgument> arguments{bigint_argument(reject_id)};
    const std::vector<TextRow> rows =
        query("SELECT r.status FROM ferry.rejects r WHERE r.reject_id OPERATOR(pg_catalog.=) $1 FOR UPDATE",
              arguments);
    const std::string name = "reject " + std::to_string(reject_id);
    if (rows.empty()) fail({Code::undefined_object, name + " does not exist"});
    const std::string status = *rows[0][0];
    if (status != "open")
        fail({Code::wrong_state, name + " is not open", "Its status is \"" + status + "\"."});
}

Relation open_target(const LoggedLoad &load, const char *command) {
    Relation rel = open_table(find_target(load), RowExclusiveLock);
    require_any_insert(rel);
    require_writable(command);
    return rel;
}

// One replay, over either kind of source.
LoadReport run_replay(const LoggedLoad &load, Relation rel, const std::vector<std::string> &columns,
                      ReplaySource &source, const ReplayOptions &options) {
    LoadOptions load_options;
    load_options.on_error = options.on_error;
    load_options.dry_run = options.dry_run;
    load_options.strict = load.strict;
    load_options.on_conflict = load.on_conflict;
    if (!load.date_format.empty())
        load_options.date_format = value_or_fail(value::DateFormat::parse(load.date_format));
    load_options.json = options_json(load, columns, options);
    LoadFacts facts{qualified_name(rel), "replay", load.source_name};
    facts.replay_of = load.load_id;
    const Oid target = RelationGetRelid(rel);
    close_table(rel);
    const LoadReport report = run_load({{[target] { return target; }}, columns, source, facts, load_options});
    source.close();
    return report;
}

}  // namespace

LoadReport replay_rejects(LoggedLoad load, const ReplayOptions &options) {
    require_kept(load);
    refuse_options_of_csv(load, options);
    change_values(load, options);
    load.on_conflict = options.on_conflict.value_or(load.on_conflict);
    if (load.csv) change_rows(load, options);
    Relation rel = open_target(load, "ferry.replay()");
    lock_load(load);
    LoadReport report;
    if (load.csv) {
        require_rights_of(rel, load.columns, load.on_conflict);
        CsvReplaySource source(load, plan_mending(rel, load.columns, load));
        report = run_replay(load, rel, load.columns, source, options);
        if (report.kept && source.splits() && report.rows_rejected > 0 && !settings::log_raw_rows())
            fail({Code::unsupported, "a reject became several rows, and not all of them were loaded", "",
                  "Set ferry.log_raw_rows to on, so that those that were not can be kept."});
    } else {
        const std::vector<std::string> columns = columns_of_json(rel, load);
        require_rights_of(rel, columns, load.on_conflict);
        JsonReplaySource source(load, columns, plan_mending(rel, columns, load));
        report = run_replay(load, rel, columns, source, options);
    }
    if (report.kept) settle_replay(load, report.load_id);
    return report;
}

uint64_t count_open_without_row(const LoggedLoad &load) {
    const AsLogOwner rights;
    const std::vector<SqlArgument> arguments{bigint_argument(load.load_id)};
    const std::vector<TextRow> rows = query(
        "SELECT pg_catalog.count(*) FROM ferry.rejects r WHERE r.load_id OPERATOR(pg_catalog.=) $1 "
        "AND r.status OPERATOR(pg_catalog.=) 'open' AND r.raw IS NULL",
        arguments);
    return std::stoull(*rows[0][0]);
}

BatchResult fix_reject(const LoggedLoad &load, int64_t reject_id, const std::string &row) {
    require_kept(load);
    Relation rel = open_target(load, "ferry.fix_reject()");
    lock_load(load);
    require_open(reject_id);
    BatchRequest request{"[" + row + "]", "partial", {}, json::Unknown::reject, load.load_id};
    request.options.json =
        "{\"mode\": \"partial\", \"dry_run\": false, \"fixes\": " + std::to_string(reject_id) + "}";
    BatchResult result = insert_rows(rel, request);
    settle_fix(result.report, reject_id);
    return result;
}

void dismiss_reject(const LoggedLoad &load, int64_t reject_id, const std::optional<std::string> &reason) {
    lock_load(load);
    require_open(reject_id);
    const AsLogOwner rights;
    const SqlArgument note = reason ? text_argument(*reason) : SqlArgument{TEXTOID, Datum{0}, true};
    const std::vector<SqlArgument> arguments{bigint_argument(reject_id), note};
    execute(
        "UPDATE ferry.rejects r SET status = 'dismissed', note = $2 "
        "WHERE r.reject_id OPERATOR(pg_catalog.=) $1",
        arguments);
}

}  // namespace ferry
