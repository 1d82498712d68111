// Implements reject_fields.hpp over the sources of a replay. Statements name every operator with its schema:
// some run with rights that are not the caller's.
#include "load/reject_fields.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "load/log_owner.hpp"
#include "load/replay_source.hpp"
#include "server/relation.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

// Name and type of what can be loaded, in the table's order.
std::vector<TextRow> table_columns(Oid target) {
    const std::vector<SqlArgument> arguments{oid_argument(target)};
    return query(
        "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a "
        "WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND a.attnum OPERATOR(pg_catalog.>) 0 "
        "AND NOT a.attisdropped AND a.attgenerated OPERATOR(pg_catalog.=) '' ORDER BY a.attnum",
        arguments);
}

std::vector<RejectField> start_fields(const LoggedLoad &load) {
    const bool own = load.columns.empty();
    const std::vector<TextRow> known = table_columns(own ? find_target(load) : look_for_target(load));
    std::vector<RejectField> fields;
    for (const std::string &column : load.columns) fields.push_back({column, {}, {}, {}});
    for (const TextRow &row : known) {
        if (own) fields.push_back({*row[0], {}, {}, {}});
        const auto field = std::ranges::find(fields, *row[0], &RejectField::column);
        if (field != fields.end()) field->type = row[1];
    }
    return fields;
}

// ---- Values ----

bool has_text(const Field &field) {
    const bool written = field.kind == Field::Kind::text || field.kind == Field::Kind::literal ||
                         field.kind == Field::Kind::json;
    return written && field.text.find('\0') == field.text.npos &&
           utf8_valid_prefix(field.text) == field.text.size();
}

void fill_values(std::vector<RejectField> &fields, ReplaySource &source) {
    Batch batch;
    batch.clear(fields.size());
    constexpr size_t more_than_one = 2;
    if (source.next_window(1) && source.fill(batch, more_than_one) == 1)
        for (size_t i = 0; i < fields.size(); ++i)
            if (has_text(batch.fields[i])) fields[i].value = batch.fields[i].text;
    source.close();
}

void read_values(std::vector<RejectField> &fields, LoggedLoad &load, int64_t reject_id) {
    if (load.csv) {
        load.salvage = true;
        CsvReplaySource source(load, {}, reject_id);
        fill_values(fields, source);
    } else if (load.source_kind != "avro") {
        std::vector<std::string> columns;
        for (const RejectField &field : fields) columns.push_back(field.column);
        JsonReplaySource source(load, columns, {}, reject_id);
        fill_values(fields, source);
    }
}

// ---- Errors ----

// The first of the columns that an error names ("a, b"); null where it names none of these.
RejectField *find_place(std::vector<RejectField> &fields, std::string_view names) {
    const auto named = [&](std::string_view name) -> RejectField * {
        const auto field = std::ranges::find_if(fields, [&](const RejectField &one) {
            return one.column == name || quote_identifier_text(one.column) == name;
        });
        return field != fields.end() ? &*field : nullptr;
    };
    RejectField *place = named(names);
    for (size_t start = 0; place == nullptr && start < names.size();) {
        const size_t comma = std::min(names.find(", ", start), names.size());
        place = named(names.substr(start, comma - start));
        start = comma + 2;
    }
    return place;
}

void read_errors(std::vector<RejectField> &fields, int64_t reject_id) {
    const AsLogOwner rights;
    const std::vector<SqlArgument> arguments{bigint_argument(reject_id)};
    for (const TextRow &error :
         query("SELECT e.column_name, pg_catalog.json_build_object('column', e.column_name, 'code', e.class, "
               "'sqlstate', e.sqlstate, 'constraint', e.constraint_name, 'value', e.value, "
               "'message', e.message, 'hint', e.hint) FROM ferry.reject_errors e "
               "WHERE e.reject_id OPERATOR(pg_catalog.=) $1 ORDER BY e.ordinal",
               arguments)) {
        RejectField *const field = find_place(fields, error[0].value_or(""));
        if (field != nullptr) field->errors += (field->errors.empty() ? "" : ", ") + *error[1];
    }
}

}  // namespace

std::vector<RejectField> split_reject(LoggedLoad load, int64_t reject_id) {
    std::vector<RejectField> fields = start_fields(load);
    read_values(fields, load, reject_id);
    read_errors(fields, reject_id);
    for (RejectField &field : fields) field.errors = "[" + field.errors + "]";
    return fields;
}

}  // namespace ferry
