// Progress of a load for others to watch: a row of pg_stat_progress_copy, as COPY's own.
#pragma once

#include <cstdint>

#include "server/boundary.hpp"

namespace ferry {

// Reports how far the load into `relid` has come; `bytes_total` is 0 where nobody knows. The first call
// begins the row, and so does the next one after a subtransaction was rolled back, which ends it.
void report_progress(Oid relid, uint64_t bytes, uint64_t bytes_total, uint64_t loaded,
                     uint64_t excluded) noexcept;
void end_progress() noexcept;

}  // namespace ferry
