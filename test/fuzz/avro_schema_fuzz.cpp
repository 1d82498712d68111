// libFuzzer target for the schema parser: whatever it accepts must be sound, measured and free of cycles.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/avro/schema.hpp"

namespace {

using namespace ferry::avro;

// Walks all that a node holds and returns the number of types below it; cycles would never end.
uint64_t walk(const Schema &schema, int index, int depth) {
    if (index < 0 || static_cast<size_t>(index) >= schema.nodes.size() || depth > 64) std::abort();
    const Node &node = schema.at(index);
    uint64_t weight = 1;
    for (const SchemaField &field : node.fields) weight += walk(schema, field.node, depth + 1);
    for (const int child : node.children) weight += walk(schema, child, depth + 1);
    if (weight != node.weight) std::abort();
    return weight;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ferry::avro::Limits limits;
    limits.nodes = 5000;
    const auto schema = parse_schema({reinterpret_cast<const char *>(data), size}, limits);
    if (schema) walk(*schema, schema->root, 1);
    return 0;
}
