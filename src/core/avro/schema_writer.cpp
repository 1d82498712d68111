// Implements the writing half of schema.hpp: a table as the JSON of an Avro record, and avro-c's opinion of
// it. The text is made here and nowhere else: avro-c's own writer would drop logical types and properties.
#include <avro.h>

#include <vector>

#include "core/avro/names.hpp"
#include "core/avro/schema.hpp"
#include "core/text.hpp"

namespace ferry::avro {
namespace {

struct Spelling {
    std::string_view type;
    std::string_view logical;  // empty for none
};

Spelling spell(Kind kind) noexcept {
    switch (kind) {
        case Kind::boolean:
            return {"boolean", ""};
        case Kind::int32:
            return {"int", ""};
        case Kind::int64:
            return {"long", ""};
        case Kind::float32:
            return {"float", ""};
        case Kind::float64:
            return {"double", ""};
        case Kind::bytes:
            return {"bytes", ""};
        case Kind::string:
            return {"string", ""};
        case Kind::uuid:
            return {"string", "uuid"};
        case Kind::date:
            return {"int", "date"};
        case Kind::time_micros:
            return {"long", "time-micros"};
        case Kind::timestamp_micros:
            return {"long", "timestamp-micros"};
        case Kind::local_timestamp_micros:
            return {"long", "local-timestamp-micros"};
        case Kind::decimal:
            return {"bytes", "decimal"};
    }
    return {"string", ""};
}

void append_pair(std::string &out, std::string_view key, std::string_view value) {
    append_json_string(out, key);
    out.push_back(':');
    append_json_string(out, value);
}

void append_base_type(std::string &out, const Column &column) {
    const Spelling spelling = spell(column.kind);
    if (spelling.logical.empty()) {
        append_json_string(out, spelling.type);
        return;
    }
    out.push_back('{');
    append_pair(out, "type", spelling.type);
    out.push_back(',');
    append_pair(out, "logicalType", spelling.logical);
    if (column.kind == Kind::decimal) {
        out += ",\"precision\":" + std::to_string(column.precision);
        out += ",\"scale\":" + std::to_string(column.scale);
    }
    out.push_back('}');
}

void append_type(std::string &out, const Column &column) {
    // A union may hold string only once (specification, "Unions"), and a uuid is a string.
    const bool is_string = column.kind == Kind::string || column.kind == Kind::uuid;
    const bool with_text = column.text_branch && !is_string;
    const bool is_union = !column.not_null || with_text;
    if (is_union) out.push_back('[');
    if (!column.not_null) out += "\"null\",";
    append_base_type(out, column);
    if (with_text) out += ",\"string\"";
    if (is_union) out.push_back(']');
}

void append_field(std::string &out, const Column &column, std::string_view name) {
    out.push_back('{');
    append_pair(out, "name", name);
    out += ",\"type\":";
    append_type(out, column);
    if (!column.not_null) out += ",\"default\":null";
    out.push_back(',');
    append_pair(out, "pg.name", column.name);
    out.push_back(',');
    append_pair(out, "pg.type", column.pg_type);
    out += ",\"pg.typmod\":" + std::to_string(column.typmod);
    if (!column.collation.empty()) {
        out.push_back(',');
        append_pair(out, "pg.collation", column.collation);
    }
    out += column.not_null ? ",\"pg.notnull\":true}" : ",\"pg.notnull\":false}";
}

}  // namespace

std::string schema_json(const Table &table) {
    std::vector<std::string_view> names;
    names.reserve(table.columns.size());
    for (const Column &column : table.columns) names.emplace_back(column.name);
    const std::vector<std::string> fields = sanitize_names(names);

    std::string out = "{";
    append_pair(out, "type", "record");
    out.push_back(',');
    append_pair(out, "name", sanitize_name(table.name));
    out.push_back(',');
    append_pair(out, "namespace", make_namespace(table.database, table.schema));
    out.push_back(',');
    append_pair(out, "pg.database", table.database);
    out.push_back(',');
    append_pair(out, "pg.schema", table.schema);
    out.push_back(',');
    append_pair(out, "pg.name", table.name);
    out += ",\"fields\":[";
    for (size_t i = 0; i < fields.size(); ++i) {
        if (i > 0) out.push_back(',');
        append_field(out, table.columns[i], fields[i]);
    }
    out += "]}";
    return out;
}

Status check_with_avro_c(std::string_view json) {
    avro_schema_t schema = nullptr;
    if (avro_schema_from_json_length(json.data(), json.size(), &schema) == 0) {
        avro_schema_decref(schema);
        return Done{};
    }
    // avro-c keeps its message in one static buffer: copy it at once.
    return Error{Code::internal, "avro-c does not accept the schema", avro_strerror(), {}, 0};
}

}  // namespace ferry::avro
