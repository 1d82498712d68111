// Implements row_writer.hpp: both paths and the choice between them.
#include "load/row_writer.hpp"

#include <algorithm>
#include <deque>

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

// True when an index checks its uniqueness only later.
bool has_deferrable_index(ExecutorTable &table) {
    return pg_call([&] {
        bool found = false;
        List *indexes = RelationGetIndexList(table.rel());
        ListCell *cell;
        foreach (cell, indexes) {
            Relation index = index_open(lfirst_oid(cell), AccessShareLock);
            found = found || !index->rd_index->indimmediate;
            index_close(index, AccessShareLock);
        }
        return found;
    });
}

bool takes_direct_path(ExecutorTable &table) {
    Relation rel = table.rel();
    return rel->rd_rel->relkind == RELKIND_RELATION && !rel->rd_rel->relispartition &&
           only_key_triggers(rel) && !row_security_applies(rel) && ForeignKeys::cover(rel) &&
           !has_deferrable_index(table);
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

class DirectWriter final : public RowWriter {
  public:
    explicit DirectWriter(ExecutorTable &table) : table_(table), keys_(table.rel()), writer_(table) {}

    void check(std::span<TupleTableSlot *const> slots, std::vector<RowError> &errors) override {
        keys_.check(slots, errors);
    }

    void write(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows, bool carefully,
               std::vector<RowError> &errors) override {
        choose(slots, rows);
        // Rows put in and taken out again would show in logical decoding, so there a conflict is an error at
        // first. The second time, after that or after meeting the rows of an open transaction, each row asks
        // before it goes in.
        if (carefully)
            writer_.insert_asking(chosen_, conflicts_);
        else
            writer_.insert(chosen_, !writer_.decoded(), conflicts_);
        tell_conflicts(slots, rows, errors);
    }

    void probe(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows,
               std::vector<RowError> &errors) override {
        choose(slots, rows);
        writer_.probe(chosen_, conflicts_);
        // Of two rows with one key the first has it: a row that came later is in nobody's way.
        std::erase_if(conflicts_, [&](const IndexConflict &conflict) {
            const auto later = slots.subspan(rows[conflict.row]);
            return std::ranges::any_of(later, [&](TupleTableSlot *slot) {
                return ItemPointerEquals(&slot->tts_tid, const_cast<ItemPointer>(&conflict.other));
            });
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
    RowError describe(TupleTableSlot *slot, Oid index);
    const IndexWords &words_of(Oid index, TupleTableSlot *slot);

    ScopedContext values_{"ferry unique errors"};
    std::deque<IndexWords> words_;  // of the indexes that had conflicts; never moved
    ExecutorTable &table_;
    ForeignKeys keys_;
    TableWriter writer_;
    std::vector<TupleTableSlot *> chosen_;
    std::vector<IndexConflict> conflicts_;
};

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

// One prepared INSERT, run per row with its triggers.
class InsertWriter final : public RowWriter {
  public:
    InsertWriter(ExecutorTable &table, const std::vector<PlannedColumn> &columns)
        : plain_(stores_rows_as_they_are(table.rel())) {
        prepare(table.rel(), columns);
    }

    void check(std::span<TupleTableSlot *const>, std::vector<RowError> &) override {}

    void probe(std::span<TupleTableSlot *const>, std::span<const uint32_t>,
               std::vector<RowError> &) override {}

    void write(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows, bool,
               std::vector<RowError> &errors) override {
        returned_.reset();
        std::vector<uint32_t> skipped(rows.size());
        size_t count = 0;
        uint32_t *const list = skipped.data();
        pg_call([&] {
            if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
            for (const uint32_t row : rows) {
                CHECK_FOR_INTERRUPTS();
                if (!insert(slots[row])) list[count++] = row;
            }
            SPI_finish();
        });
        for (size_t i = 0; i < count; ++i) errors.push_back(describe_skipped(skipped[i]));
    }

    void keep() override {}
    void rolled_back() override {}
    void finish() override {}
    Duties duties() const override { return {false, plain_, plain_ && complete_}; }

  private:
    void prepare(Relation rel, const std::vector<PlannedColumn> &columns);
    std::string returning(Relation rel);
    static RowError describe_skipped(uint32_t row);
    // The primary key as it was stored, whatever defaults and triggers made of it.
    void take_key(TupleTableSlot *slot) {
        for (size_t i = 0; i < key_.size(); ++i) {
            bool null;
            const Datum value =
                SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, static_cast<int>(i + 1), &null);
            const FormData_pg_attribute *attribute =
                TupleDescAttr(SPI_tuptable->tupdesc, static_cast<int>(i));
            const MemoryContext before = MemoryContextSwitchTo(returned_.get());
            slot->tts_values[key_[i] - 1] =
                null ? Datum{0} : datumCopy(value, attribute->attbyval, attribute->attlen);
            slot->tts_isnull[key_[i] - 1] = null;
            MemoryContextSwitchTo(before);
        }
    }
    // False when a trigger kept the row out.
    bool insert(TupleTableSlot *slot) {
        for (size_t i = 0; i < numbers_.size(); ++i) {
            values_[i] = slot->tts_values[numbers_[i] - 1];
            nulls_[i] = slot->tts_isnull[numbers_[i] - 1] ? 'n' : ' ';
        }
        const int code = SPI_execute_plan(plan_.get(), values_.data(), nulls_.data(), false, 0);
        if (code != SPI_OK_INSERT && code != SPI_OK_INSERT_RETURNING)
            elog(ERROR, "SPI_execute_plan: %s", SPI_result_code_string(code));
        const bool inserted = SPI_processed > 0;
        if (inserted && code == SPI_OK_INSERT_RETURNING)
            take_key(slot);
        else if (inserted && !plain_)
            for (const AttrNumber number : unseen_key_) slot->tts_isnull[number - 1] = true;
        SPI_freetuptable(SPI_tuptable);
        return inserted;
    }

    bool plain_;             // no trigger, partition or foreign server changes rows before they are stored
    bool complete_ = false;  // every attribute has a field
    KeptPlan plan_;
    std::vector<AttrNumber> numbers_;
    std::vector<AttrNumber> key_;         // attributes that the statement returns
    std::vector<AttrNumber> unseen_key_;  // those that it may not return, though triggers may change them
    ScopedContext returned_{"ferry returned keys"};
    std::vector<Datum> values_;
    std::vector<char> nulls_;
};

// COPY passes over such rows in silence; here no row is lost without a word.
RowError InsertWriter::describe_skipped(uint32_t row) {
    RowError error;
    error.row = row;
    error.cls = ErrorClass::trigger;
    error.sqlstate = code_info(Code::row_skipped).sqlstate;
    error.message = "row was not inserted because a trigger skipped it";
    return error;
}

// RETURNING asks for the right to read, which an insert does without: only who has it is told the keys.
std::string InsertWriter::returning(Relation rel) {
    const bool readable = pg_call(
        [&] { return pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_SELECT) == ACLCHECK_OK; });
    if (!readable || rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE || row_security_applies(rel)) {
        unseen_key_ = primary_key(rel);
        return "";
    }
    std::string list;
    key_ = primary_key(rel);
    for (const AttrNumber number : key_)
        list += (list.empty() ? " RETURNING " : ", ") +
                quote_identifier_text(NameStr(TupleDescAttr(RelationGetDescr(rel), number - 1)->attname));
    return list;
}

// Only the load's columns are named: the others take their defaults from the server, which asks no right for
// them. Values for GENERATED ALWAYS identities are taken as they are, as COPY does.
void InsertWriter::prepare(Relation rel, const std::vector<PlannedColumn> &columns) {
    std::string names, parameters;
    std::vector<Oid> types;
    bool identity = false;
    for (const PlannedColumn &column : columns) {
        numbers_.push_back(column.number);
        types.push_back(column.type);
        identity = identity || TupleDescAttr(RelationGetDescr(rel), column.number - 1)->attidentity != '\0';
        names += (names.empty() ? "" : ", ") + quote_identifier_text(column.name);
        parameters += (parameters.empty() ? "$" : ", $") + std::to_string(numbers_.size());
    }
    complete_ = columns.size() == loadable_columns(rel).size();
    values_.resize(numbers_.size());
    nulls_.resize(numbers_.size());
    const std::string sql = numbers_.empty() ? "INSERT INTO " + qualified_name(rel) + " DEFAULT VALUES"
                                             : "INSERT INTO " + qualified_name(rel) + " (" + names + ")" +
                                                   (identity ? " OVERRIDING SYSTEM VALUE" : "") +
                                                   " VALUES (" + parameters + ")" + returning(rel);
    Oid *const type_array = types.data();
    const int count = static_cast<int>(types.size());
    const char *const text = sql.c_str();
    pg_call([&] {
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
        SPIPlanPtr plan = SPI_prepare(text, count, type_array);
        if (plan == nullptr) elog(ERROR, "SPI_prepare: %s", SPI_result_code_string(SPI_result));
        SPI_keepplan(plan);
        plan_.set(plan);
        SPI_finish();
    });
}

}  // namespace

std::unique_ptr<RowWriter> make_row_writer(ExecutorTable &table, const std::vector<PlannedColumn> &columns) {
    refuse_insert_rules(table.rel());
    if (takes_direct_path(table)) return std::make_unique<DirectWriter>(table);
    return std::make_unique<InsertWriter>(table, columns);
}

}  // namespace ferry
