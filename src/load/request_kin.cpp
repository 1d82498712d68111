// Implements request_kin.hpp. Keys are compared as they are written, because a refused row has no values.
#include "load/request_kin.hpp"

#include <algorithm>

#include "core/json/scanner.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

constexpr const char *bonds_sql =
    "SELECT c.conrelid::pg_catalog.int8, c.confrelid::pg_catalog.int8, c.conname, a.attname, r.attname, "
    "c.condeferred "
    "FROM pg_catalog.pg_constraint c "
    "CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(c.conkey), pg_catalog.unnest(c.confkey)) "
    "WITH ORDINALITY k (own, other, ordinal) "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.conrelid "
    "AND a.attnum OPERATOR(pg_catalog.=) k.own "
    "JOIN pg_catalog.pg_attribute r ON r.attrelid OPERATOR(pg_catalog.=) c.confrelid "
    "AND r.attnum OPERATOR(pg_catalog.=) k.other "
    "WHERE c.contype OPERATOR(pg_catalog.=) 'f' AND c.conrelid OPERATOR(pg_catalog.=) ANY ($1) "
    "AND c.confrelid OPERATOR(pg_catalog.=) ANY ($1) ORDER BY c.oid, k.ordinal";

// A string without its quotes and escapes.
std::optional<std::string> plain_text(std::string_view token) {
    const std::string_view inside = token.substr(1, token.size() - 2);
    std::string text(inside.size(), '\0');
    size_t size = 0;
    if (json::unescape(inside, text.data(), size) != json::Escapes::fine) return std::nullopt;
    text.resize(size);
    return text;
}

// The values of these members, each with its length before it; nothing when one is missing or null.
std::optional<std::string> key_of(std::string_view row, const std::vector<std::string> &columns) {
    const Result<std::vector<json::Member>> members = json::object_members(row);
    if (!members) return std::nullopt;
    std::vector<std::optional<std::string>> values(columns.size());
    for (const json::Member &member : *members) {
        const auto name = plain_text(row.substr(member.key.offset, member.key.size));
        const auto column = name ? std::ranges::find(columns, *name) : columns.end();
        if (column == columns.end()) continue;
        const std::string_view token = row.substr(member.value.offset, member.value.size);
        std::optional<std::string> &value = values[static_cast<size_t>(column - columns.begin())];
        if (token.starts_with('"'))
            value = plain_text(token);
        else if (token == "null")
            value.reset();
        else
            value = token;
    }
    std::string key;
    for (const auto &value : values) {
        if (!value) return std::nullopt;
        key += std::to_string(value->size()) + ":" + *value;
    }
    return key;
}

}  // namespace

RequestKin::RequestKin(std::span<const Oid> tables) : tables_(tables.begin(), tables.end()) {
    const auto position = [&](const std::string &oid) {
        return static_cast<size_t>(std::ranges::find(tables, static_cast<Oid>(std::stoul(oid))) -
                                   tables.begin());
    };
    const SqlArgument arguments[] = {oid_array_argument(tables)};
    for (const TextRow &row : query(bonds_sql, arguments)) {
        const size_t child = position(*row[0]), parent = position(*row[1]);
        if (bonds_.empty() || bonds_.back().constraint != *row[2] || bonds_.back().child != child)
            bonds_.push_back({child, parent, *row[2], row[5] == "t", {}, {}, {}});
        bonds_.back().columns.push_back(*row[3]);
        bonds_.back().referenced.push_back(*row[4]);
    }
}

// The table and those that have to come before it and are not placed yet.
size_t RequestKin::count_family(size_t table, const std::vector<bool> &placed) const {
    std::vector<bool> known = placed;
    std::vector<size_t> open{table};
    known[table] = true;
    size_t count = 1;
    while (!open.empty()) {
        const size_t child = open.back();
        open.pop_back();
        for (const Bond &bond : bonds_) {
            if (bond.child != child || known[bond.parent]) continue;
            known[bond.parent] = true;
            open.push_back(bond.parent);
            ++count;
        }
    }
    return count;
}

bool RequestKin::waits(size_t table, const std::vector<bool> &placed, bool deferred_too) const {
    return std::ranges::any_of(bonds_, [&](const Bond &bond) {
        return bond.child == table && bond.parent != table && !placed[bond.parent] &&
               (deferred_too || !bond.deferred);
    });
}

// The next one that waits for none, by its number. Where all wait, those in a circle that waits for no other
// have the smallest family: of these the first whose keys are checked later, or else the first.
size_t RequestKin::next_table(const std::vector<bool> &placed) const {
    const size_t none = tables_.size();
    size_t next = none;
    for (size_t table = 0; table < none; ++table)
        if (!placed[table] && (next == none || tables_[table] < tables_[next]) && !waits(table, placed, true))
            next = table;
    if (next != none) return next;
    std::pair<size_t, bool> best{SIZE_MAX, true};
    for (size_t table = 0; table < none; ++table) {
        if (placed[table]) continue;
        check_interrupts();
        const std::pair found{count_family(table, placed), waits(table, placed, false)};
        if (found >= best) continue;
        best = found;
        next = table;
    }
    return next;
}

std::vector<size_t> RequestKin::order() const {
    std::vector<size_t> order;
    std::vector<bool> placed(tables_.size(), false);
    while (order.size() < tables_.size()) {
        check_interrupts();
        order.push_back(next_table(placed));
        placed[order.back()] = true;
    }
    return order;
}

void RequestKin::refused(size_t table, uint64_t index, std::string_view row) {
    for (Bond &bond : bonds_) {
        if (bond.parent != table) continue;
        if (auto key = key_of(row, bond.referenced)) bond.refused.try_emplace(*std::move(key), index);
    }
}

void RequestKin::accepted(size_t table, uint64_t index) {
    for (Bond &bond : bonds_)
        if (bond.parent == table && !bond.refused.empty())
            std::erase_if(bond.refused, [&](const auto &item) { return item.second == index; });
}

std::optional<RequestKin::Place> RequestKin::refused_parent(size_t table, std::string_view constraint,
                                                            std::string_view row) const {
    for (const Bond &bond : bonds_) {
        if (bond.child != table || bond.constraint != constraint || bond.refused.empty()) continue;
        const auto key = key_of(row, bond.columns);
        const auto found = key ? bond.refused.find(*key) : bond.refused.end();
        if (found != bond.refused.end()) return Place{bond.parent, found->second};
    }
    return std::nullopt;
}

}  // namespace ferry
