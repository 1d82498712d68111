// Implements definition.hpp. A manifest is a file, so its texts are put together to one CREATE TABLE and held
// against the server's grammar: whatever they say, they say no more than that.
#include "archive/definition.hpp"

#include <optional>
#include <vector>

#include <simdjson.h>

#include "server/compat.hpp"
#include "server/relation.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

// A serial column is one whose default takes the next value of a sequence that it owns.
constexpr const char *definition_sql =
    "SELECT pg_catalog.json_build_object("
    "'comment', pg_catalog.obj_description($1, 'pg_class'), "
    "'columns', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object("
    "'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod), "
    "'collation', CASE WHEN a.attcollation OPERATOR(pg_catalog.<>) t.typcollation THEN "
    "(SELECT pg_catalog.format('%I.%I', n.nspname, c.collname) FROM pg_catalog.pg_collation c "
    "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.collnamespace "
    "WHERE c.oid OPERATOR(pg_catalog.=) a.attcollation) END, "
    "'not_null', a.attnotnull, "
    "'identity', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END, "
    "'serial', a.attidentity OPERATOR(pg_catalog.=) '' AND EXISTS (SELECT FROM pg_catalog.pg_depend d "
    "WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass "
    "AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass "
    "AND d.refobjid OPERATOR(pg_catalog.=) $1 AND d.refobjsubid OPERATOR(pg_catalog.=) a.attnum "
    "AND d.deptype OPERATOR(pg_catalog.=) 'a' AND EXISTS (SELECT FROM pg_catalog.pg_depend u "
    "WHERE u.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass "
    "AND u.objid OPERATOR(pg_catalog.=) f.oid AND u.refobjid OPERATOR(pg_catalog.=) d.objid)), "
    "'generated', a.attgenerated OPERATOR(pg_catalog.<>) '', "
    "'default', pg_catalog.pg_get_expr(f.adbin, f.adrelid), "
    "'comment', pg_catalog.col_description($1, a.attnum)) ORDER BY a.attnum), '[]') "
    "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid "
    "LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid OPERATOR(pg_catalog.=) a.attrelid "
    "AND f.adnum OPERATOR(pg_catalog.=) a.attnum "
    "WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT "
    "a.attisdropped), "
    "'constraints', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object("
    "'name', CASE c.contype WHEN 'c' THEN c.conname END, "
    "'definition', pg_catalog.pg_get_constraintdef(c.oid)) ORDER BY c.contype, c.conname), '[]') "
    "FROM pg_catalog.pg_constraint c WHERE c.conrelid OPERATOR(pg_catalog.=) $1 "
    "AND c.contype OPERATOR(pg_catalog.=) ANY (ARRAY['c', 'p', 'u', 'x']::pg_catalog.\"char\"[])))";

using Object = simdjson::dom::object;

std::optional<std::string> text_of(Object object, std::string_view key) {
    std::string_view text;
    if (object[key].get(text) != simdjson::SUCCESS) return std::nullopt;
    return std::string(text);
}

bool is_true(Object object, std::string_view key) {
    bool value = false;
    return object[key].get(value) == simdjson::SUCCESS && value;
}

[[noreturn]] void refuse() {
    fail({Code::corrupt_file, "the manifest has no table definition that can be read", "",
          "Make the table by hand and restore into it."});
}

std::string need(Object object, std::string_view key) {
    std::optional<std::string> text = text_of(object, key);
    if (!text) refuse();
    return *std::move(text);
}

// "serial" of the type's size.
std::string serial_of(const std::string &type) {
    if (type == "smallint") return "smallserial";
    return type == "bigint" ? "bigserial" : "serial";
}

std::string column_text(Object column) {
    const std::string type = need(column, "type");
    const bool serial = is_true(column, "serial");
    std::string text = quote_identifier_text(need(column, "name")) + " " + (serial ? serial_of(type) : type);
    if (const auto collation = text_of(column, "collation")) text += " COLLATE " + *collation;
    if (is_true(column, "not_null")) text += " NOT NULL";
    if (const auto identity = text_of(column, "identity"))
        return text + " GENERATED " + (*identity == "ALWAYS" ? "ALWAYS" : "BY DEFAULT") + " AS IDENTITY";
    const auto expression = text_of(column, "default");
    if (!expression || serial) return text;
    if (is_true(column, "generated")) return text + " GENERATED ALWAYS AS (" + *expression + ") STORED";
    return text + " DEFAULT " + *expression;
}

// Names of constraints with an index are the server's to choose: those are taken where the original is.
std::string constraint_text(Object constraint) {
    const auto name = text_of(constraint, "name");
    return (name ? "CONSTRAINT " + quote_identifier_text(*name) + " " : "") + need(constraint, "definition");
}

struct Definition {
    std::vector<std::string> parts;     // of CREATE TABLE, between its commas
    std::vector<std::string> comments;  // COMMENT ON … IS …, with %s for the table
};

std::string comment_text(const std::string &what, const std::string &text) {
    return "COMMENT ON " + what + " IS " + quote_literal_text(text);
}

// `table` is the new table's name, quoted.
Definition read_definition(const std::string &json, const std::string &table) {
    simdjson::dom::parser parser;
    Object object;
    simdjson::dom::array columns, constraints;
    if (parser.parse(json).get(object) != simdjson::SUCCESS ||
        object["columns"].get(columns) != simdjson::SUCCESS ||
        object["constraints"].get(constraints) != simdjson::SUCCESS)
        refuse();
    Definition definition;
    if (const auto comment = text_of(object, "comment"))
        definition.comments.push_back(comment_text("TABLE " + table, *comment));
    for (const simdjson::dom::element element : columns) {
        Object column;
        if (element.get(column) != simdjson::SUCCESS) refuse();
        definition.parts.push_back(column_text(column));
        if (const auto comment = text_of(column, "comment"))
            definition.comments.push_back(comment_text(
                "COLUMN " + table + "." + quote_identifier_text(need(column, "name")), *comment));
    }
    for (const simdjson::dom::element element : constraints) {
        Object constraint;
        if (element.get(constraint) != simdjson::SUCCESS) refuse();
        definition.parts.push_back(constraint_text(constraint));
    }
    return definition;
}

bool is_one_create_table(const char *sql) {
    List *statements = compat::parse_sql(sql);
    return list_length(statements) == 1 && IsA(linitial_node(RawStmt, statements)->stmt, CreateStmt);
}

// The name as it was given, each part quoted.
std::string quote_name(const std::string &name) {
    const char *const text = name.c_str();
    return pg_call([&] {
        const RangeVar *parts = makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(text)));
        return quote_qualified_identifier(parts->schemaname, parts->relname);
    });
}

}  // namespace

std::string describe_definition(Oid table) {
    const SqlArgument arguments[] = {oid_argument(table)};
    return query(definition_sql, arguments).at(0).at(0).value_or("{}");
}

Oid create_from_definition(const std::string &json, const std::string &name) {
    const std::string table = quote_name(name);
    const Definition definition = read_definition(json, table);
    std::string sql = "CREATE TABLE " + table + " (";
    for (const std::string &part : definition.parts) sql += (sql.back() == '(' ? "" : ", ") + part;
    sql += ")";
    const char *const text = sql.c_str();
    if (!pg_call([&] { return is_one_create_table(text); })) refuse();
    execute(sql);
    for (const std::string &comment : definition.comments) execute(comment);
    const char *const quoted = table.c_str();
    return pg_call(
        [&] { return DatumGetObjectId(DirectFunctionCall1(regclassin, CStringGetDatum(quoted))); });
}

}  // namespace ferry
