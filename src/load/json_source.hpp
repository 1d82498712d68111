// A JSON array of objects as a RecordSource: one window, since the text is in memory as a whole.
#pragma once

#include "core/json/row_reader.hpp"
#include "load/source.hpp"

namespace ferry {

class JsonSource final : public RecordSource {
  public:
    // `reader` has opened its text and outlives the source.
    JsonSource(json::RowReader &reader, uint64_t bytes) : reader_(reader), bytes_(bytes) {}

    bool next_window(size_t) override { return !std::exchange(given_, true); }
    size_t fill(Batch &batch, size_t limit) override { return reader_.next(batch, limit); }
    void rewind() override { reader_.rewind(); }
    uint64_t bytes_read() const override { return bytes_; }

  private:
    json::RowReader &reader_;
    uint64_t bytes_;
    bool given_ = false;
};

}  // namespace ferry
