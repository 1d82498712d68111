// libFuzzer target for the row decoder without a container around it: a schema, NUL, and the bytes of rows.
// The schema's fields are also held against columns of every kind.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "avro_rows.hpp"

namespace {

using namespace ferry;
using namespace ferry::avro;

// Whether columns of every kind take the fields. Only the words of a refusal come of it.
void resolve_fields(const Schema &schema) {
    for (const SchemaField &field : schema.top().fields)
        for (int kind = 0; kind <= static_cast<int>(Kind::record); ++kind)
            for (const bool zone : {false, true}) {
                Column column = column_of(schema, field.node);
                column.kind = static_cast<Kind>(kind);
                column.notation = static_cast<Notation>(kind % 5);
                if (column.parts.empty()) column.parts.emplace_back();  // an array has its item
                const auto resolution = resolve_field(schema, field, column, zone);
                if (resolution && !zone && needs_time_zone(resolution->numbers)) std::abort();
            }
}

void read_bare_rows(std::string_view input) {
    const size_t nul = input.find('\0');
    if (nul == std::string_view::npos) return;
    const auto schema = parse_schema(input.substr(0, nul), small_limits());
    if (!schema || schema->top().type != Type::record) return;
    resolve_fields(*schema);
    for (const Use use : uses) {
        size_t width = 0;
        auto decoder = compile(*schema, use, width);
        if (decoder) read_rows(*decoder, use, input.substr(nul + 1), 1000, width);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_bare_rows({reinterpret_cast<const char *>(data), size});
    return 0;
}
