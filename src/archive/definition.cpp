// Implements definition.hpp. A manifest is a file, so its texts are put together to one CREATE TABLE and held
// against the server's grammar: whatever they say, they say no more than that.
#include "archive/definition.hpp"

#include <optional>
#include <vector>

#include <simdjson.h>

#include "archive/table_shape.hpp"
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
    "'sequence', (SELECT pg_catalog.format('START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s "
    "%s', s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, "
    "CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END) "
    "FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_depend d "
    "ON d.objid OPERATOR(pg_catalog.=) s.seqrelid "
    "WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass "
    "AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass "
    "AND d.refobjid OPERATOR(pg_catalog.=) $1 AND d.refobjsubid OPERATOR(pg_catalog.=) a.attnum "
    "AND d.deptype OPERATOR(pg_catalog.=) 'i'), "
    "'serial', a.attidentity OPERATOR(pg_catalog.=) '' AND EXISTS (SELECT FROM pg_catalog.pg_depend d "
    "WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass "
    "AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass "
    "AND d.refobjid OPERATOR(pg_catalog.=) $1 AND d.refobjsubid OPERATOR(pg_catalog.=) a.attnum "
    "AND d.deptype OPERATOR(pg_catalog.=) 'a' AND EXISTS (SELECT FROM pg_catalog.pg_depend u "
    "WHERE u.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass "
    "AND u.objid OPERATOR(pg_catalog.=) f.oid AND u.refobjid OPERATOR(pg_catalog.=) d.objid)), "
    "'generated', CASE a.attgenerated WHEN 's' THEN 'STORED' WHEN 'v' THEN 'VIRTUAL' END, "
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

// How pg_get_constraintdef() ends for a constraint that older rows need not meet.
constexpr std::string_view not_valid = " NOT VALID";

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
        return text + " GENERATED " + (*identity == "ALWAYS" ? "ALWAYS" : "BY DEFAULT") + " AS IDENTITY (" +
               need(column, "sequence") + ")";
    const auto expression = text_of(column, "default");
    if (!expression || serial) return text;
    if (const auto generated = text_of(column, "generated"))
        return text + " GENERATED ALWAYS AS (" + *expression + ") " +
               (*generated == "VIRTUAL" ? "VIRTUAL" : "STORED");
    return text + " DEFAULT " + *expression;
}

// Names of constraints with an index are the server's to choose: those are taken where the original is.
std::string constraint_text(Object constraint) {
    const auto name = text_of(constraint, "name");
    return (name ? "CONSTRAINT " + quote_identifier_text(*name) + " " : "") + need(constraint, "definition");
}

struct Definition {
    std::vector<std::string> parts;     // of CREATE TABLE, between its commas
    std::vector<std::string> later;     // constraints that the rows need not meet
    int columns = 0;                    // how many of them are columns
    std::vector<std::string> comments;  // COMMENT ON … IS …
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
        ++definition.columns;
        if (const auto comment = text_of(column, "comment"))
            definition.comments.push_back(comment_text(
                "COLUMN " + table + "." + quote_identifier_text(need(column, "name")), *comment));
    }
    for (const simdjson::dom::element element : constraints) {
        Object constraint;
        if (element.get(constraint) != simdjson::SUCCESS) refuse();
        std::string text = constraint_text(constraint);
        (text.ends_with(not_valid) ? definition.later : definition.parts).push_back(std::move(text));
    }
    return definition;
}

// These two call the server. What belongs to a column says nothing of other tables, and a table has no
// constraint that does.
bool is_own_constraint(const Node *node) {
    return IsA(node, Constraint) && reinterpret_cast<const Constraint *>(node)->contype != CONSTR_FOREIGN;
}

// True for one CREATE TABLE with so many columns and constraints and nothing else that its grammar has.
bool is_plain_create_table(const char *sql, int columns, int parts) {
    List *statements = compat::parse_sql(sql);
    if (list_length(statements) != 1) return false;
    const Node *statement = linitial_node(RawStmt, statements)->stmt;
    if (!IsA(statement, CreateStmt)) return false;
    const auto *create = reinterpret_cast<const CreateStmt *>(statement);
    if (create->inhRelations != NIL || create->partbound != nullptr || create->partspec != nullptr ||
        create->ofTypename != nullptr || create->options != NIL || create->tablespacename != nullptr ||
        create->accessMethod != nullptr || create->oncommit != ONCOMMIT_NOOP)
        return false;
    ListCell *cell, *inner;
    foreach (cell, create->tableElts) {
        const auto *part = static_cast<const Node *>(lfirst(cell));
        --parts;
        if (!IsA(part, ColumnDef)) {
            if (!is_own_constraint(part)) return false;
            continue;
        }
        --columns;
        foreach (inner, reinterpret_cast<const ColumnDef *>(part)->constraints)
            if (!is_own_constraint(static_cast<const Node *>(lfirst(inner)))) return false;
    }
    return columns == 0 && parts == 0;
}

// True for one ALTER TABLE that adds a CHECK constraint, does not look at the rows, and does nothing else.
bool is_plain_add_check(const char *sql) {
    List *statements = compat::parse_sql(sql);
    if (list_length(statements) != 1) return false;
    const Node *statement = linitial_node(RawStmt, statements)->stmt;
    if (!IsA(statement, AlterTableStmt)) return false;
    List *commands = reinterpret_cast<const AlterTableStmt *>(statement)->cmds;
    if (list_length(commands) != 1) return false;
    const auto *command = linitial_node(AlterTableCmd, commands);
    if (command->subtype != AT_AddConstraint || !IsA(command->def, Constraint)) return false;
    const auto *constraint = reinterpret_cast<const Constraint *>(command->def);
    return constraint->contype == CONSTR_CHECK && constraint->skip_validation;
}

// The name as it was given, each part quoted, with the schema that CREATE TABLE would choose here.
std::string place_table(const std::string &name) {
    const char *const text = name.c_str();
    return pg_call([&] {
        const RangeVar *parts = makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(text)));
        return quote_qualified_identifier(get_namespace_name(RangeVarGetCreationNamespace(parts)),
                                          parts->relname);
    });
}

void create_table(const Definition &definition, const std::string &table) {
    std::string sql = "CREATE TABLE " + table + " (";
    for (const std::string &part : definition.parts) sql += (sql.back() == '(' ? "" : ", ") + part;
    sql += ")";
    const char *const text = sql.c_str();
    const auto parts = static_cast<int>(definition.parts.size());
    if (!pg_call([&] { return is_plain_create_table(text, definition.columns, parts); })) refuse();
    execute(sql);
    for (const std::string &comment : definition.comments) execute(comment);
}

}  // namespace

std::string describe_definition(Oid table) {
    const SqlArgument arguments[] = {oid_argument(table)};
    OutputSettings settings;
    const std::vector<TextRow> rows = query(definition_sql, arguments);
    settings.restore();
    return rows.at(0).at(0).value_or("{}");
}

// In CREATE TABLE a constraint that is not valid would be asked for every row, so it has a statement of its
// own.
std::vector<std::string> add_checks(const Definition &definition, const std::string &table) {
    std::vector<std::string> statements;
    for (const std::string &constraint : definition.later) {
        const std::string sql = "ALTER TABLE " + table + " ADD " + constraint;
        const char *const text = sql.c_str();
        if (!pg_call([&] { return is_plain_add_check(text); })) refuse();
        statements.push_back(sql);
    }
    return statements;
}

// Names mean what they meant when they were written: under the same settings.
MadeTable create_from_definition(const Manifest &manifest, const std::string &name) {
    if (manifest.definition.empty()) {
        fail({Code::unsupported,
              "backup " + std::to_string(manifest.backup_id) + " does not hold the definition of its table",
              "", "Make the table by hand and restore into it."});
    }
    const std::string table = place_table(name);
    OutputSettings settings;
    const Definition definition = read_definition(manifest.definition, table);
    MadeTable made{InvalidOid, add_checks(definition, table)};
    create_table(definition, table);
    settings.restore();
    const char *const quoted = table.c_str();
    made.table =
        pg_call([&] { return DatumGetObjectId(DirectFunctionCall1(regclassin, CStringGetDatum(quoted))); });
    return made;
}

void complete_from_definition(const MadeTable &made) {
    OutputSettings settings;
    for (const std::string &statement : made.later) execute(statement);
    settings.restore();
}

}  // namespace ferry
