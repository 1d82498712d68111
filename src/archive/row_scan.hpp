// The rows of a table as Fields, in one snapshot: by the table's own scan where that shows all rows, through
// a query otherwise.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "archive/table_shape.hpp"

namespace ferry {

class RowScan {
  public:
    virtual ~RowScan() = default;
    // Reads on and tells how many rows there are now, 0 at the end. They are valid until the next call.
    virtual size_t next() = 0;
    // One of them, in the table's columns.
    std::span<const Field> row(size_t i) const noexcept { return {fields_.data() + i * width_, width_}; }
    // Ends the scan in a transaction that goes on.
    virtual void finish() = 0;

  protected:
    explicit RowScan(size_t width);

    size_t width_, most_;        // columns of a row, rows at once
    std::vector<Field> fields_;  // of so many rows
};

// `rel` is open with AccessShareLock or more; the caller's right to read it was checked. `snapshot` is
// registered or active until finish(). Text is written under the settings in force.
std::unique_ptr<RowScan> scan_rows(Relation rel, const avro::Table &table, Snapshot snapshot);

// True when several processes may scan it together, each a part of its blocks: a plain table that all of them
// see, whose values are written by functions that may run in any of them.
bool may_share_scan(Relation rel);
// Memory for such a scan, what to put there, and one process's part of it.
size_t shared_scan_size(Relation rel, Snapshot snapshot);
void start_shared_scan(Relation rel, Snapshot snapshot, void *memory);
std::unique_ptr<RowScan> join_shared_scan(Relation rel, const avro::Table &table, void *memory);

}  // namespace ferry
