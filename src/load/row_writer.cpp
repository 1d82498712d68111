// Implements row_writer.hpp: both paths and the choice between them.
#include "load/row_writer.hpp"

#include <algorithm>
#include <deque>
#include <optional>

#include "server/insert_statement.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// True when the table has none but the triggers of its foreign keys.
bool only_key_triggers(Relation rel) {
    const TriggerDesc *triggers = rel->trigdesc;
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; ++i)
        if (RI_FKey_trigger_type(triggers->triggers[i].tgfoid) == RI_TRIGGER_NONE) return false;
    return true;
}

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

// The name of an index that checks its uniqueness only later; empty when there is none.
std::string deferrable_index(Relation rel) {
    return pg_call([&] {
        const char *found = "";
        List *indexes = RelationGetIndexList(rel);
        ListCell *cell;
        foreach (cell, indexes) {
            Relation index = index_open(lfirst_oid(cell), AccessShareLock);
            if (!index->rd_index->indimmediate) found = pstrdup(RelationGetRelationName(index));
            index_close(index, AccessShareLock);
        }
        return found;
    });
}

bool takes_direct_path(ExecutorTable &table) {
    Relation rel = table.rel();
    return rel->rd_rel->relkind == RELKIND_RELATION && !rel->rd_rel->relispartition &&
           only_key_triggers(rel) && !row_security_applies(rel) && ForeignKeys::cover(rel) &&
           deferrable_index(rel).empty();
}

// COPY passes rules by, INSERT obeys them: neither is what the other's user expects.
void refuse_insert_rules(Relation rel) {
    for (int i = 0; rel->rd_rules != nullptr && i < rel->rd_rules->numLocks; ++i) {
        if (rel->rd_rules->rules[i]->event == CMD_INSERT)
            fail({Code::unsupported, "table \"" + qualified_name(rel) + "\" has a rule for INSERT", "",
                  "Drop the rule, or replace it by a trigger."});
    }
}

bool contains(std::span<const AttrNumber> columns, AttrNumber number) {
    return std::ranges::find(columns, number) != columns.end();
}

// The columns that a conflict overwrites: all that are loaded but the key, which says which row it is, and
// identities that SQL lets nobody set.
std::vector<AttrNumber> overwritten(Relation rel, std::span<const AttrNumber> columns) {
    const std::vector<AttrNumber> key = primary_key(rel);
    std::vector<AttrNumber> others;
    for (const AttrNumber number : columns) {
        const char identity = TupleDescAttr(RelationGetDescr(rel), number - 1)->attidentity;
        if (!contains(key, number) && identity != ATTRIBUTE_IDENTITY_ALWAYS) others.push_back(number);
    }
    return others;
}

std::string column_name(Relation rel, AttrNumber number) {
    return NameStr(TupleDescAttr(RelationGetDescr(rel), number - 1)->attname);
}

// The clause of INSERT that settles conflicts. Where the key is all that is loaded there is nothing to
// update.
std::string conflict_clause(Relation rel, std::span<const AttrNumber> columns, OnConflict on_conflict) {
    if (on_conflict == OnConflict::reject) return "";
    if (on_conflict == OnConflict::skip) return "ON CONFLICT DO NOTHING";
    std::string key, values;
    for (const AttrNumber number : primary_key(rel))
        key += (key.empty() ? "" : ", ") + quote_identifier_text(column_name(rel, number));
    for (const AttrNumber number : overwritten(rel, columns)) {
        const std::string name = quote_identifier_text(column_name(rel, number));
        values += (values.empty() ? "UPDATE SET " : ", ") + name + " = EXCLUDED." + name;
    }
    return "ON CONFLICT (" + key + ") DO " + (values.empty() ? "NOTHING" : values);
}

std::vector<AttrNumber> numbers_of(const std::vector<PlannedColumn> &columns) {
    std::vector<AttrNumber> numbers;
    for (const PlannedColumn &column : columns) numbers.push_back(column.number);
    return numbers;
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
    DirectWriter(ExecutorTable &table, const std::vector<PlannedColumn> &columns, OnConflict on_conflict)
        : table_(table), keys_(table.rel()), writer_(table), on_conflict_(on_conflict) {
        if (on_conflict_ == OnConflict::update) find_indexes();
        // What another transaction committed after our snapshot is an error to skip, as the server has it.
        if (on_conflict_ == OnConflict::update ||
            (on_conflict_ == OnConflict::skip && IsolationUsesXactSnapshot())) {
            const std::vector<AttrNumber> numbers = numbers_of(columns);
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
        std::ranges::stable_sort(conflicts_, {}, &IndexConflict::row);
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
    }
    void rolled_back() override {
        writer_.forget_pins();
        keys_.forget();
    }
    void finish() override { writer_.finish(); }
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

void DirectWriter::settle_conflicts(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows,
                                    Outcome &outcome) {
    if (on_conflict_ != OnConflict::reject) {
        const std::vector<uint32_t> conflicting = rows_for_statement();
        std::erase_if(conflicts_, [&](const IndexConflict &conflict) {
            return std::ranges::binary_search(conflicting, conflict.row);
        });
        if (statement_)
            run_statement(conflicting, rows, outcome);
        else
            for (const uint32_t row : conflicting) outcome.skipped.push_back(rows[row]);
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
    for (const uint32_t row : chosen) {
        InsertStatement::Fate fate;
        statement_->run({&chosen_[row], 1}, {&fate, 1});
        if (fate == InsertStatement::Fate::conflicted) outcome.skipped.push_back(rows[row]);
        if (fate == InsertStatement::Fate::updated) outcome.updated.push_back(rows[row]);
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

// One INSERT per row, with its triggers.
class InsertWriter final : public RowWriter {
  public:
    InsertWriter(ExecutorTable &table, const std::vector<PlannedColumn> &columns, OnConflict on_conflict);

    void check(std::span<TupleTableSlot *const>, std::vector<RowError> &) override {}

    void probe(std::span<TupleTableSlot *const>, std::span<const uint32_t>,
               std::vector<RowError> &) override {}

    void write(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows, bool,
               Outcome &outcome) override {
        for (const uint32_t row : rows) {
            check_interrupts();
            InsertStatement::Fate fate;
            statement_->run({&slots[row], 1}, {&fate, 1});
            tell(fate, row, slots[row], outcome);
        }
    }

    void keep() override {}
    void rolled_back() override {}
    void finish() override {}
    Duties duties() const override { return {false, plain_, plain_ && complete_}; }

  private:
    void tell(InsertStatement::Fate fate, uint32_t row, TupleTableSlot *slot, Outcome &outcome) const;
    static RowError describe_skipped(uint32_t row);

    bool plain_;     // no trigger, partition or foreign server changes rows before they are stored
    bool complete_;  // every attribute has a field
    bool skips_;     // rows that meet a conflict are left out
    bool foreign_;   // only the foreign server knows why a row did not go in
    std::vector<AttrNumber> unseen_key_;  // attributes that may not be read, though triggers may change them
    std::optional<InsertStatement> statement_;
};

// To be told what was stored one needs the right to read it, which an insert does without.
bool may_return_key(Relation rel) {
    const bool readable = pg_call(
        [&] { return pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_SELECT) == ACLCHECK_OK; });
    return readable && rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE && !row_security_applies(rel);
}

InsertWriter::InsertWriter(ExecutorTable &table, const std::vector<PlannedColumn> &columns,
                           OnConflict on_conflict)
    : plain_(stores_rows_as_they_are(table.rel())),
      complete_(columns.size() == loadable_columns(table.rel()).size()),
      foreign_(table.rel()->rd_rel->relkind == RELKIND_FOREIGN_TABLE) {
    const Relation rel = table.rel();
    const std::vector<AttrNumber> numbers = numbers_of(columns);
    skips_ = on_conflict == OnConflict::skip ||
             (on_conflict == OnConflict::update && overwritten(rel, numbers).empty());
    std::vector<AttrNumber> key = primary_key(rel);
    if (!may_return_key(rel)) {
        if (!plain_) unseen_key_ = key;
        key.clear();
    }
    statement_.emplace(rel, numbers, conflict_clause(rel, numbers, on_conflict), std::move(key));
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

std::unique_ptr<RowWriter> make_row_writer(ExecutorTable &table, const std::vector<PlannedColumn> &columns,
                                           OnConflict on_conflict) {
    refuse_insert_rules(table.rel());
    if (takes_direct_path(table)) return std::make_unique<DirectWriter>(table, columns, on_conflict);
    return std::make_unique<InsertWriter>(table, columns, on_conflict);
}

void require_conflict_key(Relation rel, std::span<const AttrNumber> columns, OnConflict on_conflict) {
    if (on_conflict == OnConflict::reject) return;
    const std::string table = "table \"" + qualified_name(rel) + "\"";
    if (on_conflict == OnConflict::skip) {
        const std::string deferrable = deferrable_index(rel);
        if (deferrable.empty()) return;
        fail({Code::conflict_key, table + " has the deferrable unique constraint \"" + deferrable + "\"", "",
              "Its conflicts show too late to be skipped: use on_conflict => 'reject'."});
    }
    const std::vector<AttrNumber> key = primary_key(rel);
    if (key.empty())
        fail({Code::conflict_key, table + " has no primary key that on_conflict => 'update' could go by", "",
              "Add one that is not deferrable, or use on_conflict => 'skip' or 'reject'."});
    for (const AttrNumber number : key) {
        if (contains(columns, number)) continue;
        fail({Code::conflict_key,
              "column \"" + column_name(rel, number) + "\" of the primary key of " + table + " is not loaded",
              "", "on_conflict => 'update' needs the whole key to find the row."});
    }
    require_upsert(rel, columns, key, overwritten(rel, columns));
}

}  // namespace ferry
