// Implements parts_source.hpp: one AvroSource after the other, with the records numbered through.
#include "archive/parts_source.hpp"

#include <algorithm>

#include "server/checksum.hpp"

namespace ferry {
namespace {

avro::Schema read_schema(avro::ContainerReader &reader) {
    done_or_fail(reader.open());
    return value_or_fail(avro::parse_schema(reader.schema_text()));
}

std::unique_ptr<ByteSource> open_input(const AvroInput &input) {
    if (input.bytes) return std::make_unique<ViewSource>(*input.bytes);
    return std::make_unique<InputFile>(Place::backups, input.name);
}

}  // namespace

std::string hash_file(const AvroInput &input) {
    const std::unique_ptr<ByteSource> bytes = open_input(input);
    Sha256 hash;
    std::vector<char> buffer(size_t{256} << 10U);
    while (const size_t n = bytes->read(buffer.data(), buffer.size())) {
        hash.update({buffer.data(), n});
        check_interrupts();
    }
    return hash.finish();
}

OpenPart::OpenPart(const AvroInput &input)
    : bytes(open_input(input)), reader(*bytes), schema(read_schema(reader)) {}

PartsSource::PartsSource(std::vector<AvroInput> files, std::vector<std::vector<int>> mappings,
                         std::vector<avro::Column> columns, std::string sha256,
                         std::vector<ValueChanges> changes)
    : files_(std::move(files)),
      mappings_(std::move(mappings)),
      columns_(std::move(columns)),
      sha256_(std::move(sha256)),
      changes_(std::move(changes)) {
    open();
}

void PartsSource::open() {
    source_.reset();
    open_ = std::make_unique<OpenPart>(files_[part_]);
    ValueChanges changes = changes_.empty() ? ValueChanges() : std::move(changes_[part_]);
    source_ = std::make_unique<AvroSource>(open_->reader, open_->schema, mappings_[part_], columns_,
                                           std::move(changes), sha256_);
}

bool PartsSource::next_window(size_t size_hint) {
    while (!source_->next_window(size_hint)) {
        if (part_ + 1 == files_.size()) return false;
        bytes_before_ += source_->bytes_read();
        rows_before_ += rows_in_part_;
        rows_in_part_ = 0;
        ++part_;
        open();
    }
    return true;
}

size_t PartsSource::fill(Batch &batch, size_t limit) {
    const size_t first = batch.records.size();
    const size_t count = source_->fill(batch, limit);
    for (size_t r = first; r < batch.records.size(); ++r) {
        rows_in_part_ = std::max(rows_in_part_, batch.records[r].number);
        batch.records[r].number += rows_before_;
    }
    return count;
}

}  // namespace ferry
