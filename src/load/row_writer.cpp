// Implements row_writer.hpp: both paths and the choice between them.
#include "load/row_writer.hpp"

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

class DirectWriter final : public RowWriter {
  public:
    explicit DirectWriter(ExecutorTable &table) : table_(table), keys_(table.rel()), writer_(table) {}

    void check(std::span<TupleTableSlot *const> slots, std::vector<RowError> &errors) override {
        keys_.check(slots, errors);
    }

    void write(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows,
               std::vector<RowError> &errors) override {
        chosen_.clear();
        for (const uint32_t row : rows) chosen_.push_back(slots[row]);
        conflicts_.clear();
        writer_.insert(chosen_, true, conflicts_);
        for (const IndexConflict &conflict : conflicts_) {
            errors.push_back(describe(slots[rows[conflict.row]], conflict.index));
            errors.back().row = rows[conflict.row];
        }
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
    RowError describe(TupleTableSlot *slot, Oid index) const;

    ExecutorTable &table_;
    ForeignKeys keys_;
    TableWriter writer_;
    std::vector<TupleTableSlot *> chosen_;
    std::vector<IndexConflict> conflicts_;
};

// The texts are _bt_check_unique's and check_exclusion_or_unique_constraint's.
RowError DirectWriter::describe(TupleTableSlot *slot, Oid index) const {
    struct Words {
        const char *name, *columns, *key;
        bool exclusion;
    };
    const Words words = pg_call([&] {
        ResultRelInfo *result = table_.result();
        int i = 0;
        while (RelationGetRelid(result->ri_IndexRelationDescs[i]) != index) ++i;
        Relation rel = result->ri_IndexRelationDescs[i];
        ExprContext *context = GetPerTupleExprContext(table_.estate());
        context->ecxt_scantuple = slot;
        Datum values[INDEX_MAX_KEYS];
        bool nulls[INDEX_MAX_KEYS];
        FormIndexDatum(result->ri_IndexRelationInfo[i], slot, table_.estate(), values, nulls);
        const char *key = BuildIndexValueDescription(rel, values, nulls);
        return Words{RelationGetRelationName(rel), pg_get_indexdef_columns(index, true),
                     key != nullptr ? key : "", result->ri_IndexRelationInfo[i]->ii_ExclusionOps != nullptr};
    });
    RowError error;
    error.cls = words.exclusion ? ErrorClass::exclusion : ErrorClass::unique;
    error.sqlstate = code_info(words.exclusion ? Code::exclusion : Code::unique).sqlstate;
    error.constraint = words.name;
    error.column_name = words.columns;
    error.message = words.exclusion
                        ? "conflicting key value violates exclusion constraint \"" + error.constraint + "\""
                        : "duplicate key value violates unique constraint \"" + error.constraint + "\"";
    const std::string key = words.key;
    if (!key.empty())
        error.message +=
            ": Key " + key + (words.exclusion ? " conflicts with an existing key." : " already exists.");
    if (const size_t at = key.find(")=("); at != key.npos)
        error.value = key.substr(at + 3, key.size() - at - 4);
    return error;
}

// One prepared INSERT, run per row with its triggers.
class InsertWriter final : public RowWriter {
  public:
    InsertWriter(ExecutorTable &table, const std::vector<PlannedColumn> &columns)
        : plain_(table.rel()->rd_rel->relkind == RELKIND_RELATION && !has_row_trigger_before(table.rel())) {
        prepare(table.rel(), columns);
    }
    ~InsertWriter() override {
        if (plan_ != nullptr) SPI_freeplan(plan_);
    }

    void check(std::span<TupleTableSlot *const>, std::vector<RowError> &) override {}

    void write(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows,
               std::vector<RowError> &errors) override {
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
    static RowError describe_skipped(uint32_t row);
    // False when a trigger kept the row out.
    bool insert(TupleTableSlot *slot) {
        for (size_t i = 0; i < numbers_.size(); ++i) {
            values_[i] = slot->tts_values[numbers_[i] - 1];
            nulls_[i] = slot->tts_isnull[numbers_[i] - 1] ? 'n' : ' ';
        }
        const int code = SPI_execute_plan(plan_, values_.data(), nulls_.data(), false, 0);
        if (code != SPI_OK_INSERT) elog(ERROR, "SPI_execute_plan: %s", SPI_result_code_string(code));
        return SPI_processed > 0;
    }

    bool plain_;             // no trigger, partition or foreign server changes rows before they are stored
    bool complete_ = false;  // every attribute has a field
    SPIPlanPtr plan_ = nullptr;
    std::vector<AttrNumber> numbers_;
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
                                                   " VALUES (" + parameters + ")";
    Oid *const type_array = types.data();
    const int count = static_cast<int>(types.size());
    const char *const text = sql.c_str();
    pg_call([&] {
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
        plan_ = SPI_prepare(text, count, type_array);
        if (plan_ == nullptr) elog(ERROR, "SPI_prepare: %s", SPI_result_code_string(SPI_result));
        SPI_keepplan(plan_);
        SPI_finish();
    });
}

}  // namespace

std::unique_ptr<RowWriter> make_row_writer(ExecutorTable &table, const std::vector<PlannedColumn> &columns) {
    if (takes_direct_path(table)) return std::make_unique<DirectWriter>(table);
    return std::make_unique<InsertWriter>(table, columns);
}

}  // namespace ferry
