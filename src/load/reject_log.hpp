// The reject log: every refused row whole, with its errors, and one row per load, written to ferry.loads,
// ferry.rejects and ferry.reject_errors with the rights of the extension's owner. Rejects outlive the
// rollback of the rows they tell of.
#pragma once

#include <memory>
#include <span>
#include <string>

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

class LogTables;

class RejectLog {
  public:
    // Takes the next load_id. Made outside every subtransaction of the load. With `may_be_taken_back` the
    // rejects wait in a temporary file until write(), because a rollback of the rows must not take them
    // along; else each window's go to the tables as soon as the window stands.
    explicit RejectLog(bool may_be_taken_back);
    ~RejectLog();
    RejectLog(const RejectLog &) = delete;
    RejectLog &operator=(const RejectLog &) = delete;

    int64_t load_id() const noexcept { return load_id_; }

    // One record with all that is told of it: a rejected one with its errors and then its repairs, or one
    // that went in repaired.
    void add(const Record &record, std::span<const RowError> errors, std::span<const RowError> repairs,
             RejectStatus status);

    // The window's rows stand, or are loaded again. Both outside of the window's subtransaction. The first
    // returns how many bytes of rejects it brought.
    size_t keep_window();
    void forget_window();

    // Writes the load and all its rejects. The last call.
    void write(const LoadEntry &load);

  private:
    void write_load(const LoadEntry &load);
    void write_packed(std::string_view packed);
    LogTables &tables();

    int64_t load_id_;
    bool direct_;
    MemoryContext context_;
    Spill spill_;
    std::string window_;  // the packed rejects of the window that is being loaded
    std::unique_ptr<LogTables> tables_;
};

}  // namespace ferry
