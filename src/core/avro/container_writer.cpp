// Implements the writing half of container.hpp. The header goes out entry by entry as given, so that the
// schema keeps its logical types and properties.
#include "core/avro/container.hpp"

namespace ferry::avro {
namespace {

// Memory that a block's buffers keep between blocks, in block sizes: more is given back after a giant row.
constexpr size_t kept_blocks = 8;

void append_entry(Buffer &out, std::string_view key, std::string_view value) {
    append_bytes(out, key);
    append_bytes(out, value);
}

}  // namespace

ContainerWriter::ContainerWriter(ByteSink &sink, Compressor compressor, WriterOptions options)
    : sink_(sink), compressor_(std::move(compressor)), options_(std::move(options)) {}

void ContainerWriter::write(std::string_view bytes) {
    if (bytes.empty()) return;
    sink_.write(bytes);
    bytes_ += bytes.size();
}

void ContainerWriter::begin() {
    Buffer header;
    header.append({"Obj\x01", 4});
    append_long(header, static_cast<int64_t>(options_.metadata.size() + 2));
    append_entry(header, "avro.schema", options_.schema_json);
    append_entry(header, "avro.codec", codec_name(compressor_.codec()));
    for (const auto &[key, value] : options_.metadata) append_entry(header, key, value);
    append_long(header, 0);
    header.append({options_.sync.data(), options_.sync.size()});
    write(header.view());
}

Status ContainerWriter::flush() {
    if (rows_in_block_ == 0) return Done{};
    std::string_view data = block_.view();
    if (compressor_.codec() != Codec::null) {
        if (Status packed = compressor_.compress(data, packed_); !packed) return packed;
        data = packed_.view();
    }
    Buffer frame;
    append_long(frame, static_cast<int64_t>(rows_in_block_));
    append_long(frame, static_cast<int64_t>(data.size()));
    write(frame.view());
    write(data);
    write({options_.sync.data(), options_.sync.size()});
    ++blocks_;
    rows_in_block_ = 0;
    const size_t keep = options_.block_size * kept_blocks + (size_t{1} << 20);
    block_.clear_to(keep);
    packed_.clear_to(keep);
    return Done{};
}

}  // namespace ferry::avro
