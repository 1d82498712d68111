// How much a file of unknown origin may ask for before it is refused as hostile. One struct for the schema,
// the container and the rows, so that a setting of the server reaches all of them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferry::avro {

struct Limits {
    size_t schema_bytes = size_t{16} << 20;  // text of the schema
    int depth = 64;                          // nesting of the schema, named types expanded
    size_t nodes = 100'000;                  // types in the schema, named types expanded
    size_t header_bytes = size_t{64} << 20;  // the whole metadata map of a file
    size_t block_bytes = size_t{64} << 20;   // one block as it stands in the file, if compressed
    size_t raw_bytes = size_t{256} << 20;    // one block uncompressed
    size_t text_bytes = 0x3FFFFFFF;          // text of one nested value: no value of the server is longer
    uint64_t empty_items = 1U << 20;         // rows per block, or items per array, that take no bytes at all
};

}  // namespace ferry::avro
