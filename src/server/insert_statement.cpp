// Implements insert_statement.hpp. The rows stand in a tuplestore that the statement reads by name, as
// triggers read transition tables; the plan runs on the executor itself, not through SPI_execute_plan,
// because only the plan's own counters tell which row went which way (PostgreSQL: ExecInsert in
// nodeModifyTable.c).
#include "server/insert_statement.hpp"

#include <algorithm>
#include <unordered_set>

#include "server/compat.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

constexpr const char *source_name = "ferry_rows";

// The rows as a relation that a statement can name; it has the columns of `rel`.
EphemeralNamedRelationData describe_source(Relation rel, Tuplestorestate *rows) {
    EphemeralNamedRelationData source{};
    source.md.name = const_cast<char *>(source_name);
    source.md.reliddesc = RelationGetRelid(rel);
    source.md.enrtype = ENR_NAMED_TUPLESTORE;
    source.reldata = rows;
    return source;
}

std::string column_list(Relation rel, std::span<const AttrNumber> columns) {
    std::string list;
    for (const AttrNumber number : columns)
        list += (list.empty() ? "" : ", ") +
                quote_identifier_text(NameStr(TupleDescAttr(RelationGetDescr(rel), number - 1)->attname));
    return list;
}

std::string insert_text(Relation rel, std::span<const AttrNumber> columns, const std::string &on_conflict,
                        std::span<const AttrNumber> returned) {
    bool identity = false;
    for (const AttrNumber number : columns)
        identity = identity || TupleDescAttr(RelationGetDescr(rel), number - 1)->attidentity != '\0';
    const std::string names = column_list(rel, columns);
    std::string text = "INSERT INTO " + qualified_name(rel) + (names.empty() ? "" : " (" + names + ")") +
                       (identity ? " OVERRIDING SYSTEM VALUE" : "") + " SELECT " + names + " FROM " +
                       source_name;
    if (!on_conflict.empty()) text += " " + on_conflict;
    // A foreign server may take many rows at once, but not if it has to tell of each.
    if (rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE) return text;
    return text + " RETURNING " + (returned.empty() ? "true" : column_list(rel, returned));
}

}  // namespace

// Hears of every row that is stored, at the moment it is. A callback of the server's: nothing here throws.
struct InsertStatement::Listener {
    DestReceiver receiver;  // first: what the server knows this by
    const PlanState *insert;
    TupleTableSlot *const *rows;
    Fate *fates;
    const AttrNumber *returned;
    size_t returned_count;
    Return *next;  // room for what is returned
    MemoryContext values;
    bool updates;      // what meets a conflict is stored as well
    double conflicts;  // so far
};

bool InsertStatement::hear(TupleTableSlot *slot, DestReceiver *self) {
    auto *listener = reinterpret_cast<Listener *>(self);
    // The row that was read last is the one that went in just now.
    const auto row = static_cast<size_t>(outerPlanState(listener->insert)->instrument->tuplecount) - 1;
    const double conflicts = listener->insert->instrument->ntuples2;
    const bool updated = listener->updates && conflicts > listener->conflicts;
    listener->fates[row] = updated ? Fate::updated : Fate::inserted;
    listener->conflicts = conflicts;
    slot_getallattrs(slot);
    const MemoryContext before = MemoryContextSwitchTo(listener->values);
    for (size_t i = 0; i < listener->returned_count; ++i) {
        const FormData_pg_attribute *attribute =
            TupleDescAttr(slot->tts_tupleDescriptor, static_cast<int>(i));
        Return &value = *listener->next++;
        value = {listener->rows[row], listener->returned[i] - 1, slot->tts_isnull[i], 0};
        if (!value.null) value.value = datumCopy(slot->tts_values[i], attribute->attbyval, attribute->attlen);
    }
    MemoryContextSwitchTo(before);
    return true;
}

InsertStatement::InsertStatement(Relation rel, std::span<const AttrNumber> columns,
                                 const OnConflict &on_conflict, std::vector<AttrNumber> returned)
    : rel_(rel),
      returned_(std::move(returned)),
      text_(insert_text(rel, columns, on_conflict.clause, returned_)),
      told_(rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE),
      skips_(on_conflict.clause.ends_with("DO NOTHING")) {
    if (!on_conflict.key.empty()) key_.emplace(rel, on_conflict.key);
    const char *const text = text_.c_str();
    pg_call([&] {
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
        EphemeralNamedRelationData source = describe_source(rel, nullptr);
        SPI_register_relation(&source);
        SPIPlanPtr plan = SPI_prepare(text, 0, nullptr);
        if (plan == nullptr) elog(ERROR, "SPI_prepare: %s", SPI_result_code_string(SPI_result));
        SPI_keepplan(plan);
        plan_.set(plan);
        SPI_finish();
    });
}

InsertStatement::Counts InsertStatement::execute(std::span<TupleTableSlot *const> rows, Fate *fates) {
    const size_t before = returns_.size();
    returns_.resize(before + rows.size() * returned_.size());
    Listener listener{};
    listener.receiver.receiveSlot = hear;
    listener.receiver.rStartup = [](DestReceiver *, int, TupleDesc) {};
    listener.receiver.rShutdown = [](DestReceiver *) {};
    listener.receiver.rDestroy = [](DestReceiver *) {};
    listener.receiver.mydest = DestNone;
    listener.rows = rows.data();
    listener.fates = fates;
    listener.returned = returned_.data();
    listener.returned_count = returned_.size();
    listener.next = returns_.data() + before;
    listener.values = values_.get();
    listener.updates = key_.has_value();
    const Counts counts = pg_call([&] {
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
        Tuplestorestate *store = tuplestore_begin_heap(false, false, work_mem);
        for (TupleTableSlot *row : rows)
            tuplestore_putvalues(store, RelationGetDescr(rel_), row->tts_values, row->tts_isnull);
        EphemeralNamedRelationData source = describe_source(rel_, store);
        SPI_register_relation(&source);
        QueryEnvironment *environment = create_queryEnv();
        register_ENR(environment, &source);

        CachedPlan *plan = SPI_plan_get_cached_plan(plan_.get());
        if (plan == nullptr) elog(ERROR, "the INSERT has no plan of its own");
        CommandCounterIncrement();
        PushActiveSnapshot(GetTransactionSnapshot());
        QueryDesc *query =
            CreateQueryDesc(linitial_node(PlannedStmt, plan->stmt_list), text_.c_str(), GetActiveSnapshot(),
                            InvalidSnapshot, &listener.receiver, nullptr, environment, INSTRUMENT_ROWS);
        ExecutorStart(query, 0);
        listener.insert = query->planstate;
        compat::run_executor(query);
        const Counts found{query->estate->es_processed,
                           static_cast<uint64_t>(query->planstate->instrument->ntuples2)};
        ExecutorFinish(query);
        ExecutorEnd(query);
        FreeQueryDesc(query);
        PopActiveSnapshot();
        ReleaseCachedPlan(plan, CurrentResourceOwner);
        CommandCounterIncrement();
        SPI_finish();
        return found;
    });
    returns_.resize(static_cast<size_t>(listener.next - returns_.data()));
    return counts;
}

void InsertStatement::deliver() {
    for (const Return &value : returns_) {
        value.slot->tts_values[value.attribute] = value.value;
        value.slot->tts_isnull[value.attribute] = value.null;
    }
    returns_.clear();
}

void InsertStatement::run(std::span<TupleTableSlot *const> rows, std::span<Fate> fates) {
    size_t first = 0;
    if (key_ && rows.size() > 1) {
        std::unordered_set<uint64_t> seen;
        const auto hashes = key_->of(rows);
        for (size_t i = 0; i < rows.size(); ++i) {
            if (!hashes[i] || seen.insert(*hashes[i]).second) continue;
            run_once(rows.subspan(first, i - first), fates.subspan(first, i - first));
            first = i;
            seen = {*hashes[i]};
        }
    }
    if (first < rows.size()) run_once(rows.subspan(first), fates.subspan(first));
}

void InsertStatement::run_once(std::span<TupleTableSlot *const> rows, std::span<Fate> fates) {
    std::ranges::fill(fates, Fate::kept_out);
    const Counts counts = execute(rows, fates.data());
    const uint64_t held = rows.size() - counts.stored;
    if (told_ && (held == 0 || counts.conflicts == 0)) return;  // every row that went in was heard of
    if (held == 0) {
        std::ranges::fill(fates, Fate::inserted);
    } else if (told_ && held == counts.conflicts && (skips_ || rows.size() == 1)) {
        std::ranges::replace(fates, Fate::kept_out, Fate::conflicted);
    } else if (rows.size() > 1) {
        pg_call([] {
            ereport(ERROR, errcode(ERRCODE_NO_DATA), errmsg("some rows of a batch were not inserted"));
        });
    }
}

}  // namespace ferry
