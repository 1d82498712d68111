// Implements progress.hpp over the backend's own status entry (PostgreSQL: src/backend/utils/activity/
// backend_progress.c), which never raises.
#include "server/progress.hpp"

namespace ferry {

void report_progress(Oid relid, uint64_t bytes, uint64_t bytes_total, uint64_t loaded,
                     uint64_t excluded) noexcept {
    if (MyBEEntry == nullptr || !pgstat_track_activities) return;
    if (MyBEEntry->st_progress_command != PROGRESS_COMMAND_COPY ||
        MyBEEntry->st_progress_command_target != relid)
        pgstat_progress_start_command(PROGRESS_COMMAND_COPY, relid);
    const int index[] = {PROGRESS_COPY_COMMAND,          PROGRESS_COPY_TYPE,
                         PROGRESS_COPY_BYTES_PROCESSED,  PROGRESS_COPY_BYTES_TOTAL,
                         PROGRESS_COPY_TUPLES_PROCESSED, PROGRESS_COPY_TUPLES_EXCLUDED};
    const int64 values[] = {PROGRESS_COPY_COMMAND_FROM, PROGRESS_COPY_TYPE_CALLBACK,
                            static_cast<int64>(bytes),  static_cast<int64>(bytes_total),
                            static_cast<int64>(loaded), static_cast<int64>(excluded)};
    pgstat_progress_update_multi_param(lengthof(index), index, values);
}

void end_progress() noexcept {
    pgstat_progress_end_command();
}

}  // namespace ferry
