// Rows whose parent in their own table is not there yet: they wait in a temporary file, as the source gave
// them, and come back as a source of their own when all others are in, parents before their children.
#pragma once

#include <string>
#include <vector>

#include "load/self_keys.hpp"
#include "load/source.hpp"
#include "server/spill.hpp"

namespace ferry {

class PostponedRows {
  public:
    // Takes a row of the batch, for the window that is being loaded.
    void add(const Batch &batch, const Waiting &waiting);
    // The window stands, or is loaded again. The first outside of the window's subtransaction; it returns how
    // many bytes waited.
    size_t keep_window();
    void forget_window() { window_.clear(); }

    uint64_t count() const noexcept { return spill_.count(); }

  private:
    friend class PostponedSource;

    Spill spill_;
    std::vector<std::string> window_;  // packed rows of the window
};

class PostponedSource final : public RecordSource {
  public:
    // `rows` takes no more rows; it outlives the source, which closes it at its end, as does `input`, which
    // the rows came from and which knows how they are written. In the order of the input, or with `sorted`
    // parents first, for which memory grows with the rows.
    PostponedSource(PostponedRows &rows, bool sorted, const RecordSource &input);

    bool next_window(size_t size_hint) override;
    size_t fill(Batch &batch, size_t limit) override;
    void rewind() override { next_ = 0; }
    uint64_t bytes_read() const override { return input_.bytes_read(); }
    std::vector<std::optional<size_t>> locate(const Record &record,
                                              std::span<const Field> row) const override {
        return input_.locate(record, row);
    }

    // True when the rows of this window refer to each other in a circle: they go in at one stroke, in one
    // batch, or not at all.
    bool is_circle() const noexcept { return circle_; }
    size_t window_rows() const noexcept { return window_.size(); }

  private:
    void sort();
    bool next_item(std::string &item);

    Spill &spill_;
    bool sorted_;
    const RecordSource &input_;
    KinOrder order_{0, 0};
    std::vector<uint64_t> positions_;   // of the items, with sorted_
    size_t row_ = 0, next_circle_ = 0;  // in the order
    std::vector<std::string> window_;
    size_t next_ = 0;  // in the window
    bool circle_ = false;
};

}  // namespace ferry
