// Implements proposals.hpp. Each kind of error has a function; what stands behind a colon is SQL to run.
#include "load/proposals.hpp"

#include <algorithm>

#include "core/csv/locate.hpp"
#include "core/csv/salvage.hpp"
#include "core/csv/sniffer.hpp"
#include "core/text.hpp"
#include "core/value/date_format.hpp"
#include "core/value/number_format.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

constexpr size_t shown_keys = 10;
constexpr int bigint_digits = 18, integer_digits = 9;  // that fit in any case

bool has_state(const RejectGroup &group, Code code) {
    return group.sqlstate == code_info(code).sqlstate;
}

bool is_whole_type(const ColumnFacts &column) {
    return column.kind == 'b' &&
           (column.base == "smallint" || column.base == "integer" || column.base == "bigint");
}

bool is_dated_type(const ColumnFacts &column) {
    return column.base == "date" || column.base == "timestamp without time zone" ||
           column.base == "timestamp with time zone";
}

bool all_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// Numbers by size, other keys by their letters; the set has them in the latter order.
std::vector<std::string> in_order(const std::set<std::string> &keys) {
    std::vector<std::string> sorted(keys.begin(), keys.end());
    if (std::ranges::all_of(sorted, all_digits))
        std::ranges::stable_sort(sorted, {}, [](const std::string &key) { return key.size(); });
    return sorted;
}

std::string list_keys(const RejectGroup &group, bool several_columns) {
    std::string list;
    const std::vector<std::string> keys = in_order(group.keys);
    for (size_t i = 0; i < keys.size() && i < shown_keys; ++i)
        list += (list.empty() ? "" : ", ") + std::string(several_columns ? "(" : "") +
                std::string(clip(keys[i], 60)) + (several_columns ? ")" : "");
    return list + (keys.size() > shown_keys || group.more_keys ? ", ..." : "");
}

// Digits before the point of a number as SQL writes it, the most of all; -1 where one is written otherwise.
int most_digits(const std::vector<std::string> &values) {
    int most = 0;
    for (std::string_view value : values) {
        if (!value.empty() && (value[0] == '-' || value[0] == '+')) value.remove_prefix(1);
        const std::string_view whole = value.substr(0, value.find('.'));
        const std::string_view rest = whole.size() < value.size() ? value.substr(whole.size() + 1) : "0";
        if (!all_digits(whole) || !all_digits(rest)) return -1;
        most = std::max(most, static_cast<int>(whole.size()));
    }
    return most;
}

// The scale in "numeric(5,2)"; 0 without one.
int scale_of(const std::string &type) {
    const size_t comma = type.find(',');
    return comma == type.npos ? 0 : std::stoi(type.substr(comma + 1));
}

bool has_width(std::string_view row, const csv::Dialect &dialect, size_t width) {
    csv::Places places;
    csv::locate_fields(row, {dialect, width}, places);
    return !places.fault && places.starts.size() == width;
}

}  // namespace

Proposer::Proposer(const LoggedLoad &load, const std::vector<RejectGroup> &groups)
    : load_(load),
      target_(look_for_target(load)),
      replayed_(load.replay_of.value_or(load.load_id)),
      replayable_((load.kept() || load.replay_of) && load.source_kind != "avro") {
    std::set<std::string> words(load.also_null.begin(), load.also_null.end());
    for (const RejectGroup &group : groups)
        if (group.no_value && may_be_null(group.column)) words.insert(*group.pattern);
    for (const std::string &word : words) words_ += (words_.empty() ? "" : ", ") + quote_literal_text(word);
}

std::string Proposer::propose(const RejectGroup &group) const {
    std::string proposal;
    if (group.cls == "type")
        proposal = of_type(group);
    else if (group.cls == "not_null")
        proposal = of_not_null(group);
    else if (group.cls == "check")
        proposal = of_check(group);
    else if (group.cls == "domain")
        proposal = of_domain(group);
    else if (group.cls == "unique" || group.cls == "exclusion")
        proposal = of_key(group);
    else if (group.cls == "foreign_key")
        proposal = of_foreign_key(group);
    else if (group.cls == "structure")
        proposal = of_structure(group);
    else if (group.cls == "encoding")
        proposal = of_encoding(group);
    else
        proposal = of_server(group);
    return proposal.empty() ? by_hand(group) : proposal;
}

// ---- Values ----

std::string Proposer::of_type(const RejectGroup &group) const {
    const std::optional<ColumnFacts> column = column_facts(target_, group.column);
    if (!column || group.values.items().empty()) return {};
    if (has_state(group, Code::too_long)) return of_length(group, *column);
    if (has_state(group, Code::out_of_range)) return of_range(group, *column);
    if (group.no_value) return of_no_value(group);
    if (column->kind == 'e') return of_enum(group, *column);
    if (is_dated_type(*column)) return of_date(group);
    if (column->category == 'N') return of_number(group, *column);
    return {};
}

// All words at once, because a row may have several.
std::string Proposer::of_no_value(const RejectGroup &group) const {
    if (!may_be_null(group.column) || !replayable_) return {};
    return "\"" + *group.pattern + "\" stands for no value: " + again("also_null => ARRAY[" + words_ + "]");
}

std::string Proposer::of_date(const RejectGroup &group) const {
    const value::DateGuess guess = value::guess_date_format(group.values.views());
    if (guess.patterns.empty()) return {};
    const std::string &first = guess.patterns.front();
    const auto option = [](const std::string &pattern) {
        return "date_format => " + quote_literal_text(pattern);
    };
    std::string proposal = "values look like " + first;
    if (guess.patterns.size() > 1)
        proposal += " or " + guess.patterns[1] + ", and no day beyond 12 tells which";
    proposal += ": " + again(option(first));
    if (guess.patterns.size() > 1) proposal += " or " + option(guess.patterns[1]);
    // The server takes 03/04/2021 without a word, and reads it as DateStyle says.
    const bool numbers_first = first.starts_with("DD") || first.starts_with("MM");
    if (numbers_first && first.find("Mon") == first.npos && replayable_ && load_.date_format.empty())
        proposal += " (dates that went in with a day up to 12 were read by DateStyle: check them)";
    return proposal;
}

std::string Proposer::of_number(const RejectGroup &group, const ColumnFacts &column) const {
    const std::vector<std::string_view> values = group.values.views();
    const bool whole = is_whole_type(column);
    const auto reads = [&](char decimal) {
        const value::NumberGuess guess = value::try_decimal(values, decimal);
        return guess.reads && (guess.whole || !whole);
    };
    const bool fractions = most_digits(group.values.items()) >= 0;
    const bool comma = reads(','), point = reads('.') && !fractions;
    if ((comma || point) && replayable_) {
        const std::string first = point ? "." : ",";
        std::string proposal = "values such as " + std::string(clip(values.front(), 30)) +
                               " look like numbers with a decimal " + (point ? "point" : "comma");
        if (comma && point) proposal += ", or with a comma and then another value";
        proposal += ": " + again("decimal_mark => '" + first + "'");
        if (comma && point) proposal += " or decimal_mark => ','";
        if (!point)
            proposal += " (numbers such as 1.234 that went in were read with a decimal point: check them)";
        return proposal;
    }
    if (whole && fractions && !column.fixed)
        return "the column takes whole numbers only: " + alter_column(group, "TYPE numeric");
    return {};
}

std::string Proposer::of_range(const RejectGroup &group, const ColumnFacts &column) const {
    const int digits = most_digits(group.values.items());
    std::string type;
    if (column.base == "numeric" && column.type != column.base && digits >= 0)
        type = "numeric(" + std::to_string(digits + scale_of(column.type)) + "," +
               std::to_string(scale_of(column.type)) + ")";
    else if (column.base == "smallint" && digits >= 0 && digits <= integer_digits)
        type = "integer";
    else if (is_whole_type(column) && column.base != "bigint" && digits >= 0 && digits <= bigint_digits)
        type = "bigint";
    else if (is_whole_type(column) && !column.fixed)
        type = "numeric";
    else if (column.base == "real")
        type = "double precision";
    if (type.empty()) return {};
    return "values are beyond the range of " + column.type + ": " + alter_column(group, "TYPE " + type);
}

std::string Proposer::of_length(const RejectGroup &group, const ColumnFacts &column) const {
    if (column.type == column.base || column.kind != 'b') return {};
    const std::string longest = std::to_string(group.longest);
    const bool bits = column.base == "bit varying";
    if (!bits && column.base != "character varying" && column.base != "character") return {};
    return "the longest value has " + longest + (bits ? " bits: " : " characters: ") +
           alter_column(group, "TYPE " + column.base + "(" + longest + ")");
}

std::string Proposer::of_enum(const RejectGroup &group, const ColumnFacts &column) const {
    return "the type has no such value; if it should: ALTER TYPE " + column.type + " ADD VALUE " +
           quote_literal_text(*group.pattern) + "; " + again();
}

// ---- Constraints ----

std::string Proposer::of_not_null(const RejectGroup &group) const {
    const std::optional<ColumnFacts> column = column_facts(target_, group.column);
    if (!column || column->primary) return {};
    const std::string what = "rows have no value for the column; if it may be missing: ";
    if (column->not_null) return what + alter_column(group, "DROP NOT NULL");
    if (column->domain_not_null) return what + "ALTER DOMAIN " + column->type + " DROP NOT NULL; " + again();
    return {};
}

std::string Proposer::of_check(const RejectGroup &group) const {
    if (group.constraint.empty()) return "no partition takes the rows; make one, then: " + again();
    if (!has_check(target_, group.constraint)) return {};
    return "if the rows are right and the constraint is wrong: ALTER TABLE " + load_.target +
           " DROP CONSTRAINT " + quote_identifier_text(group.constraint) + "; " + again();
}

std::string Proposer::of_domain(const RejectGroup &group) const {
    const std::optional<ColumnFacts> column = column_facts(target_, group.column);
    if (!column || column->kind != 'd' || group.constraint.empty()) return {};
    return "if the rows are right and the domain is wrong: ALTER DOMAIN " + column->type +
           " DROP CONSTRAINT " + quote_identifier_text(group.constraint) + "; " + again();
}

std::string Proposer::of_key(const RejectGroup &group) const {
    const std::string what = group.cls == "unique" ? "the key is taken" : "another row is in the way";
    const std::string skip = what + "; to leave the rows out: " + again("on_conflict => 'skip'");
    if (!is_primary_key(target_, group.constraint)) return skip;
    return skip + "; to update the rows that have it: " + again("on_conflict => 'update'");
}

std::string Proposer::of_foreign_key(const RejectGroup &group) const {
    const std::optional<ParentFacts> parent = parent_facts(target_, group.constraint);
    const size_t count = group.keys.size();
    if (!parent || count == 0) return "insert the parents that are missing, then: " + again();
    return "insert " + std::string(group.more_keys ? "more than " : "") + std::to_string(count) +
           (count == 1 ? " row" : " rows") + " into " + parent->table + " (" + parent->columns +
           "): " + list_keys(group, parent->columns.find(", ") != std::string::npos) + "; then: " + again();
}

// ---- Rows ----

std::string Proposer::of_structure(const RejectGroup &group) const {
    if (has_state(group, Code::unknown_key) && !load_.csv) return of_unknown_key(group);
    if (!has_state(group, Code::too_few_fields) || !load_.csv || group.rows_of_csv.items().empty()) return {};
    const std::string delimiter = of_delimiter(group);
    return delimiter.empty() ? of_salvage(group) : delimiter;
}

std::string Proposer::of_unknown_key(const RejectGroup &group) const {
    if (!OidIsValid(target_) || group.column.empty()) return {};
    return "the table has no such column; if it should: ALTER TABLE " + load_.target + " ADD COLUMN " +
           quote_identifier_text(group.column) + " text; " + again();
}

std::string Proposer::of_delimiter(const RejectGroup &group) const {
    const size_t width = load_.columns.size();
    const std::vector<std::string> rows = rows_as_text(group);
    if (width < 2 || rows.empty()) return {};
    for (const char delimiter : {',', ';', '\t', '|'}) {
        csv::Dialect dialect = load_.dialect;
        dialect.delimiter = delimiter;
        if (delimiter == load_.dialect.delimiter || !csv::check(dialect)) continue;
        // A row in ten may have faults of its own.
        const auto fits = [&](const std::string &row) { return has_width(row, dialect, width); };
        const auto misfits = rows.size() - static_cast<size_t>(std::ranges::count_if(rows, fits));
        if (misfits * 10 > rows.size()) continue;
        const std::string name = delimiter == '\t' ? "E'\\t'" : std::string("'") + delimiter + "'";
        return "rows have the right number of fields with another delimiter: " +
               again("delimiter => " + name);
    }
    return {};
}

// Fields that are missing become NULL, so their columns have to take that.
std::string Proposer::of_salvage(const RejectGroup &group) const {
    if (load_.salvage) return {};
    const std::vector<std::string> rows = rows_as_text(group);
    size_t nullable_from = load_.columns.size();
    while (nullable_from > 0 && may_be_null(load_.columns[nullable_from - 1])) --nullable_from;
    size_t mended = 0;
    std::string how;
    for (const std::string &row : rows) {
        csv::Salvaged salvaged;
        if (!csv::salvage(row, load_.columns.size(), load_.dialect, salvaged) || salvaged.mends.empty() ||
            salvaged.fields.size() < nullable_from)
            continue;
        if (mended++ == 0) how = salvaged.mends.front().text;
    }
    if (mended == 0) return {};
    const std::string share =
        mended == rows.size() ? "" : std::to_string(mended) + " of " + std::to_string(rows.size()) + " ";
    return share + "rows can be mended (one: " + how +
           "); see with dry_run => true, then: " + again("repair => 'salvage'");
}

std::string Proposer::of_encoding(const RejectGroup &group) const {
    const std::vector<std::string> &rows = group.rows_of_csv.items();
    if (!load_.csv || load_.encoding != Encoding::utf8 || rows.empty()) return {};
    std::string all;
    for (const std::string &row : rows) all += row + "\n";
    const Encoding guess = guess_encoding(all, true).encoding;
    if (!single_byte(guess) || valid_prefix(guess, all) != all.size() || all.find('\0') != all.npos)
        return {};
    const std::string name = guess == Encoding::latin1 ? "LATIN1" : "WIN1252";
    return "rows look like " + name + ": " + again("encoding => '" + name + "'");
}

std::string Proposer::of_server(const RejectGroup &group) const {
    if (group.cls == "privilege")
        return "a policy or right keeps the rows out; when that is mended: " + again();
    if (has_state(group, Code::row_skipped))
        return "a trigger keeps the rows out; if it should not, mend it, then: " + again();
    return "when the cause that the message names is mended: " + again();
}

std::string Proposer::by_hand(const RejectGroup &group) const {
    const std::string reject = std::to_string(group.example_reject);
    const std::string dismiss = "SELECT ferry.dismiss_reject(" + reject + ", 'reason')";
    if (load_.replay_of) return "correct the rows: they are rejects of load " + std::to_string(replayed_);
    if (!load_.kept()) return "mend the rows in the input and load it again";
    return "correct each row: SELECT ferry.fix_reject(" + reject + ", '{...}') or give it up: " + dismiss;
}

// ---- Their parts ----

// The splitter reads UTF-16 as UTF-8.
std::vector<std::string> Proposer::rows_as_text(const RejectGroup &group) const {
    if (load_.encoding != Encoding::utf16le && load_.encoding != Encoding::utf16be)
        return group.rows_of_csv.items();
    std::vector<std::string> rows;
    for (const std::string &row : group.rows_of_csv.items()) {
        std::string text;
        if (append_utf8(load_.encoding, row, text)) rows.push_back(std::move(text));
    }
    return rows;
}

// How the rows are loaded again.
std::string Proposer::again(const std::string &options) const {
    if (replayable_)
        return "SELECT * FROM ferry.replay(" + std::to_string(replayed_) +
               (options.empty() ? "" : ", " + options) + ")";
    return "load the input again" + (options.empty() ? "" : " with " + options);
}

std::string Proposer::alter_column(const RejectGroup &group, const std::string &change) const {
    return "ALTER TABLE " + load_.target + " ALTER COLUMN " + quote_identifier_text(group.column) + " " +
           change + "; " + again();
}

bool Proposer::may_be_null(const std::string &name) const {
    const std::optional<ColumnFacts> column = column_facts(target_, name);
    return column && !column->not_null && !column->domain_not_null;
}

}  // namespace ferry
