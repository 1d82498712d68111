// Implements insert_statement.hpp. The rows stand in a tuplestore that the statement reads by name, as
// triggers read transition tables; the plan runs on the executor itself, not through SPI_execute_plan,
// because only the plan's own counters tell which row went which way (PostgreSQL: ExecInsert in
// nodeModifyTable.c).
#include "server/insert_statement.hpp"

#include <algorithm>

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

// Hears of every row that is stored, at the moment it is. A callback of the server's: nothing here throws.
struct Listener {
    DestReceiver receiver;  // first: what the server knows this by
    const PlanState *insert;
    TupleTableSlot *const *rows;
    InsertStatement::Fate *fates;
    const AttrNumber *returned;
    size_t returned_count;
    MemoryContext values;
    double conflicts;
};

void take_values(const Listener &listener, TupleTableSlot *from, TupleTableSlot *to) {
    slot_getallattrs(from);
    const MemoryContext before = MemoryContextSwitchTo(listener.values);
    for (size_t i = 0; i < listener.returned_count; ++i) {
        const FormData_pg_attribute *attribute =
            TupleDescAttr(from->tts_tupleDescriptor, static_cast<int>(i));
        const int at = listener.returned[i] - 1;
        to->tts_isnull[at] = from->tts_isnull[i];
        to->tts_values[at] = from->tts_isnull[i]
                                 ? Datum{0}
                                 : datumCopy(from->tts_values[i], attribute->attbyval, attribute->attlen);
    }
    MemoryContextSwitchTo(before);
}

bool hear(TupleTableSlot *slot, DestReceiver *self) {
    auto *listener = reinterpret_cast<Listener *>(self);
    // The row that was read last is the one that went in just now.
    const auto row = static_cast<size_t>(outerPlanState(listener->insert)->instrument->tuplecount) - 1;
    const double conflicts = listener->insert->instrument->ntuples2;
    listener->fates[row] =
        conflicts > listener->conflicts ? InsertStatement::Fate::updated : InsertStatement::Fate::inserted;
    listener->conflicts = conflicts;
    if (listener->returned_count > 0) take_values(*listener, slot, listener->rows[row]);
    return true;
}

Listener make_listener() {
    Listener listener{};
    listener.receiver.receiveSlot = hear;
    listener.receiver.rStartup = [](DestReceiver *, int, TupleDesc) {};
    listener.receiver.rShutdown = [](DestReceiver *) {};
    listener.receiver.rDestroy = [](DestReceiver *) {};
    listener.receiver.mydest = DestNone;
    return listener;
}

}  // namespace

InsertStatement::InsertStatement(Relation rel, std::span<const AttrNumber> columns,
                                 const std::string &on_conflict, std::vector<AttrNumber> returned)
    : rel_(rel),
      returned_(std::move(returned)),
      told_(rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE),
      skips_(on_conflict.ends_with("DO NOTHING")) {
    const std::string sql = insert_text(rel, columns, on_conflict, returned_);
    const char *const text = sql.c_str();
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
    Listener listener = make_listener();
    listener.rows = rows.data();
    listener.fates = fates;
    listener.returned = returned_.data();
    listener.returned_count = returned_.size();
    listener.values = values_.get();
    return pg_call([&] {
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
            CreateQueryDesc(linitial_node(PlannedStmt, plan->stmt_list), "", GetActiveSnapshot(),
                            InvalidSnapshot, &listener.receiver, nullptr, environment, INSTRUMENT_ROWS);
        ExecutorStart(query, 0);
        listener.insert = query->planstate;
        compat::run_executor(query);
        const Counts counts{query->estate->es_processed,
                            static_cast<uint64_t>(query->planstate->instrument->ntuples2)};
        ExecutorFinish(query);
        ExecutorEnd(query);
        FreeQueryDesc(query);
        PopActiveSnapshot();
        ReleaseCachedPlan(plan, CurrentResourceOwner);
        CommandCounterIncrement();
        SPI_finish();
        return counts;
    });
}

void InsertStatement::run(std::span<TupleTableSlot *const> rows, std::span<Fate> fates) {
    if (rows.empty()) return;
    values_.reset();
    std::ranges::fill(fates, Fate::kept_out);
    const Counts counts = execute(rows, fates.data());
    const uint64_t held = rows.size() - counts.stored;
    if (!told_ && held == 0) std::ranges::fill(fates, Fate::inserted);
    if (held == 0) return;
    // Where nothing else than conflicts held rows back, those that nothing was heard of are these.
    if (told_ && held == counts.conflicts && (skips_ || rows.size() == 1)) {
        std::ranges::replace(fates, Fate::kept_out, Fate::conflicted);
    } else if (rows.size() > 1) {
        pg_call([] {
            ereport(ERROR, errcode(ERRCODE_NO_DATA), errmsg("some rows of a batch were not inserted"));
        });
    }
}

}  // namespace ferry
