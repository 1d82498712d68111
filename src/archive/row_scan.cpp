// Implements row_scan.hpp. Each row costs one pg_call; its text lives in a context that is reset every so
// many rows.
#include "archive/row_scan.hpp"

#include "server/relation.hpp"

namespace ferry {
namespace {

// Detoasted and written values of this many rows are kept at most.
constexpr unsigned rows_per_reset = 256;
constexpr size_t bytes_per_reset = size_t{8} << 20U;

// Straight from the table's access method.
class TableScan final : public RowScan {
  public:
    TableScan(Relation rel, const avro::Table &table, Snapshot snapshot)
        : maker_(RelationGetDescr(rel), table) {
        pg_call([&] {
            slot_ = table_slot_create(rel, nullptr);
            scan_ = table_beginscan_strat(rel, snapshot, 0, nullptr, true, false);
        });
    }
    TableScan(Relation rel, const avro::Table &table, ParallelTableScanDesc shared)
        : maker_(RelationGetDescr(rel), table) {
        pg_call([&] {
            slot_ = table_slot_create(rel, nullptr);
            scan_ = table_beginscan_parallel(rel, shared);
        });
    }

    bool next(std::span<Field> row) override {
        if (++rows_ % rows_per_reset == 0 ||
            MemoryContextMemAllocated(values_.get(), false) > bytes_per_reset)
            values_.reset();
        const ContextSwitch into(values_.get());
        return pg_call([&] {
            CHECK_FOR_INTERRUPTS();
            if (!table_scan_getnextslot(scan_, ForwardScanDirection, slot_)) return false;
            slot_getallattrs(slot_);
            maker_.make(slot_->tts_values, slot_->tts_isnull, row.data());
            return true;
        });
    }

    void finish() override {
        pg_call([&] {
            table_endscan(scan_);
            ExecDropSingleTupleTableSlot(slot_);
        });
    }

  private:
    FieldMaker maker_;
    TupleTableSlot *slot_ = nullptr;
    TableScanDesc scan_ = nullptr;
    ScopedContext values_{"ferry scanned values"};
    unsigned rows_ = 0;
};

// Through a cursor, some hundred rows at a time: partitioned and foreign tables.
class QueryScan final : public RowScan {
  public:
    QueryScan(Relation rel, const avro::Table &table) : portal_(open_cursor(select_text(rel, table))) {
        maker_ = std::make_unique<FieldMaker>(descriptor_, table);
        values_array_.resize(table.columns.size() + 1);
        nulls_array_ = std::make_unique<bool[]>(table.columns.size() + 1);
    }

    bool next(std::span<Field> row) override {
        if (at_ == count_) fetch();
        if (at_ == count_) return false;
        if (MemoryContextMemAllocated(values_.get(), false) > bytes_per_reset) values_.reset();
        const ContextSwitch into(values_.get());
        pg_call([&] {
            CHECK_FOR_INTERRUPTS();
            heap_deform_tuple(tuples_[at_], descriptor_, values_array_.data(), nulls_array_.get());
            maker_->make(values_array_.data(), nulls_array_.get(), row.data());
        });
        ++at_;
        return true;
    }

    void finish() override {
        const char *const name = portal_.c_str();
        pg_call([&] {
            Portal portal = SPI_cursor_find(name);
            if (portal != nullptr) SPI_cursor_close(portal);
        });
    }

  private:
    static std::string select_text(Relation rel, const avro::Table &table) {
        std::string columns;
        for (const avro::Column &column : table.columns)
            columns += (columns.empty() ? "" : ", ") + quote_identifier_text(column.name);
        return "SELECT " + columns + " FROM " + qualified_name(rel);
    }

    std::string open_cursor(const std::string &sql) {
        const char *const text = sql.c_str();
        return pg_call([&] {
            const MemoryContext context = CurrentMemoryContext;
            if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
            Portal portal = SPI_cursor_open_with_args(nullptr, text, 0, nullptr, nullptr, nullptr, true,
                                                      CURSOR_OPT_NO_SCROLL);
            descriptor_ = portal->tupDesc;
            const char *name = MemoryContextStrdup(context, portal->name);
            SPI_finish();
            return name;
        });
    }

    void fetch() {
        values_.reset();
        fetched_.reset();
        const char *const name = portal_.c_str();
        pg_call([&] {
            if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
            Portal portal = SPI_cursor_find(name);
            if (portal == nullptr) elog(ERROR, "the cursor of a backup is gone");
            SPI_cursor_fetch(portal, true, rows_per_reset);
            count_ = SPI_processed;
            const MemoryContext before = MemoryContextSwitchTo(fetched_.get());
            for (size_t i = 0; i < count_; ++i) tuples_[i] = heap_copytuple(SPI_tuptable->vals[i]);
            MemoryContextSwitchTo(before);
            SPI_finish();
        });
        at_ = 0;
    }

    TupleDesc descriptor_ = nullptr;  // the portal's
    std::string portal_;
    std::unique_ptr<FieldMaker> maker_;
    std::vector<Datum> values_array_;
    std::unique_ptr<bool[]> nulls_array_;
    HeapTuple tuples_[rows_per_reset] = {};
    size_t at_ = 0, count_ = 0;
    ScopedContext fetched_{"ferry queried rows"};
    ScopedContext values_{"ferry queried values"};
};

}  // namespace

namespace {

bool scans_directly(Relation rel) {
    return rel->rd_rel->relkind == RELKIND_RELATION && !row_security_applies(rel);
}

}  // namespace

std::unique_ptr<RowScan> scan_rows(Relation rel, const avro::Table &table, Snapshot snapshot) {
    if (scans_directly(rel)) return std::make_unique<TableScan>(rel, table, snapshot);
    return std::make_unique<QueryScan>(rel, table);
}

bool may_share_scan(Relation rel) {
    if (!scans_directly(rel) || rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP) return false;
    return pg_call([&] {
        for (int i = 0; i < RelationGetDescr(rel)->natts; ++i) {
            const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), i);
            if (attribute->attisdropped) continue;
            Oid output;
            bool varlena;
            getTypeOutputInfo(attribute->atttypid, &output, &varlena);
            if (func_parallel(output) != PROPARALLEL_SAFE) return false;
        }
        return true;
    });
}

size_t shared_scan_size(Relation rel, Snapshot snapshot) {
    return pg_call([&] { return table_parallelscan_estimate(rel, snapshot); });
}

void start_shared_scan(Relation rel, Snapshot snapshot, void *memory) {
    pg_call(
        [&] { table_parallelscan_initialize(rel, static_cast<ParallelTableScanDesc>(memory), snapshot); });
}

std::unique_ptr<RowScan> join_shared_scan(Relation rel, const avro::Table &table, void *memory) {
    return std::make_unique<TableScan>(rel, table, static_cast<ParallelTableScanDesc>(memory));
}

}  // namespace ferry
