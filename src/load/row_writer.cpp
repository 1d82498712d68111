// Implements row_writer.hpp: the direct path and the choice between it and the other.
#include "load/row_writer.hpp"

#include <algorithm>
#include <deque>
#include <optional>

#include "load/insert_writer.hpp"
#include "load/tally.hpp"
#include "server/insert_statement.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// The executor's copy: a look into a catalog can renew what the relation itself has.
std::span<const Trigger> triggers_of(const ExecutorTable &table) {
    const TriggerDesc *triggers = table.result()->ri_TrigDesc;
    if (triggers == nullptr) return {};
    return {triggers->triggers, static_cast<size_t>(triggers->numtriggers)};
}

// A statement that updates no row has no news for a trigger that keeps a tally.
bool keeps_tally(const Trigger &trigger, std::span<const Tally> tallies) {
    return (trigger.tgtype & TRIGGER_TYPE_ROW) == 0 &&
           std::ranges::find(tallies, trigger.tgfoid, &Tally::trigger_function) != tallies.end();
}

// What the table's triggers have to be told instead of being fired; nothing when one has to fire. Where rows
// update others the direct path runs the statement that the user means only for those: triggers of UPDATE
// would not hear of it when there are none.
std::optional<std::vector<Tally>> find_tallies(const ExecutorTable &table, OnConflict on_conflict) {
    std::vector<Tally> tallies;
    for (const Trigger &trigger : triggers_of(table)) {
        if (RI_FKey_trigger_type(trigger.tgfoid) != RI_TRIGGER_NONE || !TRIGGER_FOR_INSERT(trigger.tgtype))
            continue;
        std::optional<Tally> tally = Tally::of(table.rel(), trigger);
        if (!tally) return std::nullopt;
        tallies.push_back(*std::move(tally));
    }
    for (const Trigger &trigger : triggers_of(table)) {
        if (on_conflict == OnConflict::update && TRIGGER_FOR_UPDATE(trigger.tgtype) &&
            RI_FKey_trigger_type(trigger.tgfoid) == RI_TRIGGER_NONE && !keeps_tally(trigger, tallies))
            return std::nullopt;
    }
    return tallies;
}

bool may_take_direct_path(Relation rel) {
    return rel->rd_rel->relkind == RELKIND_RELATION && !rel->rd_rel->relispartition &&
           !row_security_applies(rel) && ForeignKeys::cover(rel) && deferrable_index(rel).empty();
}

// COPY passes rules by, INSERT obeys them: neither is what the other's user expects.
void refuse_insert_rules(Relation rel) {
    for (int i = 0; rel->rd_rules != nullptr && i < rel->rd_rules->numLocks; ++i) {
        if (rel->rd_rules->rules[i]->event == CMD_INSERT)
            fail({Code::unsupported, "table \"" + qualified_name(rel) + "\" has a rule for INSERT", "",
                  "Drop the rule, or replace it by a trigger."});
    }
}

// How conflicts in one index are told.
struct IndexWords {
    Oid index;
    int at;  // among the table's open indexes
    std::string name, columns;
    std::string message, message_end;  // before and behind the key's values
    bool exclusion;
    bool plain;                // one column, whose field tells the value as it came
    std::vector<Oid> outputs;  // output functions of the key's values; none when the caller may not see them
};

// Rows go in at bulk speed; those that another row is in the way of are settled afterwards, where need be by
// the SQL statement that the user means.
class DirectWriter final : public RowWriter {
  public:
    DirectWriter(ExecutorTable &table, const std::vector<PlannedColumn> &columns, OnConflict on_conflict,
                 std::vector<Tally> tallies)
        : table_(table),
          keys_(table.rel()),
          writer_(table),
          tallies_(std::move(tallies)),
          on_conflict_(on_conflict) {
        if (on_conflict_ == OnConflict::update) find_indexes();
        // What another transaction committed after our snapshot is an error to skip, as the server has it.
        if (on_conflict_ == OnConflict::update ||
            (on_conflict_ == OnConflict::skip && IsolationUsesXactSnapshot())) {
            const std::vector<AttrNumber> numbers = column_numbers(columns);
            statement_.emplace(table.rel(), numbers, conflict_clause(table.rel(), numbers, on_conflict_));
        }
    }

    void check(std::span<TupleTableSlot *const> slots, std::vector<RowError> &errors) override {
        keys_.check(slots, errors);
    }

    void write(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows, bool carefully,
               Outcome &outcome) override {
        if (in_order_ && rows.size() > 1) {
            for (size_t i = 0; i < rows.size(); ++i) write(slots, rows.subspan(i, 1), carefully, outcome);
            return;
        }
        choose(slots, rows);
        // Rows put in and taken out again would show in logical decoding, so there a conflict is an error at
        // first, if it is one. The second time, after that or after meeting the rows of an open transaction,
        // each row asks before it goes in.
        const bool expected = on_conflict_ != OnConflict::reject && writer_.decoded();
        if (carefully || expected || in_order_)
            writer_.insert_asking(chosen_, conflicts_);
        else
            writer_.insert(chosen_, !writer_.decoded(), conflicts_);
        if (!std::ranges::is_sorted(conflicts_, {}, &IndexConflict::row))
            std::ranges::stable_sort(conflicts_, {}, &IndexConflict::row);
        if (!tallies_.empty()) count_rows();
        settle_conflicts(slots, rows, outcome);
    }

    void probe(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows,
               std::vector<RowError> &errors) override {
        if (on_conflict_ == OnConflict::skip) return;
        choose(slots, rows);
        writer_.probe(chosen_, conflicts_);
        // Of two rows with one key the first has it: a row that came later is in nobody's way.
        std::erase_if(conflicts_, [&](const IndexConflict &conflict) {
            const auto later = slots.subspan(rows[conflict.row]);
            return std::ranges::any_of(later, [&](TupleTableSlot *slot) {
                return ItemPointerEquals(&slot->tts_tid, const_cast<ItemPointer>(&conflict.other));
            });
        });
        const std::vector<uint32_t> updates = rows_for_statement();
        std::erase_if(conflicts_, [&](const IndexConflict &conflict) {
            return std::ranges::binary_search(updates, conflict.row);
        });
        tell_conflicts(slots, rows, errors);
    }

    void keep() override {
        writer_.release_pins();
        keys_.settle();
        for (Tally &tally : tallies_) tally.keep();
    }
    void rolled_back() override {
        writer_.forget_pins();
        keys_.forget();
        for (Tally &tally : tallies_) tally.rolled_back();
    }
    void relieve() override {
        for (Tally &tally : tallies_)
            if (tally.is_full()) tally.deliver();
    }
    void finish() override {
        writer_.finish();
        for (Tally &tally : tallies_) tally.deliver();
    }
    Duties duties() const override { return {true, true, true}; }

  private:
    void choose(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows) {
        chosen_.clear();
        conflicts_.clear();
        for (const uint32_t row : rows) chosen_.push_back(slots[row]);
    }
    void tell_conflicts(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows,
                        std::vector<RowError> &errors) {
        for (const IndexConflict &conflict : conflicts_) {
            errors.push_back(describe(slots[rows[conflict.row]], conflict.index));
            errors.back().row = rows[conflict.row];
        }
    }
    void find_indexes();
    void count_rows();
    void settle_conflicts(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows,
                          Outcome &outcome);
    std::vector<uint32_t> rows_for_statement() const;
    void run_statement(std::span<const uint32_t> chosen, std::span<const uint32_t> rows, Outcome &outcome);
    RowError describe(TupleTableSlot *slot, Oid index);
    const IndexWords &words_of(Oid index, TupleTableSlot *slot);

    ScopedContext values_{"ferry unique errors"};
    std::deque<IndexWords> words_;  // of the indexes that had conflicts; never moved
    ExecutorTable &table_;
    ForeignKeys keys_;
    TableWriter writer_;
    std::vector<Tally> tallies_;
    OnConflict on_conflict_;
    Oid key_index_ = InvalidOid;  // of the primary key, where it settles conflicts
    // What an update changes in one unique index decides what other rows meet there, so that rows have to go
    // one by one.
    bool in_order_ = false;
    std::optional<InsertStatement> statement_;  // settles conflicts that are no errors
    std::vector<TupleTableSlot *> chosen_;
    std::vector<IndexConflict> conflicts_;
};

void DirectWriter::find_indexes() {
    const ResultRelInfo *result = table_.result();
    key_index_ = table_.rel()->rd_pkindex;
    for (int i = 0; i < result->ri_NumIndices; ++i) {
        const Relation index = result->ri_IndexRelationDescs[i];
        const bool refuses =
            index->rd_index->indisunique || result->ri_IndexRelationInfo[i]->ii_ExclusionOps != nullptr;
        in_order_ = in_order_ || (refuses && RelationGetRelid(index) != key_index_);
    }
}

// Those that went in. Rows that a statement settles are not among them: it fires the triggers.
void DirectWriter::count_rows() {
    auto conflict = conflicts_.cbegin();
    for (uint32_t row = 0; row < chosen_.size(); ++row) {
        while (conflict != conflicts_.cend() && conflict->row < row) ++conflict;
        if (conflict != conflicts_.cend() && conflict->row == row) continue;
        for (Tally &tally : tallies_) tally.count(chosen_[row]);
    }
}

void DirectWriter::settle_conflicts(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows,
                                    Outcome &outcome) {
    if (on_conflict_ != OnConflict::reject) {
        const std::vector<uint32_t> conflicting = rows_for_statement();
        if (!statement_) {
            for (const uint32_t row : conflicting) outcome.skipped.push_back(rows[row]);
            return;
        }
        std::erase_if(conflicts_, [&](const IndexConflict &conflict) {
            return std::ranges::binary_search(conflicting, conflict.row);
        });
        run_statement(conflicting, rows, outcome);
    }
    tell_conflicts(slots, rows, outcome.errors);
}

// The rows, in their order, whose conflicts are no errors.
std::vector<uint32_t> DirectWriter::rows_for_statement() const {
    std::vector<uint32_t> found;
    for (const IndexConflict &conflict : conflicts_) {
        const bool settles = on_conflict_ == OnConflict::skip ||
                             (on_conflict_ == OnConflict::update && conflict.index == key_index_);
        if (settles && (found.empty() || found.back() != conflict.row)) found.push_back(conflict.row);
    }
    return found;
}

void DirectWriter::run_statement(std::span<const uint32_t> chosen, std::span<const uint32_t> rows,
                                 Outcome &outcome) {
    std::vector<TupleTableSlot *> slots;
    for (const uint32_t row : chosen) slots.push_back(chosen_[row]);
    std::vector<InsertStatement::Fate> fates(slots.size());
    statement_->run(slots, fates);
    for (size_t i = 0; i < fates.size(); ++i) {
        const uint32_t row = rows[chosen[i]];
        if (fates[i] == InsertStatement::Fate::conflicted) outcome.skipped.push_back(row);
        if (fates[i] == InsertStatement::Fate::updated) outcome.updated.push_back(row);
    }
}

// The key of this row in an index. In the current memory context.
void form_key(const ExecutorTable &table, int i, TupleTableSlot *slot, Datum *values, bool *nulls) {
    GetPerTupleExprContext(table.estate())->ecxt_scantuple = slot;
    FormIndexDatum(table.result()->ri_IndexRelationInfo[i], slot, table.estate(), values, nulls);
}

// The texts are _bt_check_unique's and check_exclusion_or_unique_constraint's.
IndexWords word_conflicts(const ExecutorTable &table, Oid index, TupleTableSlot *slot) {
    struct Facts {
        int at;
        const char *name, *columns;
        bool exclusion, plain, visible;
        int keys;
        Oid outputs[INDEX_MAX_KEYS];
    };
    const Facts facts = pg_call([&] {
        Facts found{};
        while (RelationGetRelid(table.result()->ri_IndexRelationDescs[found.at]) != index) ++found.at;
        Relation rel = table.result()->ri_IndexRelationDescs[found.at];
        Datum values[INDEX_MAX_KEYS];
        bool nulls[INDEX_MAX_KEYS];
        form_key(table, found.at, slot, values, nulls);
        found.name = RelationGetRelationName(rel);
        found.columns = pg_get_indexdef_columns(index, true);
        found.exclusion = table.result()->ri_IndexRelationInfo[found.at]->ii_ExclusionOps != nullptr;
        found.keys = IndexRelationGetNumberOfKeyAttributes(rel);
        found.plain = found.keys == 1 && rel->rd_index->indkey.values[0] != 0;
        found.visible = BuildIndexValueDescription(rel, values, nulls) != nullptr;
        for (int k = 0; k < found.keys; ++k) {
            bool varlena;
            getTypeOutputInfo(rel->rd_opcintype[k], &found.outputs[k], &varlena);
        }
        return found;
    });
    IndexWords words{index, facts.at, facts.name, facts.columns, "", "", facts.exclusion, facts.plain, {}};
    words.message =
        (facts.exclusion ? "conflicting key value violates exclusion constraint \"" + words.name + "\""
                         : "duplicate key value violates unique constraint \"" + words.name + "\"");
    if (!facts.visible) return words;
    words.message += ": Key (" + words.columns + ")=(";
    words.message_end = facts.exclusion ? ") conflicts with an existing key." : ") already exists.";
    words.outputs.assign(facts.outputs, facts.outputs + facts.keys);
    return words;
}

const IndexWords &DirectWriter::words_of(Oid index, TupleTableSlot *slot) {
    const auto known = std::ranges::find(words_, index, &IndexWords::index);
    return known != words_.end() ? *known : words_.emplace_back(word_conflicts(table_, index, slot));
}

RowError DirectWriter::describe(TupleTableSlot *slot, Oid index) {
    values_.reset();
    const ContextSwitch into(values_.get());
    const IndexWords &words = words_of(index, slot);
    const char *key = pg_call([&]() -> const char * {
        if (words.outputs.empty()) return nullptr;
        Datum values[INDEX_MAX_KEYS];
        bool nulls[INDEX_MAX_KEYS];
        form_key(table_, words.at, slot, values, nulls);
        StringInfoData text;
        initStringInfo(&text);
        for (size_t i = 0; i < words.outputs.size(); ++i) {
            if (i > 0) appendStringInfoString(&text, ", ");
            appendStringInfoString(&text,
                                   nulls[i] ? "null" : OidOutputFunctionCall(words.outputs[i], values[i]));
        }
        return text.data;
    });
    RowError error;
    error.cls = words.exclusion ? ErrorClass::exclusion : ErrorClass::unique;
    error.sqlstate = code_info(words.exclusion ? Code::exclusion : Code::unique).sqlstate;
    error.constraint = words.name;
    error.column_name = words.columns;
    error.message = words.message;
    if (key == nullptr) return error;
    error.message.append(key).append(words.message_end);
    if (!words.plain) error.value = key;
    return error;
}

}  // namespace

std::unique_ptr<RowWriter> make_row_writer(ExecutorTable &table, const std::vector<PlannedColumn> &columns,
                                           OnConflict on_conflict, const DeferredChecks &deferred) {
    refuse_insert_rules(table.rel());
    if (may_take_direct_path(table.rel())) {
        if (auto tallies = find_tallies(table, on_conflict))
            return std::make_unique<DirectWriter>(table, columns, on_conflict, *std::move(tallies));
    }
    return make_insert_writer(table, columns, on_conflict, deferred);
}

}  // namespace ferry
