// The repair of rejects: loading them again after the cause was mended, correcting one, giving one up. What
// becomes of a reject is written to the log with the rights of its owner, in the transaction of the repair.
#pragma once

#include <optional>
#include <string>

#include "load/json_batch.hpp"
#include "load/load.hpp"
#include "load/logged_load.hpp"

namespace ferry {

// What is read otherwise than the last time; what is empty stays as it was.
struct ReplayOptions {
    std::optional<std::string> date_format, null_string;
    std::optional<std::vector<std::string>> also_null;
    std::optional<char> decimal;  // '.' or ','
    std::optional<char> delimiter, quote, escape;
    std::optional<Encoding> encoding;
    std::optional<bool> salvage;
    OnError on_error = OnError::reject;
    std::optional<OnConflict> on_conflict;  // empty: as the load had it
    bool dry_run = false;
};

// Loads the open rejects of a load again, as a load of its own. Rows that go in leave their rejects reloaded;
// the others stay open under the load that they belong to, with the errors that they have now. After an
// aborted replay or a dry run all rejects are as before. Rows that on_conflict leaves out are dismissed. The
// caller's right to repair was checked. Raises 0A000 and 55000 as require_kept(), 42P01 when the table is
// gone, 42501 without the right to insert, 22023 for options of CSV where the load had JSON.
LoadReport replay_rejects(LoggedLoad load, const ReplayOptions &options);

// Rejects of the load that are open, but whose rows were not kept in the log: they cannot be replayed.
uint64_t count_open_without_row(const LoggedLoad &load);

// Inserts a corrected row, a JSON object, in place of an open reject of this load, which is then fixed; or
// tells in the answer why not, and the reject is as before. Raises 55000 when the reject is not open.
BatchResult fix_reject(const LoggedLoad &load, int64_t reject_id, const std::string &row);

// Gives an open reject of this load up. Raises 55000 when it is not open.
void dismiss_reject(const LoggedLoad &load, int64_t reject_id, const std::optional<std::string> &reason);

}  // namespace ferry
