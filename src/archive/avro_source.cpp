// Implements avro_source.hpp. A fault in the file ends the load: rows behind it cannot be told apart.
#include "archive/avro_source.hpp"

#include "server/boundary.hpp"

namespace ferry {
namespace {

// Text of nested values after which a batch ends: a few bytes of a file may make much of it.
constexpr size_t made_per_batch = size_t{16} << 20U;

}  // namespace

AvroSource::AvroSource(avro::ContainerReader &reader, const avro::Schema &schema,
                       const std::vector<int> &mapping, const std::vector<avro::Column> &columns,
                       ValueChanges changes, std::string sha256)
    : reader_(reader),
      decoder_(value_or_fail(avro::RowDecoder::compile(schema, mapping, columns.size(), columns))),
      width_(columns.size()),
      changes_(std::move(changes)),
      sha256_(std::move(sha256)) {}

bool AvroSource::next_window(size_t size_hint) {
    rows_before_ += rows_in_window_;
    rows_in_window_ = 0;
    window_.clear();
    data_.clear();
    size_t size = 0;
    while (size < size_hint) {
        check_interrupts();
        Held held{{}, data_.size()};
        if (!value_or_fail(reader_.next_block(held.block))) break;
        data_.append(held.block.data);
        size += held.block.data.size() + held.block.rows;
        rows_in_window_ += held.block.rows;
        window_.push_back(held);
    }
    rewind();
    return !window_.empty();
}

void AvroSource::rewind() {
    block_ = 0;
    number_ = rows_before_;
    decoder_.release();
    open_block();
}

void AvroSource::open_block() {
    row_ = 0;
    cursor_.reset();
    if (block_ < window_.size()) cursor_.emplace(data_of(window_[block_]));
}

size_t AvroSource::fill(Batch &batch, size_t limit) {
    decoder_.release();
    changes_.release();
    const size_t first = batch.records.size(), first_field = batch.fields.size();
    batch.fields.resize(first_field + limit * width_);
    size_t count = 0;
    while (count < limit && block_ < window_.size() && decoder_.made() < made_per_batch) {
        check_interrupts();
        const Held &held = window_[block_];
        if (row_ == held.block.rows) {
            if (const Status end = avro::RowDecoder::check_end(*cursor_); !end)
                fail(avro::place_error(end.error(), held.block));
            ++block_;
            open_block();
            continue;
        }
        Field *const fields = batch.fields.data() + first_field + count * width_;
        const size_t start = cursor_->offset();
        if (const Status row = decoder_.decode(*cursor_, {fields, width_}); !row)
            fail(avro::place_error(row.error(), held.block));
        Record record;
        record.number = ++number_;
        record.offset = held.block.offset;
        record.raw = data_of(held).substr(start, cursor_->offset() - start);
        batch.records.push_back(record);
        ++row_;
        ++count;
    }
    batch.fields.resize(first_field + count * width_);
    changes_.apply(batch, first);
    return count;
}

}  // namespace ferry
