// The rows of a table as Fields, in one snapshot: by the table's own scan where that shows all rows, through
// a query otherwise.
#pragma once

#include <memory>
#include <span>

#include "archive/table_shape.hpp"

namespace ferry {

class RowScan {
  public:
    virtual ~RowScan() = default;
    // The next row; false at the end. The Fields are valid until the next call.
    virtual bool next(std::span<Field> row) = 0;
    // Ends the scan in a transaction that goes on.
    virtual void finish() = 0;
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
