// Implements target_facts.hpp. Statements name every operator with its schema, so that no search path leads
// them astray.
#include "load/target_facts.hpp"

#include "server/sql.hpp"

namespace ferry {
namespace {

std::vector<TextRow> ask(const std::string &sql, Oid table, const std::string &name) {
    const std::vector<SqlArgument> arguments{{OIDOID, ObjectIdGetDatum(table)}, text_argument(name)};
    return query(sql, arguments);
}

}  // namespace

std::optional<ColumnFacts> column_facts(Oid table, const std::string &column) {
    const std::vector<TextRow> rows = ask(
        "SELECT pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.format_type(a.atttypid, NULL), "
        "t.typtype, t.typcategory, a.attnotnull, t.typnotnull, "
        "EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conrelid OPERATOR(pg_catalog.=) a.attrelid "
        "AND c.contype OPERATOR(pg_catalog.=) 'p' AND a.attnum OPERATOR(pg_catalog.=) ANY (c.conkey)), "
        "a.attidentity OPERATOR(pg_catalog.<>) '' OR EXISTS (SELECT FROM pg_catalog.pg_constraint c "
        "WHERE c.contype OPERATOR(pg_catalog.=) 'f' AND "
        "(c.conrelid OPERATOR(pg_catalog.=) a.attrelid AND a.attnum OPERATOR(pg_catalog.=) ANY (c.conkey) "
        "OR c.confrelid OPERATOR(pg_catalog.=) a.attrelid AND a.attnum OPERATOR(pg_catalog.=) ANY "
        "(c.confkey))) "
        "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid "
        "WHERE a.attrelid OPERATOR(pg_catalog.=) $1 "
        "AND a.attname::pg_catalog.text OPERATOR(pg_catalog.=) $2 "
        "AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped",
        table, column);
    if (rows.empty()) return std::nullopt;
    const TextRow &row = rows[0];
    return ColumnFacts{*row[0],       *row[1],       row[2]->front(), row[3]->front(),
                       row[4] == "t", row[5] == "t", row[6] == "t",   row[7] == "t"};
}

std::vector<std::string> enum_columns(Oid table) {
    const std::vector<SqlArgument> arguments{{OIDOID, ObjectIdGetDatum(table)}};
    std::vector<std::string> names;
    for (const TextRow &row :
         query("SELECT a.attname FROM pg_catalog.pg_attribute a "
               "JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid "
               "WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND t.typtype OPERATOR(pg_catalog.=) 'e'",
               arguments))
        names.push_back(*row[0]);
    return names;
}

namespace {

bool has_constraint(Oid table, const std::string &constraint, char type) {
    return !ask("SELECT c.conname FROM pg_catalog.pg_constraint c "
                "WHERE c.conrelid OPERATOR(pg_catalog.=) $1 AND c.contype OPERATOR(pg_catalog.=) '" +
                    std::string(1, type) + "' AND c.conname::pg_catalog.text OPERATOR(pg_catalog.=) $2",
                table, constraint)
                .empty();
}

}  // namespace

bool has_check(Oid table, const std::string &constraint) {
    return has_constraint(table, constraint, 'c');
}

bool is_primary_key(Oid table, const std::string &constraint) {
    return has_constraint(table, constraint, 'p');
}

std::optional<ParentFacts> parent_facts(Oid table, const std::string &foreign_key) {
    const std::vector<TextRow> rows =
        ask("SELECT pg_catalog.quote_ident(n.nspname) OPERATOR(pg_catalog.||) '.' "
            "OPERATOR(pg_catalog.||) pg_catalog.quote_ident(p.relname), "
            "(SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY k.position) "
            "FROM pg_catalog.unnest(c.confkey) WITH ORDINALITY k (number, position) "
            "JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.confrelid "
            "AND a.attnum OPERATOR(pg_catalog.=) k.number) "
            "FROM pg_catalog.pg_constraint c "
            "JOIN pg_catalog.pg_class p ON p.oid OPERATOR(pg_catalog.=) c.confrelid "
            "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.relnamespace "
            "WHERE c.conrelid OPERATOR(pg_catalog.=) $1 AND c.contype OPERATOR(pg_catalog.=) 'f' "
            "AND c.conname::pg_catalog.text OPERATOR(pg_catalog.=) $2",
            table, foreign_key);
    if (rows.empty()) return std::nullopt;
    return ParentFacts{*rows[0][0], rows[0][1].value_or("")};
}

}  // namespace ferry
