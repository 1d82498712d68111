// A load as the log tells it, for those who repair, read or export its rejects: what it was, how its input
// was written, and who may touch it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/csv/dialect.hpp"
#include "core/encoding.hpp"
#include "load/on_conflict.hpp"
#include "server/boundary.hpp"

namespace ferry {

struct LoggedLoad {
    int64_t load_id = 0;
    std::string target;       // qualified name
    std::string source_kind;  // of the input, for a replay of the load it replays
    std::string source_name;
    std::string status;
    Oid role = InvalidOid;
    OnConflict on_conflict = OnConflict::reject;  // of the load itself
    std::optional<int64_t> replay_of;  // of a replay that was aborted or a dry run, and has its own rejects

    // How its open rejects were read last: by the load, or by the latest replay that was kept. A load of JSON
    // has neither dialect nor columns, one of CSV neither of the next two.
    bool ignores_unknown = false;
    bool strict = false;
    bool csv = false;
    csv::Dialect dialect;
    Encoding encoding = Encoding::utf8;
    bool trims = false;
    bool salvage = false;
    std::string date_format;             // empty for none
    std::optional<char> decimal;         // mark of numbers that are not written as SQL writes them
    std::vector<std::string> also_null;  // texts that are NULL besides the null string
    std::vector<std::string> columns;

    // The good rows of the load are in its table, so that its rejects can join them.
    bool kept() const { return status == "loaded" || status == "partial"; }
};

// The load of this number; a replay that was kept stands for the load whose rejects it took, since those are
// where they were. Raises 42704 when there is none.
LoggedLoad find_load(int64_t load_id);
// The load that a reject belongs to.
LoggedLoad find_load_of_reject(int64_t reject_id);

// Raises 42501 unless the current user is the role that did the load, a member of it or a superuser; the
// second also lets those through who may read all data.
void require_repair(const LoggedLoad &load);
void require_sight(const LoggedLoad &load);

// Waits for others who repair the load and keeps them waiting until the transaction ends. What they did is
// seen by statements that come after. Raises 42704 when the load was deleted meanwhile.
void lock_load(const LoggedLoad &load);

// The load's table. Raises 42P01 when there is none of that name any more.
Oid find_target(const LoggedLoad &load);
// The same, or InvalidOid.
Oid look_for_target(const LoggedLoad &load);

// Raises 55000 when the load left no rows in its table, or 0A000 when it was one of Avro, whose rows cannot
// be read apart from their file.
void require_kept(const LoggedLoad &load);

}  // namespace ferry
