// Implements column_plan.hpp after CopyGetAttnums (PostgreSQL: src/backend/commands/copy.c).
#include "load/column_plan.hpp"

#include <algorithm>

#include "server/relation.hpp"

namespace ferry {
namespace {

bool loadable(const FormData_pg_attribute *attribute) {
    return !attribute->attisdropped && attribute->attgenerated == '\0';
}

Scanner scanner_for(Oid type) {
    switch (type) {
        case BOOLOID:
            return Scanner::boolean;
        case INT2OID:
            return Scanner::int2;
        case INT4OID:
            return Scanner::int4;
        case INT8OID:
            return Scanner::int8;
        case FLOAT4OID:
            return Scanner::float4;
        case FLOAT8OID:
            return Scanner::float8;
        case TEXTOID:
        case VARCHAROID:
            return Scanner::text;
        case DATEOID:
            return Scanner::date;
        case TIMEOID:
            return Scanner::time;
        case TIMESTAMPOID:
            return Scanner::timestamp;
        case TIMESTAMPTZOID:
            return Scanner::timestamptz;
        case UUIDOID:
            return Scanner::uuid;
        case BYTEAOID:
            return Scanner::bytea;
        default:
            return Scanner::none;
    }
}

bool is_timed(Scanner scanner) {
    return scanner == Scanner::time || scanner == Scanner::timestamp || scanner == Scanner::timestamptz;
}

// A time type with a precision rounds its fraction, which is the input function's business.
bool scanner_honours(Scanner scanner, int32 typmod) {
    return !is_timed(scanner) || typmod < 0;
}

JsonForm form_of(Oid type) {
    return pg_call([&] {
        const Oid base = getBaseType(type);
        switch (base) {
            case JSONOID:
            case JSONBOID:
                return JsonForm::any;
            case BOOLOID:
                return JsonForm::boolean;
            case INT2OID:
            case INT4OID:
            case INT8OID:
            case FLOAT4OID:
            case FLOAT8OID:
            case NUMERICOID:
            case OIDOID:
                return JsonForm::number;
            default:
                if (OidIsValid(get_element_type(base))) return JsonForm::array;
                return type_is_rowtype(base) ? JsonForm::object : JsonForm::string;
        }
    });
}

PlannedColumn plan_column(const FormData_pg_attribute *attribute) {
    PlannedColumn column{};
    column.number = attribute->attnum;
    column.name = NameStr(attribute->attname);
    column.type = attribute->atttypid;
    column.typmod = attribute->atttypmod;
    column.type_name = type_text(column.type, column.typmod);
    column.scanner = scanner_for(column.type);
    column.units = column.scanner;
    column.precision = is_timed(column.scanner) ? column.typmod : -1;
    column.domain = pg_call([&] { return get_typtype(column.type) == TYPTYPE_DOMAIN; });
    if (column.domain) column.base = scanner_for(pg_call([&] { return getBaseType(column.type); }));
    column.base_bytea = pg_call([&] { return getBaseType(column.type) == BYTEAOID; });
    if (!scanner_honours(column.scanner, column.typmod)) column.scanner = Scanner::none;
    column.max_length = column.scanner == Scanner::text && column.typmod >= 0
                            ? column.typmod - static_cast<int32>(VARHDRSZ)
                            : -1;
    column.form = form_of(column.type);
    column.json = column.form == JsonForm::any;
    pg_call([&] {
        Oid function;
        getTypeInputInfo(column.type, &function, &column.input_parameter);
        column.input = static_cast<FmgrInfo *>(palloc0(sizeof(FmgrInfo)));
        fmgr_info(function, column.input);
    });
    return column;
}

const FormData_pg_attribute *find_attribute(TupleDesc descriptor, const std::string &name) {
    for (int i = 0; i < descriptor->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(descriptor, i);
        if (!attribute->attisdropped && name == NameStr(attribute->attname)) return attribute;
    }
    return nullptr;
}

const FormData_pg_attribute *require_attribute(Relation rel, const std::string &name) {
    const FormData_pg_attribute *attribute = find_attribute(RelationGetDescr(rel), name);
    if (attribute == nullptr) {
        fail({Code::unknown_key,
              "column \"" + name + "\" of table \"" + qualified_name(rel) + "\" does not exist", "", ""});
    }
    if (attribute->attgenerated != '\0') {
        fail({Code::invalid_column, "column \"" + name + "\" is a generated column",
              "Generated columns cannot be loaded.", ""});
    }
    return attribute;
}

}  // namespace

std::vector<std::string> loadable_columns(Relation rel) {
    std::vector<std::string> names;
    for (int i = 0; i < RelationGetDescr(rel)->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), i);
        if (loadable(attribute)) names.emplace_back(NameStr(attribute->attname));
    }
    return names;
}

std::vector<std::string> generated_columns(Relation rel) {
    std::vector<std::string> names;
    for (int i = 0; i < RelationGetDescr(rel)->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), i);
        if (!attribute->attisdropped && attribute->attgenerated != '\0')
            names.emplace_back(NameStr(attribute->attname));
    }
    return names;
}

std::vector<PlannedColumn> plan_columns(Relation rel, std::span<const std::string> names) {
    std::vector<std::string> all;
    if (names.empty()) {
        all = loadable_columns(rel);
        names = all;
    }
    std::vector<PlannedColumn> columns;
    for (const std::string &name : names) {
        const FormData_pg_attribute *attribute = require_attribute(rel, name);
        if (std::ranges::any_of(columns,
                                [&](const PlannedColumn &c) { return c.number == attribute->attnum; }))
            fail({Code::duplicate_key, "column \"" + name + "\" specified more than once", "", ""});
        columns.push_back(plan_column(attribute));
    }
    return columns;
}

std::vector<AttrNumber> column_numbers(std::span<const PlannedColumn> columns) {
    std::vector<AttrNumber> numbers;
    for (const PlannedColumn &column : columns) numbers.push_back(column.number);
    return numbers;
}

}  // namespace ferry
