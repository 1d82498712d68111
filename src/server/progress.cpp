// Implements progress.hpp over the backend's own status entry (PostgreSQL: src/backend/utils/activity/
// backend_progress.c), which never raises.
#include "server/progress.hpp"

namespace ferry {
namespace {

// The last parameters of a row, which COPY leaves at zero: param19 and param20 for those who read them.
constexpr int deed_parameter = PGSTAT_NUM_PROGRESS_PARAM - 2;
constexpr int start_parameter = PGSTAT_NUM_PROGRESS_PARAM - 1;

}  // namespace

Progress::Progress(Deed deed, Oid relid, uint64_t bytes_total) noexcept
    : deed_(deed), relid_(relid), bytes_total_(bytes_total), started_at_(GetCurrentTimestamp()) {}

void Progress::report(uint64_t bytes, uint64_t rows, uint64_t rejected) const noexcept {
    if (MyBEEntry == nullptr || !pgstat_track_activities) return;
    if (MyBEEntry->st_progress_command != PROGRESS_COMMAND_COPY ||
        MyBEEntry->st_progress_command_target != relid_)
        pgstat_progress_start_command(PROGRESS_COMMAND_COPY, relid_);
    const int command = deed_ == Deed::backup ? PROGRESS_COPY_COMMAND_TO : PROGRESS_COPY_COMMAND_FROM;
    const int index[] = {PROGRESS_COPY_COMMAND,
                         PROGRESS_COPY_TYPE,
                         PROGRESS_COPY_BYTES_PROCESSED,
                         PROGRESS_COPY_BYTES_TOTAL,
                         PROGRESS_COPY_TUPLES_PROCESSED,
                         PROGRESS_COPY_TUPLES_EXCLUDED,
                         deed_parameter,
                         start_parameter};
    const int64 values[] = {command,
                            PROGRESS_COPY_TYPE_CALLBACK,
                            static_cast<int64>(bytes),
                            static_cast<int64>(bytes_total_),
                            static_cast<int64>(rows),
                            static_cast<int64>(rejected),
                            static_cast<int64>(deed_),
                            started_at_};
    pgstat_progress_update_multi_param(lengthof(index), index, values);
}

void end_progress() noexcept {
    pgstat_progress_end_command();
}

}  // namespace ferry
