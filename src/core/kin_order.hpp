// The order in which rows that refer to each other can be written: parents before their children, and rows
// that refer to each other in a circle at one stroke. Rows are known by hashes of their keys alone: a clash
// of two hashes makes a row wait for nothing, no more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace ferry {

// What a row is known by in one foreign key of a table on itself, and what it refers to: hashes, 0 for none.
struct Kin {
    uint64_t own = 0;
    uint64_t parent = 0;
};

class KinOrder {
  public:
    struct Circle {
        size_t first, rows;  // a run of the order
    };

    // Every row has so many Kin; about so many rows will come.
    KinOrder(size_t keys, size_t rows) : keys_(keys) { kin_.reserve(keys * rows); }

    void add(std::span<const Kin> row) { kin_.insert(kin_.end(), row.begin(), row.end()); }

    // Sorts the rows added so far, numbered from 0: order()[i] is the i-th to be written. Of rows with the
    // same key the earlier comes first; what nothing here is a parent of comes as soon as it can. Takes time
    // and memory in proportion to the rows, and calls `pause` now and then, which may throw.
    void sort(const std::function<void()> &pause);
    const std::vector<uint32_t> &order() const noexcept { return order_; }
    // The runs that have to be written at once, in their order. Where circles hang together by other keys
    // they are one run.
    const std::vector<Circle> &circles() const noexcept { return circles_; }

  private:
    // Rows by one of their hashes.
    struct Entry {
        uint64_t hash;
        uint32_t row;
    };
    using Index = std::vector<Entry>;

    size_t rows() const noexcept { return keys_ == 0 ? 0 : kin_.size() / keys_; }
    const Kin &kin(uint32_t row, size_t key) const { return kin_[row * keys_ + key]; }
    template <typename F>
    void each_needed(uint32_t row, F f) const;
    template <typename F>
    void each_waiting(uint32_t row, F f) const;
    void pause_sometimes() {
        if (++steps_ % 4096 == 0) (*pause_)();
    }
    void take(uint32_t row);
    void take_all_ready();
    std::vector<uint32_t> circular_rows();
    void take_circles();

    size_t keys_;
    std::vector<Kin> kin_;
    std::vector<Index> owners_, children_;  // one of each per key, sorted by hash and row
    std::vector<uint32_t> waits_;           // for so many rows
    std::vector<bool> taken_;
    std::vector<uint32_t> ready_;
    const std::function<void()> *pause_ = nullptr;
    uint64_t steps_ = 0;
    std::vector<uint32_t> order_;
    std::vector<Circle> circles_;
};

}  // namespace ferry
