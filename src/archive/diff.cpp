// Implements diff.hpp. Both sides meet in one full join, which the server spills to disk; rows are compared
// by their binary image.
#include "archive/diff.hpp"

#include <algorithm>

#include "archive/origin.hpp"
#include "archive/restore.hpp"
#include "archive/table_shape.hpp"
#include "server/cursor.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// The two sides of a join: `backup` and `today` with these columns.
struct Sides {
    std::string backup, today;  // as FROM takes them
    std::vector<std::string> columns;
    std::vector<KeyColumn> key;  // empty where rows are known by all they hold
};

// A name that no column has.
std::string free_name(std::string name, const std::vector<std::string> &columns) {
    while (std::ranges::find(columns, name) != columns.end()) name += '_';
    return quote_identifier_text(name);
}

std::string list(const std::vector<std::string> &columns, const std::string &prefix) {
    std::string text;
    for (const std::string &column : columns)
        text += (text.empty() ? "" : ", ") + prefix + quote_identifier_text(column);
    return text;
}

// Columns of `s` or `t` as a JSON object, NULL where `here` is.
std::string json_of(const std::string &side, const std::vector<std::string> &columns,
                    const std::string &here) {
    const std::string row = free_name("row", columns);
    return "CASE WHEN " + side + "." + here + " IS NOT NULL THEN (SELECT pg_catalog.to_jsonb(" + row +
           ") FROM (SELECT " + list(columns, side + ".") + ") " + row + ") END::pg_catalog.text";
}

std::string key_json(const std::vector<KeyColumn> &key) {
    std::string items;
    std::vector<std::string> names;
    for (const KeyColumn &column : key) {
        names.push_back(column.name);
        const std::string name = quote_identifier_text(column.name);
        items += (items.empty() ? "" : ", ") + ("coalesce(s." + name + ", t." + name + ") AS " + name);
    }
    const std::string row = free_name("row", names);
    return "(SELECT pg_catalog.to_jsonb(" + row + ") FROM (SELECT " + items + ") " + row +
           ")::pg_catalog.text";
}

// Rows that are there several times are told apart by counting them.
std::string select_counted(const Sides &sides, const std::string &from, const std::string &here,
                           const std::string &image) {
    const std::string row = "ROW(" + list(sides.columns, "r.") + ")::pg_catalog.text";
    const std::string columns = list(sides.columns, "r.");
    return "(SELECT " + columns + (columns.empty() ? "" : ", ") + row + " AS " + image +
           ", pg_catalog.row_number() OVER (PARTITION BY " + row + ") AS " + here + " FROM " + from + " r)";
}

std::string select_plain(const Sides &sides, const std::string &from, const std::string &here) {
    return "(SELECT " + list(sides.columns, "r.") + ", true AS " + here + " FROM " + from + " r)";
}

std::string diff_query(const Sides &sides) {
    const std::string here = free_name("here", sides.columns), image = free_name("image", sides.columns);
    const auto side = [&](const std::string &from) {
        return sides.key.empty() ? select_counted(sides, from, here, image) : select_plain(sides, from, here);
    };
    std::string same, changed;
    for (const KeyColumn &column : sides.key) {
        const std::string name = quote_identifier_text(column.name);
        same += (same.empty() ? "" : " AND ") + ("t." + name + " " + column.equals + " s." + name);
    }
    if (sides.key.empty())
        same = "t." + image + " OPERATOR(pg_catalog.=) s." + image + " AND t." + here +
               " OPERATOR(pg_catalog.=) s." + here;
    else
        changed = " OR NOT ROW(" + list(sides.columns, "t.") +
                  ")::pg_catalog.record OPERATOR(pg_catalog.*=) ROW(" + list(sides.columns, "s.") +
                  ")::pg_catalog.record";
    return "SELECT CASE WHEN t." + here + " IS NULL THEN 'missing' WHEN s." + here +
           " IS NULL THEN 'surplus' ELSE 'changed' END::pg_catalog.text, " +
           (sides.key.empty() ? "NULL::pg_catalog.text" : key_json(sides.key)) + ", " +
           json_of("s", sides.columns, here) + ", " + json_of("t", sides.columns, here) + " FROM " +
           side(sides.backup) + " s FULL JOIN " + side(sides.today) + " t ON " + same + " WHERE s." + here +
           " IS NULL OR t." + here + " IS NULL" + changed;
}

void check_target(Relation rel, const Manifest &manifest) {
    require_rights(rel, ACL_SELECT);
    if (!may_read_files()) require_any_insert(rel);
    require_writable("ferry.diff_backup()");
    const std::string what = "cannot compare backup " + std::to_string(manifest.backup_id) +
                             " with table \"" + qualified_name(rel) + "\"";
    if (manifest.filtered)
        fail({Code::unsupported, what, "The backup was taken with row_security => 'filter'.", ""});
    if (row_security_applies(rel))
        fail({Code::unsupported, what + " where row-level security applies to you", "",
              "Do it as a role that bypasses row-level security."});
}

// The primary key, if all of it is compared.
std::vector<KeyColumn> known_key(Relation rel, const std::vector<std::string> &columns) {
    std::vector<KeyColumn> key = primary_key_columns(rel);
    const bool known = std::ranges::all_of(key, [&](const KeyColumn &column) {
        return std::ranges::find(columns, column.name) != columns.end();
    });
    return known ? key : std::vector<KeyColumn>();
}

void take_rows(const std::string &sql, const std::function<void(const DifferingRow &)> &take) {
    // Values look the same whatever the session's settings.
    OutputSettings settings;
    Cursor rows(sql);
    DifferingRow row(4);
    while (rows.next()) {
        for (int i = 0; i < 4; ++i) {
            auto &cell = row[static_cast<size_t>(i)];
            cell.reset();
            if (!rows.null(i)) cell = std::string(rows.bytes(i));
        }
        take(row);
    }
    rows.close();
    settings.restore();
}

}  // namespace

void diff_backup(const Manifest &manifest, const std::function<void(const DifferingRow &)> &take) {
    const Oid target = find_origin(manifest);
    if (!OidIsValid(target)) {
        fail({Code::undefined_table, "there is no table " + manifest.target + " in this database",
              "Backup " + std::to_string(manifest.backup_id) + " was taken of it in database \"" +
                  manifest.database + "\".",
              ""});
    }
    Relation rel = open_table(target, AccessShareLock);
    check_target(rel, manifest);
    Sides sides;
    sides.today = (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ") + qualified_name(rel);
    ServerError *error = in_subtransaction([&] {
        const Scratch scratch = load_scratch(rel, manifest);
        sides.backup = scratch.name;
        sides.columns = scratch.columns;
        sides.key = known_key(rel, scratch.columns);
        take_rows(diff_query(sides), take);
        return false;
    });
    if (error != nullptr) throw PgError{error};
    close_table(rel);
}

}  // namespace ferry
