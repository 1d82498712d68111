// Implements insert_writer.hpp. A batch is one INSERT … SELECT: as fast as the server's CopyFrom where that
// one cannot buffer rows, with row-level security, conflicts and stored keys that it knows nothing of.
#include "load/insert_writer.hpp"

#include "server/deferral.hpp"
#include "server/insert_statement.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// So many rows go one by one where they failed together.
constexpr size_t few_rows = 64;

bool has_row_trigger_before(Relation rel) {
    const TriggerDesc *triggers = rel->trigdesc;
    return triggers != nullptr && (triggers->trig_insert_before_row || triggers->trig_insert_instead_row);
}

// True when no trigger and no foreign server can change a row before it is stored, here or in a partition.
bool stores_rows_as_they_are(Relation rel) {
    if (has_row_trigger_before(rel)) return false;
    if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) return rel->rd_rel->relkind == RELKIND_RELATION;
    return pg_call([&] {
        bool plain = true;
        ListCell *cell;
        foreach (cell, find_all_inheritors(RelationGetRelid(rel), AccessShareLock, nullptr)) {
            Relation part = table_open(lfirst_oid(cell), NoLock);
            plain = plain && part->rd_rel->relkind != RELKIND_FOREIGN_TABLE && !has_row_trigger_before(part);
            table_close(part, NoLock);
        }
        return plain;
    });
}

// A batch is one INSERT, with its triggers. What failed before goes in small portions row by row, so that an
// error, or a trigger that keeps a row out, can be told of the right one.
class InsertWriter final : public RowWriter {
  public:
    InsertWriter(ExecutorTable &table, const std::vector<PlannedColumn> &columns, OnConflict on_conflict,
                 const DeferredChecks &deferred);

    void check(std::span<TupleTableSlot *const>, std::vector<RowError> &) override { statement_->forget(); }

    void probe(std::span<TupleTableSlot *const>, std::span<const uint32_t>,
               std::vector<RowError> &) override {}

    void write(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows, bool carefully,
               Outcome &outcome) override {
        rows_.assign(rows.begin(), rows.end());
        // Where parents come first nobody has to ask for them: that is so until something fails.
        asks_ = asks_ || carefully;
        if (self_keys_ && asks_) sort_out(slots, outcome);
        chosen_.clear();
        for (const uint32_t row : rows_) chosen_.push_back(slots[row]);
        fates_.resize(rows_.size());
        // Rows that refer to each other stay together as long as they can.
        const bool singly = carefully && !self_keys_ && rows_.size() <= few_rows;
        const size_t portion = singly ? 1 : rows_.size();
        for (size_t i = 0; i < rows_.size(); i += portion)
            statement_->run(std::span(chosen_).subspan(i, portion), std::span(fates_).subspan(i, portion));
        statement_->deliver();
        for (size_t i = 0; i < rows_.size(); ++i) tell(fates_[i], rows_[i], chosen_[i], outcome);
    }

    void end_waiting() override {
        waits_ = false;
        asks_ = true;
    }
    void keep() override {
        if (self_keys_) self_keys_->keep();
    }
    void rolled_back() override {
        statement_->discard();
        if (self_keys_) self_keys_->rolled_back();
    }
    void finish() override {
        if (immediate_) immediate_->restore();
    }
    Duties duties() const override { return {false, plain_, plain_ && complete_}; }

  private:
    // Where a trigger may change the row or the key may be checked later the server alone can refuse it.
    void sort_out(std::span<TupleTableSlot *const> slots, Outcome &outcome) {
        if (waits_)
            self_keys_->sort_out(slots, rows_, outcome.waiting);
        else if (plain_ && !deferrable_)
            self_keys_->refuse(slots, rows_, outcome.errors);
    }
    void tell(InsertStatement::Fate fate, uint32_t row, TupleTableSlot *slot, Outcome &outcome) const;
    static RowError describe_skipped(uint32_t row);

    bool plain_;     // no trigger, partition or foreign server changes rows before they are stored
    bool complete_;  // every attribute has a field
    bool skips_;     // rows that meet a conflict are left out
    bool foreign_;   // only the foreign server knows why a row did not go in
    std::vector<AttrNumber> unseen_key_;  // attributes that may not be read, though triggers may change them
    std::optional<InsertStatement> statement_;
    std::optional<ImmediateConstraints> immediate_;
    std::optional<SelfKeys> self_keys_;
    bool deferrable_ = false;  // the check of some of them may be put off
    bool waits_ = true;        // rows may wait for their parents
    bool asks_ = false;        // rows are looked at before they are sent
    std::vector<uint32_t> rows_;
    std::vector<TupleTableSlot *> chosen_;
    std::vector<InsertStatement::Fate> fates_;
};

// To be told what was stored one needs the right to read it, which an insert does without.
bool may_return_key(Relation rel) {
    const bool readable = pg_call(
        [&] { return pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_SELECT) == ACLCHECK_OK; });
    return readable && rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE && !row_security_applies(rel);
}

InsertWriter::InsertWriter(ExecutorTable &table, const std::vector<PlannedColumn> &columns,
                           OnConflict on_conflict, const DeferredChecks &deferred)
    : plain_(stores_rows_as_they_are(table.rel())),
      complete_(columns.size() == loadable_columns(table.rel()).size()),
      skips_(on_conflict != OnConflict::reject),
      foreign_(table.rel()->rd_rel->relkind == RELKIND_FOREIGN_TABLE) {
    const Relation rel = table.rel();
    const std::vector<AttrNumber> numbers = column_numbers(columns);
    if (on_conflict == OnConflict::update) skips_ = overwritten(rel, numbers).empty();
    std::vector<AttrNumber> key = primary_key(rel);
    if (!may_return_key(rel)) {
        if (!plain_) unseen_key_ = key;
        key.clear();
    }
    statement_.emplace(rel, numbers, conflict_clause(rel, numbers, on_conflict), std::move(key));
    if (deferred.now) immediate_.emplace(rel, deferred.coming);
    const bool all_now = immediate_ && immediate_->violation() == nullptr;
    const std::vector<Oid> constraints = SelfKeys::find(rel, all_now);
    if (!constraints.empty()) self_keys_.emplace(rel, constraints, on_conflict == OnConflict::update);
    deferrable_ = !all_now && SelfKeys::any_deferrable(constraints);
}

void InsertWriter::tell(InsertStatement::Fate fate, uint32_t row, TupleTableSlot *slot,
                        Outcome &outcome) const {
    switch (fate) {
        case InsertStatement::Fate::updated:
            outcome.updated.push_back(row);
            break;
        case InsertStatement::Fate::inserted:
            break;
        default:
            if (skips_ && (foreign_ || fate == InsertStatement::Fate::conflicted))
                outcome.skipped.push_back(row);
            else
                outcome.errors.push_back(describe_skipped(row));
            return;
    }
    for (const AttrNumber number : unseen_key_) slot->tts_isnull[number - 1] = true;
}

// COPY passes over such rows in silence; here no row is lost without a word.
RowError InsertWriter::describe_skipped(uint32_t row) {
    RowError error;
    error.row = row;
    error.cls = ErrorClass::trigger;
    error.sqlstate = code_info(Code::row_skipped).sqlstate;
    error.message = "row was not inserted because a trigger skipped it";
    return error;
}

}  // namespace

std::unique_ptr<RowWriter> make_insert_writer(ExecutorTable &table, const std::vector<PlannedColumn> &columns,
                                              OnConflict on_conflict, const DeferredChecks &deferred) {
    return std::make_unique<InsertWriter>(table, columns, on_conflict, deferred);
}

}  // namespace ferry
