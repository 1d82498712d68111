// Where records come from, one interface for CSV, JSON and Avro. A window is the unit of retry: a stretch of
// records that the source can give again from its start.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/record.hpp"

namespace ferry {

// How many bytes of `whole` lie before `part`, when that is a piece of it.
std::optional<size_t> offset_within(std::string_view whole, std::string_view part);

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
    // Where in record.raw each field starts, and as one more entry where the record's structure breaks;
    // nullopt where that is not known. Only refused rows are asked about.
    virtual std::vector<std::optional<size_t>> locate(const Record &record, std::span<const Field> row) const;
};

}  // namespace ferry
