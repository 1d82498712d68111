// The way for tables with triggers, partitions, foreign servers or row-level security: INSERT statements, a
// batch at a time.
#pragma once

#include "load/row_writer.hpp"

namespace ferry {

// `table` and `columns` outlive the writer.
std::unique_ptr<RowWriter> make_insert_writer(ExecutorTable &table, const std::vector<PlannedColumn> &columns,
                                              OnConflict on_conflict, const DeferredChecks &deferred);

}  // namespace ferry
