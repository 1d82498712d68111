// What runs now, for others to watch: a row of pg_stat_progress_copy, as COPY's own, that says besides what
// it is and since when. ferry.progress() reads it.
#pragma once

#include <cstdint>

#include "server/boundary.hpp"

namespace ferry {

// The numbers are those that ferry.progress() knows (src/sql/ferry/60_progress.sql).
enum class Deed : uint8_t { load = 1, backup = 2, restore = 3 };

class Progress {
  public:
    // Of `deed` on `relid`, from now on; `bytes_total` is 0 where nobody knows.
    Progress(Deed deed, Oid relid, uint64_t bytes_total = 0) noexcept;

    // How far it has come. The first call begins the row, and so does the next one after a subtransaction was
    // rolled back, which ends it. An error ends it too.
    void report(uint64_t bytes, uint64_t rows, uint64_t rejected) const noexcept;

  private:
    Deed deed_;
    Oid relid_;
    uint64_t bytes_total_;
    TimestampTz started_at_;
};

void end_progress() noexcept;

}  // namespace ferry
