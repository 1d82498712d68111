// Implements backup_rows.hpp.
#include "archive/backup_rows.hpp"

#include <algorithm>

namespace ferry {

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

void BackupRows::map(const std::vector<int> &mapping, const std::vector<avro::Column> &columns) {
    width_ = columns.size();
    decoder_.emplace(value_or_fail(avro::RowDecoder::compile(open_->schema, mapping, width_, columns)));
}

void BackupRows::take_as_written() {
    width_ = open_->schema.top().fields.size();
    decoder_.emplace(value_or_fail(avro::RowDecoder::compile_as_written(open_->schema)));
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
    const size_t count = static_cast<size_t>(std::min<uint64_t>(limit, left_));
    batch.fields.resize(count * width_);
    for (size_t r = 0; r < count; ++r) {
        if (const Status row = decoder_->decode(*cursor_, batch.row(r)); !row)
            fail(avro::place_error(row.error(), block_));
        Record record;
        record.number = rows_before_ + ++rows_;
        record.offset = block_.offset;
        batch.records.push_back(record);
    }
    left_ -= count;
    if (left_ > 0) return true;
    if (const Status end = avro::RowDecoder::check_end(*cursor_); !end)
        fail(avro::place_error(end.error(), block_));
    cursor_.reset();
    return true;
}

}  // namespace ferry
