// Implements batch_answer.hpp.
#include "load/batch_answer.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "server/relation.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

// Of an answer without its errors and keys, roughly; and of one key.
constexpr size_t usual_head = 1000, usual_key = 16;

void append_text_or_null(std::string &json, std::string_view text, bool null) {
    if (null)
        json += "null";
    else
        append_json_string(json, text);
}

std::string quoted(std::string_view text) {
    std::string json;
    append_json_string(json, text);
    return json;
}

std::string count_text(uint64_t count) {
    return std::to_string(count) + (count == 1 ? " row" : " rows");
}

uint64_t inserted_rows(const LoadReport &report) {
    return report.kept ? report.rows_loaded : 0;
}

// NaN and the infinities are no numbers in JSON.
bool is_json_number(std::string_view text) {
    return text.find_first_not_of("0123456789+-.eE") == text.npos;
}

void append_all_errors(TextBuilder &json, std::span<const TableOutcome> outcomes) {
    json << "[";
    for (const TableOutcome &outcome : outcomes) outcome.answer->append_errors(json);
    json << "]";
}

void append_refusal(TextBuilder &json, const LoadReport &total, std::span<const TableOutcome> outcomes,
                    const std::string &mode) {
    json << "\"code\": \"BATCH_INVALID\", \"message\": "
         << quoted(std::to_string(total.rows_rejected) + " of " + count_text(total.rows_read) +
                   (total.rows_rejected == 1 ? " is" : " are") + " not valid, nothing was inserted")
         << ", \"details\": ";
    append_all_errors(json, outcomes);
    json << ", \"hint\": "
         << (mode == "atomic" && total.rows_rejected < total.rows_read
                 ? "\"Mend these rows, or send the batch with mode partial to insert the others.\""
                 : "null")
         << ", ";
}

LoadReport total_of(std::span<const TableOutcome> outcomes) {
    LoadReport total;
    total.kept = true;
    for (const TableOutcome &outcome : outcomes) {
        total.rows_read += outcome.report.rows_read;
        total.rows_loaded += inserted_rows(outcome.report);
        total.rows_rejected += outcome.report.rows_rejected;
    }
    return total;
}

// The answer up to what it says of the tables.
TextBuilder begin_answer(const LoadReport &total, std::span<const TableOutcome> outcomes,
                         const std::string &mode) {
    const bool refusal = inserted_rows(total) == 0 && total.rows_rejected > 0;
    size_t errors = 0;
    for (const TableOutcome &outcome : outcomes) errors += outcome.answer->errors_size();
    TextBuilder json((refusal ? 2 : 1) * errors + outcomes.size() * usual_head + total.rows_read * usual_key);
    json << "{";
    if (refusal) append_refusal(json, total, outcomes, mode);
    return json;
}

void append_counts(TextBuilder &json, const LoadReport &report) {
    json << "\"received\": " << std::to_string(report.rows_read)
         << ", \"inserted\": " << std::to_string(inserted_rows(report))
         << ", \"rejected\": " << std::to_string(report.rows_rejected);
}

void append_request(TextBuilder &json, const std::string &mode, bool dry_run) {
    json << "\"mode\": " << quoted(mode) << ", \"dry_run\": " << (dry_run ? "true" : "false") << ", ";
}

void append_load(TextBuilder &json, const TableOutcome &outcome) {
    json << "\"load\": " << std::to_string(outcome.report.load_id) << ", \"table\": " << quoted(outcome.table)
         << ", ";
}

}  // namespace

std::string pointer_part(std::string_view name) {
    std::string part = "/";
    for (const char c : name) {
        if (c == '~')
            part += "~0";
        else if (c == '/')
            part += "~1";
        else
            part.push_back(c);
    }
    return part;
}

BatchAnswer::Form BatchAnswer::form_of(Oid type) {
    switch (type) {
        case INT2OID:
        case INT4OID:
        case INT8OID:
            return Form::integer;
        case FLOAT4OID:
        case FLOAT8OID:
        case NUMERICOID:
            return Form::number;
        case BOOLOID:
            return Form::boolean;
        case DATEOID:
        case TIMESTAMPOID:
        case TIMESTAMPTZOID:
            return Form::moment;
        case JSONBOID:
            return Form::json;
        default:
            return pg_call([&] { return type_is_array(type) || type_is_rowtype(type); }) ? Form::composed
                                                                                         : Form::text;
    }
}

BatchAnswer::BatchAnswer(std::vector<std::string> columns, std::string name)
    : name_(std::move(name)),
      pointer_(name_.empty() ? "" : pointer_part(name_)),
      columns_(std::move(columns)) {}

void BatchAnswer::plan_keys(Relation rel) {
    key_.clear();
    for (const AttrNumber number : primary_key(rel)) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), number - 1);
        struct Facts {
            Oid type, output;
        };
        const Facts facts = pg_call([&] {
            Facts found{getBaseType(attribute->atttypid), InvalidOid};
            bool varlena;
            getTypeOutputInfo(found.type, &found.output, &varlena);
            return found;
        });
        key_.push_back(
            {NameStr(attribute->attname), number - 1, facts.type, form_of(facts.type), facts.output});
    }
}

void BatchAnswer::append_key(std::string &json, const KeyColumn &column, Datum value) {
    if (column.form == Form::integer) {
        json += std::to_string(column.type == INT2OID   ? int64_t{DatumGetInt16(value)}
                               : column.type == INT4OID ? int64_t{DatumGetInt32(value)}
                                                        : DatumGetInt64(value));
        return;
    }
    if (column.form == Form::boolean) {
        json += DatumGetBool(value) ? "true" : "false";
        return;
    }
    if (column.form == Form::composed) {
        const SqlArgument argument[] = {{column.type, value}};
        json += *query("SELECT pg_catalog.to_json($1)", argument)[0][0];
        return;
    }
    const char *text = pg_call([&]() -> const char * {
        if (column.form != Form::moment) return OidOutputFunctionCall(column.output, value);
        auto *buffer = static_cast<char *>(palloc(MAXDATELEN + 1));
        return JsonEncodeDateTime(buffer, value, column.type, nullptr);
    });
    if (column.form == Form::json || (column.form == Form::number && is_json_number(text)))
        json += text;
    else
        append_json_string(json, text);
}

void BatchAnswer::loaded(const Record &record, TupleTableSlot *slot) {
    std::string json;
    for (const KeyColumn &column : key_) {
        if (slot->tts_isnull[column.attribute]) continue;
        if (key_.size() > 1) {
            json += json.empty() ? "{" : ", ";
            append_json_string(json, column.name);
            json += ": ";
        }
        append_key(json, column, slot->tts_values[column.attribute]);
    }
    if (key_.size() > 1 && !json.empty()) json += "}";
    set(record, json.empty() ? "null" : std::move(json));
}

// What was said of the row before no longer holds.
void BatchAnswer::set(const Record &record, std::string key) {
    if (keys_.size() < record.number) {
        keys_.resize(record.number, "null");
        errors_.resize(record.number);
    }
    keys_[record.number - 1] = std::move(key);
    errors_[record.number - 1].clear();
}

void BatchAnswer::rejected(const Record &record, std::span<const RowError> errors) {
    set(record, "null");
    std::string &json = errors_[record.number - 1];
    for (const RowError &error : errors) {
        if (!json.empty()) json += ", ";
        append_error(json, record.number - 1, error);
    }
}

void BatchAnswer::append_error(std::string &json, uint64_t index, const RowError &error) const {
    const bool names_one = error.column >= 0 ||
                           std::ranges::find(columns_, error.column_name) != columns_.end() ||
                           (error.cls == ErrorClass::structure && !error.column_name.empty());
    constexpr size_t usual_error = 320;
    json.reserve(json.size() + usual_error + 2 * error.message.size());
    json += "{";
    if (!name_.empty()) {
        json += "\"table\": ";
        append_json_string(json, name_);
        json += ", ";
    }
    const std::string place = std::to_string(index);
    json += "\"index\": ";
    json += place;
    json += ", \"pointer\": ";
    append_json_string(json, pointer_ + "/" + place + (names_one ? pointer_part(error.column_name) : ""));
    json += ", \"column\": ";
    append_text_or_null(json, error.column_name, error.column_name.empty());
    json += ", \"code\": ";
    append_json_string(json, class_name(error.cls));
    json += ", \"sqlstate\": ";
    append_json_string(json, error.sqlstate);
    json += ", \"constraint\": ";
    append_text_or_null(json, error.constraint, error.constraint.empty());
    json += ", \"value\": ";
    append_text_or_null(json, error.value ? *error.value : std::string_view(), !error.value);
    json += ", \"message\": ";
    append_json_string(json, error.message);
    json += ", \"hint\": ";
    append_text_or_null(json, error.hint, error.hint.empty());
    json += "}";
}

size_t BatchAnswer::errors_size() const noexcept {
    size_t size = 0;
    for (const std::string &errors : errors_)
        if (!errors.empty()) size += errors.size() + 2;
    return size;
}

void BatchAnswer::append_errors(TextBuilder &json) const {
    for (const std::string &errors : errors_) {
        if (errors.empty()) continue;
        if (!json.ends_with('[')) json << ", ";
        json << errors;
    }
}

void BatchAnswer::append_keys(TextBuilder &json, const LoadReport &report) const {
    json << ", \"keys\": [";
    if (inserted_rows(report) > 0)
        for (size_t i = 0; i < keys_.size(); ++i) json << (i == 0 ? "" : ", ") << keys_[i];
    json << "]";
}

Datum answer_of(const TableOutcome &outcome, const std::string &mode, bool dry_run) {
    TextBuilder json = begin_answer(outcome.report, {&outcome, 1}, mode);
    append_load(json, outcome);
    append_request(json, mode, dry_run);
    append_counts(json, outcome.report);
    outcome.answer->append_keys(json, outcome.report);
    json << ", \"errors\": ";
    append_all_errors(json, {&outcome, 1});
    json << "}";
    return json.datum();
}

Datum answer_of_all(std::span<const TableOutcome> outcomes, const std::string &mode, bool dry_run) {
    const LoadReport total = total_of(outcomes);
    TextBuilder json = begin_answer(total, outcomes, mode);
    append_request(json, mode, dry_run);
    append_counts(json, total);
    json << ", \"tables\": {";
    for (const TableOutcome &outcome : outcomes) {
        json << (&outcome == outcomes.data() ? "" : ", ") << quoted(outcome.answer->name()) << ": {";
        append_load(json, outcome);
        append_counts(json, outcome.report);
        outcome.answer->append_keys(json, outcome.report);
        json << "}";
    }
    json << "}, \"errors\": ";
    append_all_errors(json, outcomes);
    json << "}";
    return json.datum();
}

}  // namespace ferry
