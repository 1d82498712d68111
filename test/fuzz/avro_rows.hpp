// What the fuzz targets of Avro files and of bare rows share: limits that keep an input quick, and the
// reading of rows, taken and skipped, nested values in every form.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/avro/decoder.hpp"
#include "core/avro/resolve.hpp"

namespace ferry::avro {

inline Limits small_limits() {
    Limits limits;
    limits.schema_bytes = 64 << 10;
    limits.nodes = 2000;
    limits.header_bytes = 1 << 20;
    limits.block_bytes = 1 << 20;
    limits.raw_bytes = 1 << 20;
    limits.empty_items = 1000;
    limits.text_bytes = 1 << 20;
    return limits;
}

// What becomes of the fields: passed over, taken with nested values as JSON, or as arrays and composites, or
// as they were written.
enum class Use { skip, json, literals, written };
inline constexpr Use uses[] = {Use::skip, Use::json, Use::literals, Use::written};

// A column that could have written the type. Some records are turned around, so that attributes stand in
// another order than fields.
inline Column column_of(const Schema &schema, int index) {
    const Node &node = schema.at(index);
    Column column;
    column.pg_type = "made";
    if (node.type == Type::union_of) {
        for (const int branch : node.children)
            if (schema.at(branch).type == Type::array || schema.at(branch).type == Type::record)
                return column_of(schema, branch);
    } else if (node.type == Type::array) {
        column.kind = Kind::array;
        column.parts.push_back(column_of(schema, node.children[0]));
    } else if (node.type == Type::record) {
        column.kind = Kind::record;
        for (const SchemaField &field : node.fields) {
            column.parts.push_back(column_of(schema, field.node));
            const auto own = field.properties.find("pg.name");
            column.parts.back().name = own != field.properties.end() ? own->second : field.name;
        }
        if (node.fields.size() % 2 == 0) std::reverse(column.parts.begin(), column.parts.end());
    } else if (node.type == Type::map) {
        column.notation = index % 2 == 0 ? Notation::hstore : Notation::plain;
    } else if (node.type == Type::bytes) {
        column.notation = static_cast<Notation>(index % 5);
    } else if (node.logical == Logical::decimal) {
        column.notation = Notation::money;
        column.decimal_point = ',';
    }
    return column;
}

inline Result<RowDecoder> compile(const Schema &schema, Use use, size_t &width) {
    std::vector<int> mapping(schema.top().fields.size());
    std::vector<Column> targets;
    width = use == Use::skip ? 0 : mapping.size();
    for (size_t i = 0; i < mapping.size(); ++i) {
        mapping[i] = use == Use::skip ? -1 : static_cast<int>(i);
        if (use == Use::literals) targets.push_back(column_of(schema, schema.top().fields[i].node));
    }
    return RowDecoder::compile(schema, mapping, width, targets, small_limits());
}

// Reads up to `rows` rows and touches all that they point to.
inline void read_rows(RowDecoder &decoder, Use use, std::string_view data, uint64_t rows, size_t width) {
    Cursor cursor(data);
    std::vector<Field> out(width);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < rows; ++i) {
        const Status status =
            use == Use::written ? decoder.decode_as_written(cursor, out) : decoder.decode(cursor, out);
        if (!status) {
            if (status.error().offset > data.size()) std::abort();
            break;
        }
        for (const Field &field : out)
            if (field.kind == Field::Kind::text || field.kind == Field::Kind::bytes ||
                field.kind == Field::Kind::json || field.kind == Field::Kind::encoded)
                for (const char c : field.text) sum += static_cast<unsigned char>(c);
        decoder.release();
    }
    if (sum == UINT64_MAX) std::abort();
    (void)RowDecoder::check_end(cursor);
}

}  // namespace ferry::avro
