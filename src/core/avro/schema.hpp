// Schemas, both ways: the JSON text for a table that is written (reference: avro.md §6), and any writer's
// JSON read into a tree of our own. What is read obeys the specification's "Schema Declaration" and our
// Limits.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/avro/limits.hpp"
#include "core/result.hpp"

namespace ferry::avro {

// ---- what we write ----

// How a column's values travel, and in which unit its Field holds them (see record.hpp).
enum class Kind : uint8_t {
    boolean,
    int32,  // int2 and int4
    int64,
    float32,
    float64,
    bytes,
    string,
    uuid,                    // a string of 36 characters
    date,                    // days since 1970-01-01
    time_micros,             // microseconds since midnight, 24:00 not included
    timestamp_micros,        // an instant: microseconds since 1970-01-01 00:00 UTC
    local_timestamp_micros,  // a wall clock: microseconds since 1970-01-01 00:00, no zone
    decimal,                 // precision and scale as in Column; as text "-12.50" or as unscaled integer
    array,                   // its items are as the one part says; comes encoded
    record,                  // its fields are as the parts say; comes encoded
};

// How bytes and nested values become text for a column's input function.
enum class Notation : uint8_t {
    plain,
    json,    // the column takes JSON: json and jsonb
    hex,     // bytea
    bytes,   // the bytes themselves: "char"
    money,   // a number with the locale's decimal point
    hstore,  // pairs of texts, as hstore's input function takes them
};

// One column of a table that is written. Text in UTF-8.
struct Column {
    std::string name;
    std::string pg_type;  // format_type() without typmod; of a domain that of its base type
    int32_t typmod = -1;
    std::string domain;               // qualified name; empty when the type is no domain
    std::vector<std::string> labels;  // of an enum
    std::string collation;            // empty when the type has none
    bool not_null = false;
    Kind kind = Kind::string;
    bool text_branch = false;  // values that `kind` cannot hold go along as text (avro.md §6.3)
    int precision = 0;         // of a decimal: 1 to 38
    int scale = 0;             // of a decimal: 0 to precision

    std::vector<Column> parts;               // the one item of an array, the fields of a record
    std::string record_schema, record_name;  // of a record's type; its parts are always the same

    // What the column's input function takes.
    Notation notation = Notation::plain;
    char delimiter = ',';      // between the items of an array
    char decimal_point = '.';  // in money
};

// The property pg.type of the record that is an interval, with fields months, days and micros.
inline constexpr std::string_view interval_type = "interval";

struct Table {
    std::string database, schema, name;
    std::vector<Column> columns;
};

// The record schema of a table. Field i belongs to column i; the branches of its union, if it has one, are
// null (unless not_null), the type, string (with text_branch), in this order. Parts of columns are written
// the same way, without text branches.
std::string schema_json(const Table &table);

// Holds a schema of our own against avro-c's parser, as a second opinion. Never for a file's schema.
Status check_with_avro_c(std::string_view json);

// ---- what we read ----

enum class Type : uint8_t {
    null,
    boolean,
    int32,
    int64,
    float32,
    float64,
    bytes,
    string,
    record,
    enumeration,
    array,
    map,
    union_of,
    fixed,
};

// Logical types that fit their base type; all others, and misplaced ones, count as none.
enum class Logical : uint8_t {
    none,
    decimal,
    uuid,
    date,
    time_millis,
    time_micros,
    timestamp_millis,
    timestamp_micros,
    local_timestamp_millis,
    local_timestamp_micros,
    duration,
};

// "int", "record" and so on; static storage.
std::string_view type_name(Type type) noexcept;

using Properties = std::map<std::string, std::string, std::less<>>;

struct SchemaField {
    std::string name;
    std::vector<std::string> aliases;
    int node = -1;
    bool has_default = false;
    std::string default_json;  // as written, without blanks
    Properties properties;     // all other keys: strings as they are, other values as JSON
};

// A property's text; empty without it.
std::string_view property(const Properties &properties, std::string_view key);
// The name of the column that a field was: what our own files tell in pg.name, else the field's name.
const std::string &column_name(const SchemaField &field);

// One type. A named type that is referred to again is the same node; no node contains itself.
struct Node {
    Type type = Type::null;
    Logical logical = Logical::none;
    int precision = 0, scale = 0;      // of a decimal
    uint64_t size = 0;                 // of a fixed, in bytes
    std::string name;                  // full name of a record, enum or fixed
    std::vector<std::string> aliases;  // full names
    std::vector<SchemaField> fields;   // of a record
    std::vector<std::string> symbols;  // of an enum
    std::vector<int> children;         // branches of a union; the one item type of an array or map
    Properties properties;             // as in SchemaField

    // Measures of the type with its named types expanded.
    uint64_t min_bytes = 0;  // shortest value; 0 means that every value takes no bytes
    uint64_t weight = 1;     // number of types
    int height = 1;          // levels of types
};

struct Schema {
    std::vector<Node> nodes;
    int root = -1;

    const Node &at(int node) const { return nodes[static_cast<size_t>(node)]; }
    const Node &top() const { return at(root); }
};

// Reads a schema. Whatever is wrong with it is Code::corrupt_file; the detail names the field.
Result<Schema> parse_schema(std::string_view json, const Limits &limits = {});

// True when the fields of both are of the same names and types in the same order, so that equal rows make
// equal Fields. NULLs and text branches do not matter. For schemas of our own.
bool same_fields(const Schema &a, const Schema &b);

}  // namespace ferry::avro
