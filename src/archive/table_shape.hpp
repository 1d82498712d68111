// How a table's columns travel in Avro: the mapping of PostgreSQL types (docs/avro-types.md), and the making
// of Fields from the table's values.
#pragma once

#include <span>
#include <vector>

#include "core/avro/schema.hpp"
#include "core/record.hpp"
#include "server/boundary.hpp"

namespace ferry {

// The table as core/avro sees it: all live columns in the table's order.
avro::Table describe_table(Relation rel);

// Makes Fields of a row's Datums, in Avro's units. What a column's kind cannot hold becomes text.
class FieldMaker {
  public:
    // One entry per column of `table`, found by its attribute in `descriptor`.
    FieldMaker(TupleDesc descriptor, const avro::Table &table);

    size_t columns() const noexcept { return items_.size(); }
    // Calls the server: only inside pg_call. Text is in the current memory context or in the tuple itself.
    void make(const Datum *values, const bool *nulls, Field *row) const;

  private:
    struct Item {
        int attribute;  // 0-based
        avro::Kind kind;
        Oid type;
        FmgrInfo *output;
    };
    void make_field(const Item &item, Datum value, Field &field) const;
    void make_text(const Item &item, Datum value, Field &field) const;

    std::vector<Item> items_;
};

// Pins the settings that change how values are written as text, for a scope of server calls: ISO dates,
// postgres intervals, exact floats, names fully qualified. Source: postgres_fdw's set_transmission_modes.
class OutputSettings {
  public:
    OutputSettings();
    // Puts them back; after an error the server does.
    void restore();

  private:
    int level_;
};

}  // namespace ferry
