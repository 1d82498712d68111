// Implements part_writer.hpp.
#include "archive/part_writer.hpp"

#include <cstring>

#include "core/avro/fingerprint.hpp"

namespace ferry {
namespace {

std::string tag_of(uint32_t stream, uint32_t sequence) {
    return std::to_string(stream) + "-" + std::to_string(sequence);
}

avro::WriterOptions writer_options(const PartPlan &plan, std::string schema) {
    avro::WriterOptions options;
    done_or_fail(avro::check_with_avro_c(schema));
    options.schema_json = std::move(schema);
    options.metadata = plan.metadata;
    options.block_size = plan.block_size;
    const std::string sync = random_bytes(options.sync.size());
    std::memcpy(options.sync.data(), sync.data(), sync.size());
    return options;
}

template <size_t N>
void copy_text(char (&to)[N], const std::string &text) {
    to[text.copy(to, N - 1)] = '\0';
}

}  // namespace

std::string staged_name(const PartPlan &plan, const PartFacts &part) {
    return StagedFile::hidden_name(plan.file, tag_of(part.stream, part.sequence), plan.stage);
}

std::string fingerprint_of(const std::string &schema_json) {
    return avro::schema_fingerprint(value_or_fail(avro::parse_schema(schema_json)));
}

PartWriter::Part::Part(const PartPlan &plan, const avro::Table &table, const std::string &tag)
    : file(Place::backups, plan.stage, plan.file, tag),
      fingerprint(fingerprint_of(avro::schema_json(table))),
      writer(file, value_or_fail(avro::Compressor::create(plan.codec, plan.level)),
             writer_options(plan, avro::schema_json(table))),
      encoder(table.columns) {
    writer.begin();
}

PartWriter::PartWriter(const PartPlan &plan, avro::Table table, uint32_t table_number, uint32_t stream,
                       PartList &list)
    : plan_(plan), table_(std::move(table)), table_number_(table_number), stream_(stream), list_(list) {}

void PartWriter::open() {
    part_.emplace(plan_, table_, tag_of(stream_, sequence_));
}

void PartWriter::close() {
    done_or_fail(part_->writer.finish());
    part_->file.finish();
    PartFacts facts{};
    facts.table = table_number_;
    facts.stream = stream_;
    facts.sequence = sequence_++;
    facts.rows = part_->writer.rows();
    facts.bytes = part_->file.bytes();
    copy_text(facts.sha256, part_->file.sha256());
    copy_text(facts.fingerprint, part_->fingerprint);
    facts.hash = part_->hash;
    closed_bytes_ += facts.bytes;
    list_.add(facts);
    part_.reset();
}

// A part without rows is not worth a file: it gives way to the wider one.
void PartWriter::widen(size_t column) {
    avro::Column &wide = table_.columns[column];
    if (wide.text_branch)
        fail({Code::internal, "a value of column \"" + wide.name + "\" cannot be written to Avro"});
    wide.text_branch = true;
    if (part_->writer.rows() > 0) close();
    part_.reset();
    open();
}

void PartWriter::finish(bool keep_empty) {
    if (!part_ && keep_empty && sequence_ == 0) open();
    if (part_) close();
}

}  // namespace ferry
