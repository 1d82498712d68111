// Implements the writing half of schema.hpp: a table as the JSON of an Avro record, and avro-c's opinion of
// it. The text is made here and nowhere else: avro-c's own writer would drop logical types and properties.
#include <avro.h>

#include <map>
#include <unordered_set>
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
        case Kind::array:
        case Kind::record:
            break;
    }
    return {"string", ""};
}

void append_pair(std::string &out, std::string_view key, std::string_view value) {
    append_json_string(out, key);
    out.push_back(':');
    append_json_string(out, value);
}

void append_scalar_type(std::string &out, const Column &column) {
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

// The labels of the enum that the column, or the items of an array, are of.
const std::vector<std::string> &labels_of(const Column &column) {
    return column.kind == Kind::array ? labels_of(column.parts[0]) : column.labels;
}

void append_properties(std::string &out, const Column &column) {
    append_pair(out, "pg.name", column.name);
    out.push_back(',');
    append_pair(out, "pg.type", column.pg_type);
    out += ",\"pg.typmod\":" + std::to_string(column.typmod);
    if (!column.domain.empty()) {
        out.push_back(',');
        append_pair(out, "pg.domain", column.domain);
    }
    if (!column.collation.empty()) {
        out.push_back(',');
        append_pair(out, "pg.collation", column.collation);
    }
    if (const auto &labels = labels_of(column); !labels.empty()) {
        out += ",\"pg.enum\":[";
        for (const std::string &label : labels) {
            append_json_string(out, label);
            out.push_back(',');
        }
        out.back() = ']';
    }
    out += column.not_null ? ",\"pg.notnull\":true" : ",\"pg.notnull\":false";
}

// Writes one schema. A record is defined where it comes first, and called by its name from then on.
class SchemaWriter {
  public:
    explicit SchemaWriter(const Table &table) : database_(table.database) {
        (void)name_record(table.schema, table.name);
    }

    std::string write(const Table &table) {
        out_ = "{";
        append_pair(out_, "type", "record");
        out_.push_back(',');
        append_pair(out_, "name", sanitize_name(table.name));
        out_.push_back(',');
        append_pair(out_, "namespace", make_namespace(table.database, table.schema));
        out_.push_back(',');
        append_pair(out_, "pg.database", table.database);
        out_.push_back(',');
        append_pair(out_, "pg.schema", table.schema);
        out_.push_back(',');
        append_pair(out_, "pg.name", table.name);
        append_fields(table.columns);
        out_.push_back('}');
        return std::move(out_);
    }

  private:
    void append_fields(const std::vector<Column> &columns) {
        std::vector<std::string_view> names;
        names.reserve(columns.size());
        for (const Column &column : columns) names.emplace_back(column.name);
        const std::vector<std::string> fields = sanitize_names(names);
        out_ += ",\"fields\":[";
        for (size_t i = 0; i < fields.size(); ++i) {
            if (i > 0) out_.push_back(',');
            append_field(columns[i], fields[i]);
        }
        out_.push_back(']');
    }

    void append_field(const Column &column, std::string_view name) {
        out_.push_back('{');
        append_pair(out_, "name", name);
        out_ += ",\"type\":";
        append_type(column);
        if (!column.not_null) out_ += ",\"default\":null";
        // The parts of an interval are nothing of PostgreSQL's.
        if (!column.pg_type.empty()) {
            out_.push_back(',');
            append_properties(out_, column);
        }
        out_.push_back('}');
    }

    void append_type(const Column &column) {
        // A union may hold string only once (specification, "Unions"), and a uuid is a string.
        const bool is_string = column.kind == Kind::string || column.kind == Kind::uuid;
        const bool with_text = column.text_branch && !is_string;
        const bool is_union = !column.not_null || with_text;
        if (is_union) out_.push_back('[');
        if (!column.not_null) out_ += "\"null\",";
        if (column.kind == Kind::array)
            append_array(column);
        else if (column.kind == Kind::record)
            append_record(column);
        else
            append_scalar_type(out_, column);
        if (with_text) out_ += ",\"string\"";
        if (is_union) out_.push_back(']');
    }

    void append_array(const Column &column) {
        out_ += "{\"type\":\"array\",\"items\":";
        append_type(column.parts[0]);
        out_.push_back('}');
    }

    void append_record(const Column &column) {
        const auto key = std::pair(column.record_schema, column.record_name);
        if (const auto known = records_.find(key); known != records_.end()) {
            append_json_string(out_, known->second);
            return;
        }
        const std::string space = make_namespace(database_, column.record_schema);
        const std::string name = name_record(column.record_schema, column.record_name);
        records_.emplace(key, space + "." + name);
        out_.push_back('{');
        append_pair(out_, "type", "record");
        out_.push_back(',');
        append_pair(out_, "name", name);
        out_.push_back(',');
        append_pair(out_, "namespace", space);
        out_.push_back(',');
        append_pair(out_, "pg.type", column.pg_type);
        append_fields(column.parts);
        out_.push_back('}');
    }

    // A name that no other record of the file has, even where case is ignored.
    std::string name_record(const std::string &schema, const std::string &name) {
        const std::string base = sanitize_name(name);
        std::string candidate = base;
        for (size_t n = 2; !taken_.insert(fold(make_namespace(database_, schema) + "." + candidate)).second;
             ++n)
            candidate = base + "_" + std::to_string(n);
        return candidate;
    }

    std::string database_, out_;
    std::map<std::pair<std::string, std::string>, std::string> records_;  // full names by SQL names
    std::unordered_set<std::string> taken_;                               // full names, folded
};

}  // namespace

std::string schema_json(const Table &table) {
    return SchemaWriter(table).write(table);
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
