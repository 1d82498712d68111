// The reject log: every refused row whole, with its errors, and one row per load. While a load runs its
// rejects wait in a temporary file, so that they outlive the rollback of the rows they tell of; at its end
// they are written to ferry.loads, ferry.rejects and ferry.reject_errors with the rights of the extension's
// owner.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/record.hpp"
#include "load/reject.hpp"
#include "server/spill.hpp"

namespace ferry {

// One row of ferry.loads.
struct LoadEntry {
    std::string target, source_kind, source_name, source_sha256, options, status;
    TimestampTz started_at = 0, finished_at = 0;
    uint64_t rows_read = 0, rows_loaded = 0, rows_rejected = 0, rows_repaired = 0, bytes_read = 0;
};

// ferry.rejects.status as a load writes it.
enum class RejectStatus : uint8_t { open, fixed };

class RejectLog {
  public:
    // Takes the next load_id. Made outside every subtransaction of the load.
    RejectLog();

    int64_t load_id() const noexcept { return load_id_; }
    uint64_t count() const noexcept { return spill_.count(); }

    // One rejected record with all its errors, or one that went in repaired with its repairs.
    void add(const Record &record, std::span<const RowError> errors, RejectStatus status);

    // Forgetting the rejects of a stretch that is loaded again.
    Spill::Mark mark() const { return spill_.mark(); }
    void truncate(const Spill::Mark &mark) { spill_.truncate(mark); }

    // Writes the load and all its rejects. The last call.
    void write(const LoadEntry &load);

  private:
    void write_load(const LoadEntry &load);
    void write_rejects();

    int64_t load_id_;
    Spill spill_;
};

}  // namespace ferry
