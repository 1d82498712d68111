// Where records come from, one interface for CSV, JSON and Avro. A window is the unit of retry: a stretch of
// records that the source can give again from its start.
#pragma once

#include <string>

#include "core/record.hpp"

namespace ferry {

class RecordSource {
  public:
    virtual ~RecordSource() = default;
    // Reads on to the next window, about `size_hint` bytes of it; false at the end of the input.
    virtual bool next_window(size_t size_hint) = 0;
    // Appends at most `limit` records of the window to `batch`, which the load has cleared; returns how many,
    // 0 at the window's end. What they borrow is valid until the window is left or rewound.
    virtual size_t fill(Batch &batch, size_t limit) = 0;
    // Back to the start of the window.
    virtual void rewind() = 0;
    // Bytes of the input that all windows so far cover.
    virtual uint64_t bytes_read() const = 0;
    // SHA-256 of the input in hexadecimal, once all of it was read; empty before, and where there is none.
    virtual std::string sha256() { return {}; }
};

}  // namespace ferry
