// Implements match.hpp: one file after the other, each against the same columns.
#include "archive/match.hpp"

#include <algorithm>
#include <utility>

#include "core/text.hpp"
#include "load/column_plan.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// A field that one of our backups wrote.
bool is_own(const avro::SchemaField &field) {
    return field.properties.contains("pg.name") && field.properties.contains("pg.type");
}

// The table's columns by name.
class Columns {
  public:
    explicit Columns(Relation rel) : loadable_(loadable_columns(rel)), generated_(generated_columns(rel)) {}

    // Whatever would be found first is found, generated or not; nullptr when there is nothing.
    const std::string *find(const avro::SchemaField &field) const {
        if (const std::string *column = find_exactly(avro::column_name(field))) return column;
        if (const std::string *column = find_exactly(field.name)) return column;
        for (const std::string &alias : field.aliases)
            if (const std::string *column = find_exactly(alias)) return column;
        const std::string &name = avro::column_name(field);
        return find_where([&](const std::string &column) { return equal_ignoring_case(column, name); });
    }
    const std::string *find_exactly(const std::string &name) const {
        return find_where([&](const std::string &column) { return column == name; });
    }
    bool is_generated(const std::string &column) const {
        return std::ranges::find(generated_, column) != generated_.end();
    }

  private:
    template <typename Same>
    const std::string *find_where(Same same) const {
        for (const std::vector<std::string> *names : {&loadable_, &generated_})
            if (const auto found = std::ranges::find_if(*names, same); found != names->end()) return &*found;
        return nullptr;
    }

    std::vector<std::string> loadable_, generated_;
};

class Matcher {
  public:
    Matcher(Relation rel, const avro::Table &table, const MatchOptions &options)
        : rel_(rel), table_(table), options_(options), columns_(rel) {}

    void add(const avro::Schema &schema);
    Match take() { return std::move(match_); }

  private:
    // What becomes of a field.
    struct Place {
        const std::string *column = nullptr;
        bool dropped = false;
    };

    void check_options(const avro::Schema &schema) const;
    const std::optional<std::string> *find_option(const avro::SchemaField &field) const;
    Place find_place(const avro::SchemaField &field) const;
    int take_column(const std::string &column, const std::vector<int> &mapping, bool first);
    void note_dropped(const avro::SchemaField &field);
    avro::Resolution resolve(const avro::Schema &schema, const avro::SchemaField &field,
                             const std::string &column) const;

    Relation rel_;
    const avro::Table &table_;
    const MatchOptions &options_;
    Columns columns_;
    Match match_;
};

[[noreturn]] void fail_parts() {
    fail({Code::schema_mismatch, "the parts of the backup do not have the same fields"});
}

// The names that the options give must be there: a slip of the pen would load nothing where something was
// meant.
void Matcher::check_options(const avro::Schema &schema) const {
    for (const auto &[name, column] : options_.columns) {
        const auto meant = [&](const avro::SchemaField &field) {
            return field.name == name || avro::column_name(field) == name;
        };
        if (std::ranges::none_of(schema.top().fields, meant))
            fail({Code::schema_mismatch, "the Avro file has no field \"" + name + "\""});
        if (!column) continue;
        if (columns_.find_exactly(*column) == nullptr) {
            fail({Code::unknown_key,
                  "column \"" + *column + "\" of table \"" + qualified_name(rel_) + "\" does not exist"});
        }
        if (columns_.is_generated(*column)) {
            fail({Code::invalid_column, "column \"" + *column + "\" is a generated column",
                  "Generated columns cannot be loaded.", ""});
        }
    }
}

const std::optional<std::string> *Matcher::find_option(const avro::SchemaField &field) const {
    auto found = options_.columns.find(field.name);
    if (found == options_.columns.end()) found = options_.columns.find(avro::column_name(field));
    return found != options_.columns.end() ? &found->second : nullptr;
}

Matcher::Place Matcher::find_place(const avro::SchemaField &field) const {
    if (const std::optional<std::string> *by_hand = find_option(field))
        return {by_hand->has_value() ? columns_.find_exactly(**by_hand) : nullptr, false};
    const std::string *column = columns_.find(field);
    if (column != nullptr) return {columns_.is_generated(*column) ? nullptr : column, false};
    if (is_own(field)) return {nullptr, true};
    fail({Code::schema_mismatch,
          "field \"" + field.name + "\" of the Avro file has no column in table \"" + qualified_name(rel_) +
              "\"",
          "", "Say with columns which column takes it, or null to pass over it."});
}

// The column's place in the load. Only the first file may add columns to it.
int Matcher::take_column(const std::string &column, const std::vector<int> &mapping, bool first) {
    const auto known = std::ranges::find(match_.columns, column);
    const auto place = static_cast<int>(known - match_.columns.begin());
    if (std::ranges::find(mapping, place) != mapping.end())
        fail({Code::schema_mismatch, "two fields of the Avro file belong to column \"" + column + "\""});
    if (known == match_.columns.end()) {
        if (!first) fail_parts();
        match_.columns.push_back(column);
    }
    return place;
}

void Matcher::note_dropped(const avro::SchemaField &field) {
    const std::string &name = avro::column_name(field);
    if (std::ranges::find(match_.dropped, name) == match_.dropped.end()) match_.dropped.push_back(name);
}

avro::Resolution Matcher::resolve(const avro::Schema &schema, const avro::SchemaField &field,
                                  const std::string &column) const {
    const auto target = std::ranges::find(table_.columns, column, &avro::Column::name);
    return value_or_fail(avro::resolve_field(schema, field, *target, !options_.naive_time_zone.empty()));
}

void Matcher::add(const avro::Schema &schema) {
    if (schema.top().type != avro::Type::record)
        fail({Code::schema_mismatch, "the Avro file does not hold records"});
    check_options(schema);
    const bool first = match_.mappings.empty();
    std::vector<int> mapping;
    std::vector<avro::Resolution> resolutions(match_.columns.size());
    for (const avro::SchemaField &field : schema.top().fields) {
        const Place place = find_place(field);
        if (place.dropped) note_dropped(field);
        mapping.push_back(place.column != nullptr ? take_column(*place.column, mapping, first) : -1);
        if (place.column == nullptr) continue;
        resolutions.resize(match_.columns.size());
        resolutions[static_cast<size_t>(mapping.back())] = resolve(schema, field, *place.column);
    }
    if (static_cast<size_t>(std::ranges::count_if(mapping, [](int m) { return m >= 0; })) !=
        match_.columns.size())
        fail_parts();
    match_.mappings.push_back(std::move(mapping));
    match_.changes.emplace_back(std::move(resolutions), options_.naive_time_zone);
}

}  // namespace

Match match_columns(std::span<const avro::Schema> schemas, Relation rel, const avro::Table &table,
                    const MatchOptions &options) {
    Matcher matcher(rel, table, options);
    for (const avro::Schema &schema : schemas) matcher.add(schema);
    return matcher.take();
}

void warn_of_dropped(const Match &match) {
    if (match.dropped.empty()) return;
    std::string names;
    for (const std::string &name : match.dropped) names += (names.empty() ? "\"" : ", \"") + name + "\"";
    const char *list = names.c_str();
    const auto count = match.dropped.size();
    pg_call([&] {
        ereport(WARNING, errcode(ERRCODE_WARNING),
                errmsg_plural("column %s of the backup was passed over: the table does not have it",
                              "columns %s of the backup were passed over: the table does not have them",
                              count, list));
    });
}

}  // namespace ferry
