// What a load knows of its target's columns before the first row comes: which attribute each field goes to,
// how its text becomes a value, and what fills the attributes that no field goes to.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/boundary.hpp"

namespace ferry {

// How a field becomes a value without asking the type's input function.
enum class Scanner : uint8_t {
    none,
    boolean,
    int2,
    int4,
    int8,
    float4,
    float8,
    text,
    date,
    time,
    timestamp,
    timestamptz,
    uuid,
    bytea,
};

// What JSON a type is written in when nothing is to be converted.
enum class JsonForm : uint8_t { any, number, boolean, string, array, object };

struct PlannedColumn {
    AttrNumber number;
    std::string name;
    std::string type_name;
    Oid type;
    int32 typmod;
    Scanner scanner;
    Scanner units;    // what an integer in Field's units becomes: as `scanner`, whatever the type's precision
    Scanner base;     // of the type that a domain is based on, else none
    int32 precision;  // digits of a second that a time type keeps, -1 for all
    bool domain;      // NULL has to pass the type's input too
    bool base_bytea;  // bytea, or a domain over it
    int32 max_length;  // most characters that text may have, -1 without a limit
    bool json;         // json or jsonb: takes a JSON token as it is written
    JsonForm form;
    FmgrInfo *input;  // the type's input function and its parameter
    Oid input_parameter;
};

// The columns for these names, in their order; without names all that can be loaded, in the table's order, as
// COPY does. Raises 42703 for a name that is no column, 42701 for a name given twice, 42P10 for a generated
// column. Allocates in the current memory context.
std::vector<PlannedColumn> plan_columns(Relation rel, std::span<const std::string> names);

// Their attribute numbers, in the same order.
std::vector<AttrNumber> column_numbers(std::span<const PlannedColumn> columns);

// The names of all columns that can be loaded, in the table's order: live and not generated.
std::vector<std::string> loadable_columns(Relation rel);
// The names of the generated ones.
std::vector<std::string> generated_columns(Relation rel);

}  // namespace ferry
