// Implements match.hpp.
#include "archive/match.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "load/column_plan.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// How a field of the file is called: by us with the column's own name, by others with the field's.
const std::string &column_name_of(const avro::SchemaField &field) {
    const auto own = field.properties.find("pg.name");
    return own != field.properties.end() ? own->second : field.name;
}

bool is_generated(Relation rel, const std::string &name) {
    for (int i = 0; i < RelationGetDescr(rel)->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), i);
        if (!attribute->attisdropped && name == NameStr(attribute->attname))
            return attribute->attgenerated != '\0';
    }
    return false;
}

[[noreturn]] void fail_parts() {
    fail({Code::schema_mismatch, "the parts of the backup do not have the same fields"});
}

}  // namespace

void match_columns(const avro::Schema &schema, Relation rel, Match &match) {
    if (schema.top().type != avro::Type::record)
        fail({Code::schema_mismatch, "the Avro file does not hold records"});
    const std::vector<std::string> columns = loadable_columns(rel);
    std::vector<int> &mapping = match.mappings.emplace_back();
    const bool first = match.mappings.size() == 1;
    for (const avro::SchemaField &field : schema.top().fields) {
        const std::string &name = column_name_of(field);
        auto column = std::ranges::find(columns, name);
        if (column == columns.end())
            column = std::ranges::find_if(columns,
                                          [&](const std::string &c) { return equal_ignoring_case(c, name); });
        if (column == columns.end() && is_generated(rel, name)) {
            mapping.push_back(-1);
            continue;
        }
        if (column == columns.end()) {
            fail({Code::schema_mismatch, "field \"" + field.name +
                                             "\" of the Avro file has no column in table \"" +
                                             qualified_name(rel) + "\""});
        }
        const auto known = std::ranges::find(match.columns, *column);
        const auto place = static_cast<int>(known - match.columns.begin());
        if (std::ranges::find(mapping, place) != mapping.end())
            fail({Code::schema_mismatch, "two fields of the Avro file belong to column \"" + *column + "\""});
        if (known == match.columns.end()) {
            if (!first) fail_parts();
            match.columns.push_back(*column);
        }
        mapping.push_back(place);
    }
    if (static_cast<size_t>(std::ranges::count_if(mapping, [](int m) { return m >= 0; })) !=
        match.columns.size())
        fail_parts();
}

}  // namespace ferry
