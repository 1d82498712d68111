// Implements backup_rows.hpp.
#include "archive/backup_rows.hpp"

#include <numeric>

namespace ferry {
namespace {

// Text of nested values after which a batch ends: a few bytes of a file may make much of it.
constexpr size_t made_per_batch = size_t{16} << 20U;

}  // namespace

bool BackupRows::next_part() {
    rows_before_ += rows_;
    rows_ = 0;
    cursor_.reset();
    decoder_.reset();
    block_ = {};
    open_.reset();
    if (next_ == manifest_.parts.size()) return false;
    ++next_;
    open_ = std::make_unique<OpenPart>(part().file);
    return true;
}

void BackupRows::map(const std::vector<int> &mapping, const std::vector<avro::Column> &columns,
                     ValueChanges changes) {
    changes_ = std::move(changes);
    width_ = columns.size();
    decoder_.emplace(value_or_fail(avro::RowDecoder::compile(open_->schema, mapping, width_, columns)));
}

void BackupRows::map_as_written() {
    width_ = open_->schema.top().fields.size();
    std::vector<int> mapping(width_);
    std::iota(mapping.begin(), mapping.end(), 0);
    decoder_.emplace(value_or_fail(avro::RowDecoder::compile(open_->schema, mapping, width_)));
    as_written_ = true;
}

bool BackupRows::next_rows(Batch &batch, size_t limit) {
    check_interrupts();
    batch.clear(width_);
    if (!cursor_) {
        if (!value_or_fail(open_->reader.next_block(block_))) return false;
        cursor_.emplace(block_.data);
        left_ = block_.rows;
    }
    decoder_->release();
    changes_.release();
    while (left_ > 0 && batch.records.size() < limit && decoder_->made() < made_per_batch) {
        batch.fields.resize(batch.fields.size() + width_);
        const auto row = batch.row(batch.records.size());
        const Status read =
            as_written_ ? decoder_->decode_as_written(*cursor_, row) : decoder_->decode(*cursor_, row);
        if (!read) fail(avro::place_error(read.error(), block_));
        Record record;
        record.number = rows_before_ + ++rows_;
        record.offset = block_.offset;
        batch.records.push_back(record);
        --left_;
    }
    if (!as_written_) changes_.apply(batch, 0);
    if (left_ > 0) return true;
    if (const Status end = avro::RowDecoder::check_end(*cursor_); !end)
        fail(avro::place_error(end.error(), block_));
    cursor_.reset();
    return true;
}

}  // namespace ferry
