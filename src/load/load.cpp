// Implements load.hpp. A window of input is loaded inside one subtransaction as if clean; when the server
// objects after all, the window is rolled back and loaded again batch by batch, and a failing batch is halved
// until the culprits stand alone. Windows grow while the input is clean, so that a large clean file needs few
// subtransactions. Rows that wait for a parent in their own table come last, as a source of their own.
#include "load/load.hpp"

#include <algorithm>
#include <deque>

#include "load/postponed_rows.hpp"
#include "load/reject_log.hpp"
#include "load/row_checker.hpp"
#include "load/sequences.hpp"
#include "server/error_context.hpp"
#include "server/progress.hpp"
#include "server/relation.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

constexpr size_t first_window = size_t{256} << 10U;
constexpr size_t largest_window = size_t{16} << 20U;
constexpr size_t largest_rejects = size_t{8} << 20U;
// A batch's fields are to stay in the processor's cache: ten times as many make a wide table slower than
// COPY.
constexpr size_t most_rows = 500, most_cells = 16384;
// As long as more rows wait, and a pass over them in the order of the input lets many of them in, it is done
// again: only the rest is sorted, in memory.
constexpr uint64_t most_sorted = 500000;
constexpr std::string_view circle_hint =
    "The row is one of a circle of rows that refer to each other, and one of them is refused for this.";
// How many rejects the error of on_error => 'raise' shows.
constexpr size_t shown_rejects = 5;

size_t batch_rows(Relation rel) {
    const auto attributes = static_cast<size_t>(std::max<int>(RelationGetDescr(rel)->natts, 1));
    return std::clamp(most_cells / attributes, size_t{16}, most_rows);
}

struct Counts {
    uint64_t read = 0, loaded = 0, rejected = 0, repaired = 0, skipped = 0, updated = 0;
};

// One table being loaded. Its server resources belong to the subtransaction it was made in, if any: after a
// rollback they are gone and finish() is not called.
class Loader {
  public:
    Loader(Relation rel, const std::vector<PlannedColumn> &columns, const Load &load, RejectLog &log)
        : source_(&load.source),
          log_(log),
          facts_(load.facts),
          options_(load.options),
          observer_(load.observer),
          rel_(rel),
          table_(rel),
          writer_(make_row_writer(table_, columns, options_.on_conflict, options_.deferred)),
          checker_(table_, columns, writer_->duties(),
                   options_.date_format ? &*options_.date_format : nullptr, options_.strict),
          sequences_(rel, columns),
          capacity_(batch_rows(rel)),
          slots_(rel),
          progress_(facts_.source_kind == "avro" ? Deed::restore : Deed::load,
                    OidIsValid(facts_.relid) ? facts_.relid : RelationGetRelid(rel), facts_.bytes_total) {}

    void load_all();
    // The last call in a transaction that goes on. Gives what the sequences are to pass.
    OwnedSequences finish();
    const Counts &counts() const noexcept { return counts_; }
    bool limit_crossed() const noexcept { return limit_crossed_; }
    [[noreturn]] void raise_rejects() const;

  private:
    void load_windows();
    void load_postponed();
    void load_window();
    void load_window_whole();
    void load_window_in_batches();
    bool next_batch();
    void check_batch();
    void write_rows(std::span<const uint32_t> rows, bool carefully);
    void tell_conflicts_of_bad_rows();
    void complete_error(RowError &error) const;
    void write_halving(std::span<const uint32_t> rows);
    void settle_batch();
    void locate(std::span<RowError> errors) const;
    void explain(std::span<RowError> errors) const;
    void settle_row(uint32_t r, std::span<const RowError> errors, std::span<const RowError> notes);
    void settle_loaded_row(uint32_t r, std::span<const RowError> notes);
    void tell_repairs();
    void sort_by_row(std::vector<RowError> &errors);

    RecordSource *source_;
    RejectLog &log_;
    const LoadFacts &facts_;
    const LoadOptions &options_;
    LoadObserver *observer_;
    Relation rel_;
    ExecutorTable table_;
    std::unique_ptr<RowWriter> writer_;
    RowChecker checker_;
    OwnedSequences sequences_;
    size_t capacity_;
    SlotArray slots_;
    ScopedContext scratch_{"ferry load window"};
    Batch batch_;
    Outcome outcome_;
    std::vector<RowError> notes_, sorted_;
    std::vector<uint64_t> order_;
    std::vector<bool> bad_, skipped_, updated_, waiting_;
    std::vector<uint32_t> good_;
    std::vector<std::string> first_rejects_;
    std::unique_ptr<PostponedRows> postponed_ = std::make_unique<PostponedRows>();
    Counts counts_;
    Progress progress_;
    size_t window_size_ = first_window;
    bool whole_ = false;  // the batch goes in at one stroke or not at all
    bool limit_crossed_ = false;
};

void Loader::load_all() {
    const std::string what = "load into " + qualified_name(rel_);
    const ErrorContext context(what, counts_.read);
    load_windows();
    if (postponed_->count() > 0) load_postponed();
}

void Loader::load_windows() {
    while (!limit_crossed_ && source_->next_window(window_size_)) load_window();
}

// Every row that still waits, again in the order of the input, then parents first. Rows in a circle are a
// batch of their own.
void Loader::load_postponed() {
    const RecordSource &input = *source_;
    for (uint64_t before = UINT64_MAX;
         !limit_crossed_ && postponed_->count() > most_sorted && postponed_->count() < before / 2;) {
        before = postponed_->count();
        const auto rows = std::exchange(postponed_, std::make_unique<PostponedRows>());
        PostponedSource source(*rows, false, input);
        source_ = &source;
        load_windows();
    }
    writer_->end_waiting();
    PostponedSource source(*postponed_, true, input);
    source_ = &source;
    while (!limit_crossed_ && source.next_window(window_size_)) {
        whole_ = source.is_circle();
        capacity_ = whole_ ? source.window_rows() : batch_rows(rel_);
        load_window();
    }
}

OwnedSequences Loader::finish() {
    writer_->finish();
    slots_.finish();
    table_.finish();
    close_table(rel_);
    return std::move(sequences_);
}

void Loader::load_window() {
    scratch_.reset();
    const ContextSwitch into(scratch_.get());
    const Counts before = counts_;
    const size_t shown = first_rejects_.size();
    const ServerError *error = in_subtransaction([&] {
        load_window_whole();
        writer_->keep();
        return true;
    });
    if (error == nullptr) {
        window_size_ = std::min(window_size_ * 2, largest_window);
    } else {
        writer_->rolled_back();
        log_.forget_window();
        postponed_->forget_window();
        counts_ = before;
        first_rejects_.resize(shown);
        source_->rewind();
        load_window_in_batches();
        window_size_ = std::max(window_size_ / 4, first_window);
    }
    // What a window rejects or puts off waits in memory: much of it asks for smaller windows.
    if (log_.keep_window() + postponed_->keep_window() > largest_rejects)
        window_size_ = std::max(window_size_ / 2, first_window);
    limit_crossed_ =
        options_.reject_limit && counts_.rejected > static_cast<uint64_t>(*options_.reject_limit);
    writer_->relieve();
}

void Loader::load_window_whole() {
    while (next_batch()) {
        check_batch();
        write_rows(good_, false);
        settle_batch();
    }
}

// The careful way: every batch in its own subtransaction, parents' locks taken outside of it.
void Loader::load_window_in_batches() {
    while (next_batch()) {
        check_batch();
        writer_->keep();
        const std::vector<uint32_t> good = good_;
        write_halving(good);
        settle_batch();
    }
}

bool Loader::next_batch() {
    check_interrupts();
    progress_.report(source_->bytes_read(), counts_.loaded, counts_.rejected);
    batch_.clear(checker_.columns().size());
    return source_->fill(batch_, capacity_) > 0;
}

void Loader::check_batch() {
    const size_t rows = batch_.records.size();
    slots_.reserve(rows);
    const auto slots = slots_.all().first(rows);
    slots_.clear(rows);
    outcome_.clear();
    checker_.check(batch_, slots, outcome_.errors);
    writer_->check(slots, outcome_.errors);
    bad_.assign(rows, false);
    for (const RowError &error : outcome_.errors) bad_[error.row] = true;
    good_.clear();
    for (uint32_t r = 0; r < rows; ++r)
        if (!bad_[r]) good_.push_back(r);
}

void Loader::write_rows(std::span<const uint32_t> rows, bool carefully) {
    if (!rows.empty()) writer_->write(slots_.all(), rows, carefully, outcome_);
}

// Rows that are refused already may stand in the way of a unique key as well: every error of every row is
// told.
void Loader::tell_conflicts_of_bad_rows() {
    std::vector<uint32_t> bad;
    for (uint32_t r = 0; r < batch_.records.size(); ++r)
        if (bad_[r] && !checker_.unreadable(r)) bad.push_back(r);
    if (!bad.empty()) writer_->probe(slots_.all(), bad, outcome_.errors);
}

// An error that names a column belongs to its field.
void Loader::complete_error(RowError &error) const {
    const std::vector<PlannedColumn> &columns = checker_.columns();
    if (error.column < 0) {
        const auto column = std::ranges::find(columns, error.column_name, &PlannedColumn::name);
        if (column == columns.end()) return;
        error.column = static_cast<int>(column - columns.begin());
    }
    const PlannedColumn &column = columns[static_cast<size_t>(error.column)];
    if (error.column_type.empty()) error.column_type = column.type_name;
    if (!error.value) error.value = field_text(batch_.row(error.row)[static_cast<size_t>(error.column)]);
}

void Loader::write_halving(std::span<const uint32_t> rows) {
    if (rows.empty()) return;
    const Outcome::Mark mark = outcome_.mark();
    ServerError *error = in_subtransaction([&] {
        write_rows(rows, !whole_);
        writer_->keep();
        return true;
    });
    if (error == nullptr) return;
    writer_->rolled_back();
    outcome_.back_to(mark);
    if (rows.size() == 1 || whole_) {
        for (const uint32_t row : rows) {
            outcome_.errors.push_back(describe_server_error(row, -1, error));
            if (rows.size() > 1) outcome_.errors.back().hint = circle_hint;
        }
        return;
    }
    write_halving(rows.first(rows.size() / 2));
    write_halving(rows.subspan(rows.size() / 2));
}

// The errors of a row stay in the order in which they were found.
void Loader::sort_by_row(std::vector<RowError> &errors) {
    if (std::ranges::is_sorted(errors, {}, &RowError::row)) return;
    order_.resize(errors.size());
    for (size_t i = 0; i < errors.size(); ++i) order_[i] = uint64_t{errors[i].row} << 32U | i;
    std::ranges::sort(order_);
    sorted_.clear();
    for (const uint64_t item : order_) sorted_.push_back(std::move(errors[item & UINT32_MAX]));
    errors.swap(sorted_);
}

// Repairs are told with the row's errors, or alone when it has none.
void Loader::tell_repairs() {
    notes_.clear();
    for (const Repair &repair : batch_.repairs) {
        RowError note;
        note.row = repair.record;
        note.cls = code_info(repair.code).cls;
        note.sqlstate = code_info(Code::repaired).sqlstate;
        note.message = "repaired: " + std::string(repair.text);
        notes_.push_back(std::move(note));
    }
}

// Counts the batch, logs its bad and its repaired rows and tells the observer, in the order of the records.
void Loader::settle_batch() {
    tell_conflicts_of_bad_rows();
    std::vector<RowError> &errors = outcome_.errors;
    for (RowError &error : errors) complete_error(error);
    tell_repairs();
    sort_by_row(errors);
    skipped_.assign(batch_.records.size(), false);
    updated_.assign(batch_.records.size(), false);
    waiting_.assign(batch_.records.size(), false);
    for (const uint32_t row : outcome_.skipped) skipped_[row] = true;
    for (const uint32_t row : outcome_.updated) updated_[row] = true;
    for (const Waiting &row : outcome_.waiting) {
        waiting_[row.row] = true;
        postponed_->add(batch_, row);
    }
    for (uint32_t r = 0, next = 0, note = 0; r < batch_.records.size(); ++r) {
        const size_t first = next, first_note = note;
        while (next < errors.size() && errors[next].row == r) ++next;
        while (note < notes_.size() && notes_[note].row == r) ++note;
        locate({errors.data() + first, next - first});
        explain({errors.data() + first, next - first});
        settle_row(r, {errors.data() + first, next - first}, {notes_.data() + first_note, note - first_note});
    }
}

// Tells of a row's errors where in the row they are.
void Loader::locate(std::span<RowError> errors) const {
    if (errors.empty()) return;
    const uint32_t row = errors.front().row;
    const std::vector<std::optional<size_t>> places = source_->locate(batch_.records[row], batch_.row(row));
    for (RowError &error : errors) {
        if (error.column >= 0)
            error.position = places[static_cast<size_t>(error.column)];
        else if (error.cls == ErrorClass::structure && !error.position)
            error.position = places.back();
    }
}

void Loader::explain(std::span<RowError> errors) const {
    if (observer_ == nullptr) return;
    for (RowError &error : errors) observer_->explain(batch_.records[error.row], error);
}

void Loader::settle_row(uint32_t r, std::span<const RowError> errors, std::span<const RowError> notes) {
    if (waiting_[r]) return;
    const Record &record = batch_.records[r];
    ++counts_.read;
    if (skipped_[r]) {
        ++counts_.skipped;
        // What a replay leaves out has to be told apart from what it loads.
        if (facts_.replay_of) log_.add(record, {}, notes, RejectStatus::dismissed);
        return;
    }
    if (errors.empty()) {
        settle_loaded_row(r, notes);
        return;
    }
    ++counts_.rejected;
    log_.add(record, errors, notes, RejectStatus::open);
    if (first_rejects_.size() < shown_rejects)
        first_rejects_.push_back("record " + std::to_string(record.number) + ": " + errors.front().message);
    if (observer_ != nullptr) observer_->rejected(record, errors);
}

void Loader::settle_loaded_row(uint32_t r, std::span<const RowError> notes) {
    const Record &record = batch_.records[r];
    ++counts_.loaded;
    if (updated_[r]) ++counts_.updated;
    sequences_.see(slots_[r]);
    if (!notes.empty()) {
        ++counts_.repaired;
        log_.add(record, {}, notes, RejectStatus::fixed);
    }
    if (observer_ != nullptr) observer_->loaded(record, slots_[r]);
}

void Loader::raise_rejects() const {
    Error error{Code::reject_limit, std::to_string(counts_.rejected) + " of " + std::to_string(counts_.read) +
                                        (counts_.read == 1 ? " row" : " rows") +
                                        (counts_.rejected == 1 ? " is" : " are") +
                                        " not valid, nothing was loaded"};
    for (const std::string &reject : first_rejects_)
        error.detail += (error.detail.empty() ? "" : "\n") + reject;
    error.hint =
        "With on_error => 'reject' the good rows are loaded and the bad ones logged in ferry.rejects.";
    fail(std::move(error));
}

// A load from its first step to its log.
class LoadRun {
  public:
    // Made outside every subtransaction of the load. With `may_be_taken_back` its rows can still go.
    LoadRun(const Load &load, bool may_be_taken_back) : load_(load), log_(may_be_taken_back) {}

    void load();
    // Whether the rows are to stay, as far as this load goes.
    bool wants_rows() const noexcept { return !aborted_ && !load_.options.dry_run; }
    // When they are. Sequences are not transactional: where they can wait they move last of all.
    void advance_sequences() { sequences_->advance(); }
    // The last step around the rows, which may still fail.
    void complete();
    // Writes the log, when it is settled whether the rows stay.
    LoadReport end(bool stays, bool aborted);
    bool aborted() const noexcept { return aborted_; }

  private:
    std::string status(bool aborted) const;
    void write_log(const LoadReport &report);

    const Load &load_;
    RejectLog log_;
    std::optional<OwnedSequences> sequences_;
    Counts counts_;
    bool aborted_ = false;
    TimestampTz started_at_ = GetCurrentTimestamp();
};

// Whether rows that went in may have to come out again.
bool may_take_back(const LoadOptions &options) {
    return options.dry_run || options.reject_limit || options.reject_percent ||
           options.on_error != OnError::reject;
}

void LoadRun::load() {
    Relation rel = open_table(load_.steps.prepare(), RowExclusiveLock);
    const std::vector<PlannedColumn> columns = plan_columns(rel, load_.columns);
    const LoadOptions &options = load_.options;
    Loader loader(rel, columns, load_, log_);
    loader.load_all();
    counts_ = loader.counts();
    if (counts_.rejected > 0 && options.on_error == OnError::raise) loader.raise_rejects();
    const bool too_large_a_share =
        options.reject_percent && 100.0 * static_cast<double>(counts_.rejected) >
                                      *options.reject_percent * static_cast<double>(counts_.read);
    aborted_ = loader.limit_crossed() || too_large_a_share ||
               (counts_.rejected > 0 && options.on_error == OnError::abort);
    sequences_ = loader.finish();
}

void LoadRun::complete() {
    if (!aborted_ && load_.steps.complete) load_.steps.complete(counts_.rejected);
}

std::string LoadRun::status(bool aborted) const {
    if (aborted) return "aborted";
    if (load_.options.dry_run) return "dry run";
    return counts_.rejected > 0 ? "partial" : "loaded";
}

LoadReport LoadRun::end(bool stays, bool aborted) {
    LoadReport report;
    report.load_id = log_.load_id();
    report.started_at = started_at_;
    report.status = status(aborted);
    report.rows_read = counts_.read;
    report.kept = stays;
    report.rows_loaded = aborted ? 0 : counts_.loaded;
    report.rows_rejected = counts_.rejected;
    report.rows_repaired = aborted ? 0 : counts_.repaired;
    report.rows_skipped = aborted ? 0 : counts_.skipped;
    report.rows_updated = aborted ? 0 : counts_.updated;
    report.bytes_read = load_.source.bytes_read();
    report.finished_at = GetCurrentTimestamp();
    end_progress();
    write_log(report);
    return report;
}

void LoadRun::write_log(const LoadReport &report) {
    LoadEntry entry;
    entry.target = load_.facts.target;
    entry.source_kind = load_.facts.source_kind;
    entry.source_name = load_.facts.source_name;
    entry.source_sha256 = load_.source.sha256();
    entry.options = load_.options.json;
    entry.status = report.status;
    entry.started_at = report.started_at;
    entry.finished_at = report.finished_at;
    entry.rows_read = report.rows_read;
    entry.rows_loaded = report.rows_loaded;
    entry.rows_rejected = report.rows_rejected;
    entry.rows_repaired = report.rows_repaired;
    entry.bytes_read = report.bytes_read;
    entry.rows_skipped = report.rows_skipped;
    entry.rows_updated = report.rows_updated;
    entry.replay_of = load_.facts.replay_of;
    log_.write(entry);
}

void done_or_throw(ServerError *error) {
    if (error != nullptr) throw PgError{error};
}

}  // namespace

LoadReport run_load(const Load &load) {
    LoadRun run(load, may_take_back(load.options));
    const auto load_rows = [&run] {
        run.load();
        if (run.wants_rows()) run.advance_sequences();
        run.complete();
        return run.wants_rows();
    };
    if (may_take_back(load.options))
        done_or_throw(in_subtransaction(load_rows));
    else
        load_rows();
    return run.end(run.wants_rows(), run.aborted());
}

std::vector<LoadReport> run_together(std::span<const Load> loads) {
    std::deque<LoadRun> runs;
    for (const Load &load : loads) runs.emplace_back(load, true);
    bool stay = false;
    done_or_throw(in_subtransaction([&] {
        for (LoadRun &run : runs) run.load();
        // Where nothing stays for the rows of one, the others' last steps have nothing to say.
        if (std::ranges::none_of(runs, &LoadRun::aborted))
            for (LoadRun &run : runs) run.complete();
        stay = std::ranges::all_of(runs, &LoadRun::wants_rows);
        if (stay)
            for (LoadRun &run : runs) run.advance_sequences();
        return stay;
    }));
    const bool aborted = std::ranges::any_of(runs, &LoadRun::aborted);
    std::vector<LoadReport> reports;
    for (LoadRun &run : runs) reports.push_back(run.end(stay, aborted));
    return reports;
}

void warn_of_rejects(const LoadReport &report) {
    const bool aborted = report.status == "aborted";
    if (!aborted && report.status != "partial") return;
    const auto rejected = static_cast<unsigned long long>(report.rows_rejected);
    const auto read = static_cast<unsigned long long>(report.rows_read);
    const auto load = static_cast<long long>(report.load_id);
    pg_call([&] {
        ereport(WARNING, errcode(ERRCODE_WARNING),
                aborted ? errmsg("load %lld was aborted and no row was loaded", load)
                        : errmsg_plural("%llu of %llu rows was rejected", "%llu of %llu rows were rejected",
                                        rejected, rejected, read),
                aborted ? errdetail_plural("%llu row was rejected.", "%llu rows were rejected.", rejected,
                                           rejected)
                        : 0,
                errhint("See SELECT * FROM ferry.reject_summary(%lld).", load));
    });
}

Datum report_datum(const LoadReport &report) {
    return pg_call([&] {
        const Oid type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("load_report"),
                                         ObjectIdGetDatum(get_namespace_oid("ferry", false)));
        TupleDesc descriptor = lookup_rowtype_tupdesc(type, -1);
        auto *elapsed = static_cast<Interval *>(palloc0(sizeof(Interval)));
        elapsed->time = report.finished_at - report.started_at;
        Datum values[] = {Int64GetDatum(report.load_id),
                          CStringGetTextDatum(report.status.c_str()),
                          Int64GetDatum(static_cast<int64>(report.rows_read)),
                          Int64GetDatum(static_cast<int64>(report.rows_loaded)),
                          Int64GetDatum(static_cast<int64>(report.rows_rejected)),
                          Int64GetDatum(static_cast<int64>(report.rows_repaired)),
                          Int64GetDatum(static_cast<int64>(report.bytes_read)),
                          IntervalPGetDatum(elapsed),
                          Int64GetDatum(static_cast<int64>(report.rows_skipped)),
                          Int64GetDatum(static_cast<int64>(report.rows_updated))};
        bool nulls[lengthof(values)] = {};
        HeapTuple tuple = heap_form_tuple(descriptor, values, nulls);
        ReleaseTupleDesc(descriptor);
        return HeapTupleGetDatum(tuple);
    });
}

}  // namespace ferry
