// Whether a column can take the values of a field, and what has to be done to them first. Asked once per
// field, before any row is read, so that what cannot be mapped is told in the words of both types.
#pragma once

#include <cstdint>

#include "core/avro/schema.hpp"
#include "core/result.hpp"

namespace ferry::avro {

// What becomes of values whose Field is an integer.
enum class NumberChange : uint8_t {
    none,
    days_to_text,
    time_to_text,
    instant_to_text,
    local_to_text,
    days_to_local,    // days become microseconds
    days_to_instant,  // needs a time zone, like the next two
    local_to_instant,
    instant_to_local,
};

// What becomes of values whose Field is text or bytes.
enum class TextChange : uint8_t {
    none,
    to_bytes,    // the characters' bytes, UTF-8
    to_integer,  // a decimal without its zeros behind the point
    to_instant,  // without a zone it needs naive_time_zone to become an instant
    to_local,    // with a zone it needs naive_time_zone to become a wall clock
};

struct Resolution {
    NumberChange numbers = NumberChange::none;
    TextChange texts = TextChange::none;
};

// True for the changes that cannot be made without a time zone.
bool needs_time_zone(NumberChange change) noexcept;

// How the values of `field` get into `target`. Arrays and records are looked into, but what is not to be
// mapped there for its structure is for RowDecoder::compile to tell. A field of our own says in pg.type
// whether its times have a zone, whatever its logical type. Code::schema_mismatch, naming the field and both
// types, for values that the column cannot take, and for those that it takes only with a time zone where
// there is none (`has_time_zone`).
Result<Resolution> resolve_field(const Schema &schema, const SchemaField &field, const Column &target,
                                 bool has_time_zone);

}  // namespace ferry::avro
