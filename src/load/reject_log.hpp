// The reject log: every refused row whole, with its errors, and one row per load, written to ferry.loads,
// ferry.rejects and ferry.reject_kinds with the rights of the extension's owner; the view ferry.reject_errors
// puts them together. Rejects outlive the rollback of the rows they tell of.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/record.hpp"
#include "load/error_kinds.hpp"
#include "load/reject.hpp"
#include "server/spill.hpp"

namespace ferry {

// One row of ferry.loads.
struct LoadEntry {
    std::string target, source_kind, source_name, source_sha256, options, status;
    TimestampTz started_at = 0, finished_at = 0;
    uint64_t rows_read = 0, rows_loaded = 0, rows_rejected = 0, rows_repaired = 0, bytes_read = 0;
    uint64_t rows_skipped = 0, rows_updated = 0;
    std::optional<int64_t> replay_of;
};

// ferry.rejects.status as a load writes it.
enum class RejectStatus : uint8_t { open, fixed, dismissed };

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
    void hide_values();
    uint64_t kind_of(const RowError &error, const CutMessage &message);
    void clear_window();
    void write_kinds(std::string_view packed);
    void write_rejects(std::string_view packed);
    LogTables &tables();

    int64_t load_id_;
    bool direct_;
    MemoryContext context_;
    Spill spill_;
    ErrorKinds kinds_;
    // Packed for the window that is being loaded: the kinds of error that are new in it, and its rejects.
    std::string window_kinds_, window_;
    std::vector<const RowError *> told_;  // of the reject that is being packed
    std::vector<RowError> hidden_;        // the same without their values, where those are not to be told
    std::vector<uint64_t> numbers_;
    std::unique_ptr<LogTables> tables_;
};

}  // namespace ferry
