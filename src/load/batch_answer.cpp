// Implements batch_answer.hpp.
#include "load/batch_answer.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

void append_text_or_null(std::string &json, std::string_view text, bool null) {
    if (null)
        json += "null";
    else
        append_json_string(json, text);
}

std::string count_text(uint64_t count) {
    return std::to_string(count) + (count == 1 ? " row" : " rows");
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

uint64_t inserted_rows(const LoadReport &report) {
    return report.kept ? report.rows_loaded : 0;
}

BatchAnswer::BatchAnswer(Relation rel, std::vector<std::string> columns, std::string name)
    : name_(std::move(name)),
      pointer_(name_.empty() ? "" : pointer_part(name_)),
      columns_(std::move(columns)) {
    for (const AttrNumber number : primary_key(rel)) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), number - 1);
        const Oid type = attribute->atttypid;
        key_.push_back({NameStr(attribute->attname), number - 1, type,
                        type == INT2OID || type == INT4OID || type == INT8OID});
    }
}

void BatchAnswer::loaded(const Record &record, TupleTableSlot *slot) {
    std::string json;
    for (const KeyColumn &column : key_) {
        if (slot->tts_isnull[column.attribute]) continue;
        const char *text = pg_call([&] {
            Oid function;
            bool varlena;
            getTypeOutputInfo(column.type, &function, &varlena);
            return OidOutputFunctionCall(function, slot->tts_values[column.attribute]);
        });
        if (key_.size() > 1) {
            json += json.empty() ? "{" : ", ";
            append_json_string(json, column.name);
            json += ": ";
        }
        if (column.number)
            json += text;
        else
            append_json_string(json, text);
    }
    if (key_.size() > 1 && !json.empty()) json += "}";
    set_key(record, json.empty() ? "null" : json);
}

// What was said of the row before no longer holds.
void BatchAnswer::set_key(const Record &record, std::string json) {
    keys_.resize(std::max<size_t>(keys_.size(), record.number), "null");
    keys_[record.number - 1] = std::move(json);
    errors_.erase(record.number);
}

void BatchAnswer::rejected(const Record &record, std::span<const RowError> errors) {
    set_key(record, "null");
    for (const RowError &error : errors)
        errors_[record.number].push_back(error_json(record.number - 1, error));
}

std::string BatchAnswer::error_json(uint64_t index, const RowError &error) const {
    const bool names_one = error.column >= 0 ||
                           std::ranges::find(columns_, error.column_name) != columns_.end() ||
                           (error.cls == ErrorClass::structure && !error.column_name.empty());
    std::string json = "{";
    if (!name_.empty()) {
        json += "\"table\": ";
        append_json_string(json, name_);
        json += ", ";
    }
    json += "\"index\": " + std::to_string(index) + ", \"pointer\": ";
    append_json_string(
        json, pointer_ + "/" + std::to_string(index) + (names_one ? pointer_part(error.column_name) : ""));
    json += ", \"column\": ";
    append_text_or_null(json, error.column_name, error.column_name.empty());
    json += ", \"code\": ";
    append_json_string(json, class_name(error.cls));
    json += ", \"sqlstate\": ";
    append_json_string(json, error.sqlstate);
    json += ", \"constraint\": ";
    append_text_or_null(json, error.constraint, error.constraint.empty());
    json += ", \"value\": ";
    append_text_or_null(json, error.value.value_or(""), !error.value);
    json += ", \"message\": ";
    append_json_string(json, error.message);
    json += ", \"hint\": ";
    append_text_or_null(json, error.hint, error.hint.empty());
    return json + "}";
}

void BatchAnswer::append_errors(std::string &json) const {
    for (const auto &[number, texts] : errors_) {
        for (const std::string &text : texts) {
            if (!json.ends_with('[')) json += ", ";
            json += text;
        }
    }
}

void BatchAnswer::append_keys(std::string &json, const LoadReport &report) const {
    json += ", \"keys\": [";
    if (inserted_rows(report) > 0)
        for (size_t i = 0; i < keys_.size(); ++i) json += (i == 0 ? "" : ", ") + keys_[i];
    json += "]";
}

void BatchAnswer::append_table(std::string &json, const LoadReport &report, const std::string &table) const {
    append_json_string(json, name_);
    json += ": {\"load\": " + std::to_string(report.load_id) + ", \"table\": ";
    append_json_string(json, table);
    json += ", \"received\": " + std::to_string(report.rows_read);
    json += ", \"inserted\": " + std::to_string(inserted_rows(report));
    json += ", \"rejected\": " + std::to_string(report.rows_rejected);
    append_keys(json, report);
    json += "}";
}

std::string refusal_json(const LoadReport &total, const std::string &errors, const std::string &mode) {
    if (inserted_rows(total) > 0 || total.rows_rejected == 0) return {};
    std::string json = "\"code\": \"BATCH_INVALID\", \"message\": ";
    append_json_string(json, std::to_string(total.rows_rejected) + " of " + count_text(total.rows_read) +
                                 (total.rows_rejected == 1 ? " is" : " are") +
                                 " not valid, nothing was inserted");
    json += ", \"details\": " + errors + ", \"hint\": ";
    json += mode == "atomic" && total.rows_rejected < total.rows_read
                ? "\"Mend these rows, or send the batch with mode partial to insert the others.\""
                : "null";
    return json + ", ";
}

std::string BatchAnswer::json(const LoadReport &report, const std::string &table, const std::string &mode,
                              bool dry_run) const {
    std::string errors = "[";
    append_errors(errors);
    errors += "]";
    std::string json = "{" + refusal_json(report, errors, mode);
    json += "\"load\": " + std::to_string(report.load_id) + ", \"table\": ";
    append_json_string(json, table);
    json += ", \"mode\": ";
    append_json_string(json, mode);
    json += std::string(", \"dry_run\": ") + (dry_run ? "true" : "false");
    json += ", \"received\": " + std::to_string(report.rows_read);
    json += ", \"inserted\": " + std::to_string(inserted_rows(report));
    json += ", \"rejected\": " + std::to_string(report.rows_rejected);
    append_keys(json, report);
    return json + ", \"errors\": " + errors + "}";
}

}  // namespace ferry
