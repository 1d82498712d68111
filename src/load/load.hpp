// A load: records from a source through checker and writer into a table, the bad ones into the reject log,
// the whole counted and reported. CSV, JSON and Avro differ only in the source they hand in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/value/date_format.hpp"
#include "load/column_plan.hpp"
#include "load/reject.hpp"
#include "load/row_writer.hpp"
#include "load/source.hpp"
#include "server/boundary.hpp"

namespace ferry {

// What a bad row means for the load (DESIGN §4).
enum class OnError : uint8_t {
    reject,  // good rows in, bad rows logged
    abort,   // one bad row and nothing stays but the log
    raise,   // one bad row and the statement fails
};

struct LoadOptions {
    OnError on_error = OnError::reject;
    OnConflict on_conflict = OnConflict::reject;
    std::optional<int64_t> reject_limit;   // more rejects than this abort the load
    std::optional<double> reject_percent;  // a larger share of the rows than this aborts it, at its end
    std::optional<value::DateFormat> date_format;  // how dates and times are written that are not in ISO form
    bool strict = false;                           // JSON must be of the columns' own form
    DeferredChecks deferred;                       // when constraints are checked that may be put off
    bool dry_run = false;
    std::string json;  // all options as a JSON object, for ferry.loads
};

// What ferry.loads says of target and input.
struct LoadFacts {
    std::string target;       // qualified name of the table that the load is for
    std::string source_kind;  // "csv file", "csv value", "large object", "json", "avro", "replay"
    std::string source_name;
    uint64_t bytes_total = 0;               // of the input; 0 where nobody knows
    std::optional<int64_t> replay_of = {};  // the load whose rejects are loaded again
    Oid relid = InvalidOid;                 // the target, where rows go to another table first
};

// Hears of every row's fate as it becomes known, but not of rows that on_conflict skips; not always in the
// order of the rows, and again when a row is tried once more: the last word counts.
class LoadObserver {
  public:
    virtual ~LoadObserver() = default;
    // May say more of an error before anybody hears of it.
    virtual void explain(const Record &, RowError &) {}
    virtual void loaded(const Record &record, TupleTableSlot *slot) = 0;
    virtual void rejected(const Record &record, std::span<const RowError> errors) = 0;
};

// What happens around the rows, inside the same subtransaction where there is one: taken back with them.
struct LoadSteps {
    // Before the first row: gives the table that rows are written to, locked with RowExclusiveLock or more
    // and with the caller's rights checked. It is not held open.
    std::function<Oid()> prepare;
    // After the last row, of all loads that run together, when the rows are to stay. Hears how many of the
    // load's rows were rejected.
    std::function<void(uint64_t rejected)> complete = {};
};

struct LoadReport {
    int64_t load_id = 0;
    std::string status;  // "loaded", "partial", "aborted", "dry run"
    bool kept = false;   // the rows loaded are in the table
    uint64_t rows_read = 0, rows_loaded = 0, rows_rejected = 0, rows_repaired = 0, bytes_read = 0;
    uint64_t rows_skipped = 0, rows_updated = 0;  // by on_conflict; the latter are part of rows_loaded
    TimestampTz started_at = 0, finished_at = 0;
};

// All that makes up one load. `columns` names the source's fields in order; they are looked up in the table
// that steps.prepare() gives.
struct Load {
    const LoadSteps &steps;
    const std::vector<std::string> &columns;
    RecordSource &source;
    const LoadFacts &facts;
    const LoadOptions &options;
    LoadObserver *observer = nullptr;
};

// Runs one load and writes its log. Memory does not grow with the input.
LoadReport run_load(const Load &load);

// Runs several, one after the other, whose rows stay together or not at all: where one is aborted or a dry
// run, so are all. Each has its own log, which stays in any case.
std::vector<LoadReport> run_together(std::span<const Load> loads);

// Raises a WARNING when rows were rejected: it says aloud what the report says in a number.
void warn_of_rejects(const LoadReport &report);

// The report as a ferry.load_report row.
Datum report_datum(const LoadReport &report);

}  // namespace ferry
