// How a table's columns travel in Avro: the mapping of PostgreSQL types (docs/avro-types.md), and the making
// of Fields from the table's values. Arrays, composites and intervals are encoded here, part by part.
#pragma once

#include <span>
#include <vector>

#include "core/avro/schema.hpp"
#include "core/record.hpp"
#include "server/boundary.hpp"

namespace ferry {

// The table as core/avro sees it: all live columns in the table's order. Money is described as lc_monetary
// has it now.
avro::Table describe_table(Relation rel);

// A value of a composite type as one column. Raises 0A000 for a type that has too many parts.
avro::Column describe_row_type(Oid type);

// Of these columns, by their names, in this order.
std::vector<avro::Column> pick_columns(const avro::Table &table, std::span<const std::string> names);

// Makes Fields of a row's Datums, in Avro's units. What a column's kind cannot hold becomes text.
class FieldMaker {
  public:
    // One entry per column of `table`, found by its attribute in `descriptor`.
    FieldMaker(TupleDesc descriptor, const avro::Table &table);

    size_t columns() const noexcept { return items_.size(); }
    // Calls the server: only inside pg_call. Text is in the current memory context or in the tuple itself.
    void make(const Datum *values, const bool *nulls, Field *row) const;

  private:
    // A column, or a part of one.
    struct Item {
        int attribute;  // 0-based
        avro::Kind kind;
        int precision, scale;  // of a decimal
        Oid type;              // never a domain
        FmgrInfo *output;
        int16 length;  // of an array's items, like the next two
        bool by_value;
        char align;
        TupleDesc descriptor;     // of a composite
        std::vector<Item> parts;  // of an array or composite
    };
    static std::vector<Item> plan_parts(TupleDesc descriptor, const std::vector<avro::Column> &columns);
    static Item plan(const avro::Column &column, Oid type);

    // These call the server.
    static void make_field(const Item &item, Datum value, Field &field);
    static void make_text(const Item &item, Datum value, Field &field);
    static void make_char(Datum value, Field &field);
    static void make_decimal(const Item &item, Datum value, Field &field);
    static void make_nested(const Item &item, Datum value, Field &field);
    static bool append_value(const Item &item, Datum value, StringInfo out);
    static bool append_part(const Item &item, Datum value, bool null, StringInfo out);
    static bool append_array(const Item &item, Datum value, StringInfo out);
    static bool append_record(const Item &item, Datum value, StringInfo out);
    static bool append_interval(Datum value, StringInfo out);
    static void append_number(int64_t number, StringInfo out);

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
