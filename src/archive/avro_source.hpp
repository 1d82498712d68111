// An Avro file as a RecordSource: blocks are gathered into windows, rows decoded by a plan made once, each
// row's own bytes kept for the reject log.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "archive/value_changes.hpp"
#include "core/avro/container.hpp"
#include "core/avro/decoder.hpp"
#include "load/source.hpp"

namespace ferry {

class AvroSource final : public RecordSource {
  public:
    // `reader` is open and outlives the source. `mapping` gives, per field of the file, the load's column or
    // -1; `columns` are the load's columns, `changes` what their values need before.
    AvroSource(avro::ContainerReader &reader, const avro::Schema &schema, const std::vector<int> &mapping,
               const std::vector<avro::Column> &columns, ValueChanges changes, std::string sha256);

    bool next_window(size_t size_hint) override;
    size_t fill(Batch &batch, size_t limit) override;
    void rewind() override;
    uint64_t bytes_read() const override { return reader_.offset(); }
    std::string sha256() override { return sha256_; }

  private:
    // A block of the window, and where its data begins among the window's: `block.data` itself is gone.
    struct Held {
        avro::Block block;
        size_t start;
    };
    std::string_view data_of(const Held &held) const {
        return std::string_view(data_).substr(held.start, held.block.data.size());
    }
    void open_block();

    avro::ContainerReader &reader_;
    avro::RowDecoder decoder_;
    size_t width_;
    ValueChanges changes_;
    std::string sha256_;
    std::vector<Held> window_;
    std::string data_;  // of all its blocks, for their reader has only one at a time
    uint64_t rows_before_ = 0, rows_in_window_ = 0;
    // Where reading stands.
    size_t block_ = 0;
    uint64_t row_ = 0, number_ = 0;
    std::optional<avro::Cursor> cursor_;
};

}  // namespace ferry
