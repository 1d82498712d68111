// Schemas compared by what they mean to a reader of the bytes: the Parsing Canonical Form and its 64-bit
// Rabin fingerprint (specification 1.11, "Parsing Canonical Form for Schemas" and "Schema Fingerprints").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/avro/schema.hpp"

namespace ferry::avro {

// The schema without all that does not change how bytes are read: full names, no attributes but name, type,
// fields, symbols, items, values and size, in this order, no blanks. Logical types and properties are gone.
std::string canonical_form(const Schema &schema);

// CRC-64-AVRO of some bytes.
uint64_t rabin_fingerprint(std::string_view bytes) noexcept;

// The fingerprint of a schema, as 16 lower-case hexadecimal digits of the number.
std::string schema_fingerprint(const Schema &schema);

}  // namespace ferry::avro
