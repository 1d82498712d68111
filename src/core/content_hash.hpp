// A hash of a table's content that does not depend on the order of its rows: what a backup records and a
// restore compares. It is taken over Fields, so it is the same whatever file or codec the rows travelled
// through.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/record.hpp"

namespace ferry {

// Finds differences that accidents make; it is no defence against someone who makes rows to fit. Trivially
// copyable, so that processes can hand it to each other.
class ContentHash {
  public:
    // Adds one row; absent counts as null.
    void add(std::span<const Field> row) noexcept;
    // Adds all rows of another hash: a table may be hashed in pieces.
    void add(const ContentHash &piece) noexcept {
        low_ += piece.low_;
        high_ += piece.high_;
        rows_ += piece.rows_;
    }
    uint64_t rows() const noexcept { return rows_; }
    // 32 lower-case hexadecimal digits.
    std::string text() const;

  private:
    uint64_t low_ = 0, high_ = 0;  // sums of two independent 64-bit row hashes
    uint64_t rows_ = 0;
};

}  // namespace ferry
