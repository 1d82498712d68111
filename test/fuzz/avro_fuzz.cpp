// libFuzzer target for whole Avro files: container, codecs, schema and rows, taken and skipped. The row
// decoder alone is avro_row_fuzz's.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "avro_rows.hpp"
#include "core/avro/container.hpp"

namespace {

using namespace ferry;
using namespace ferry::avro;

class MemorySource : public ByteSource {
  public:
    explicit MemorySource(std::string_view data) : data_(data) {}
    size_t read(char *to, size_t size) override {
        const size_t n = std::min({size, data_.size(), size_t{100}});
        if (n > 0) std::memcpy(to, data_.data(), n);
        data_.remove_prefix(n);
        return n;
    }

  private:
    std::string_view data_;
};

void read_container(std::string_view input) {
    MemorySource source(input);
    ContainerReader reader(source, small_limits());
    if (!reader.open()) return;
    const auto schema = parse_schema(reader.schema_text(), small_limits());
    if (!schema || schema->top().type != Type::record) return;
    for (const Use use : uses) {
        MemorySource again(input);
        ContainerReader blocks(again, small_limits());
        size_t width = 0;
        auto decoder = compile(*schema, use, width);
        if (!decoder || !blocks.open()) continue;
        Block block;
        for (;;) {
            const auto more = blocks.next_block(block);
            if (!more || !*more) break;
            read_rows(*decoder, use, block.data, block.rows, width);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_container({reinterpret_cast<const char *>(data), size});
    return 0;
}
