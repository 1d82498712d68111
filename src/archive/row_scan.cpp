// Implements row_scan.hpp. Some rows at a time cost one pg_call; their text lives in a context of their own
// or in the table's page, which stays pinned.
#include "archive/row_scan.hpp"

#include <algorithm>

#include "server/relation.hpp"

namespace ferry {
namespace {

// So many rows at a time, or Fields in all; fewer when their values, detoasted and written, take this much.
constexpr size_t most_rows = 64, most_fields = 4096, most_bytes = size_t{1} << 20U;
// Rows that a cursor is asked for at once.
constexpr unsigned rows_per_fetch = 256;

// Straight from the table's access method.
class TableScan final : public RowScan {
  public:
    TableScan(Relation rel, const avro::Table &table, Snapshot snapshot)
        : RowScan(table.columns.size()), maker_(RelationGetDescr(rel), table) {
        pg_call([&] {
            slot_ = table_slot_create(rel, nullptr);
            scan_ = table_beginscan_strat(rel, snapshot, 0, nullptr, true, false);
        });
    }
    TableScan(Relation rel, const avro::Table &table, ParallelTableScanDesc shared)
        : RowScan(table.columns.size()), maker_(RelationGetDescr(rel), table) {
        pg_call([&] {
            slot_ = table_slot_create(rel, nullptr);
            scan_ = table_beginscan_parallel(rel, shared);
        });
    }

    size_t next() override {
        values_.reset();
        const ContextSwitch into(values_.get());
        return pg_call([&] {
            CHECK_FOR_INTERRUPTS();
            unpin();
            size_t count = 0;
            while (count < most_ && !done_) {
                // Past its end a scan begins anew.
                done_ = !table_scan_getnextslot(scan_, ForwardScanDirection, slot_);
                if (done_) break;
                slot_getallattrs(slot_);
                maker_.make(slot_->tts_values, slot_->tts_isnull, fields_.data() + count++ * width_);
                if (!stays_on_page() || MemoryContextMemAllocated(values_.get(), false) > most_bytes) break;
            }
            return count;
        });
    }

    void finish() override {
        pg_call([&] {
            unpin();
            table_endscan(scan_);
            ExecDropSingleTupleTableSlot(slot_);
        });
    }

  private:
    // True when the row is on the page that the rows before it are on, which is kept in its place for them:
    // the slot holds that of the last row alone.
    bool stays_on_page() {
        if (!TTS_IS_BUFFERTUPLE(slot_)) return false;
        const Buffer page = reinterpret_cast<BufferHeapTupleTableSlot *>(slot_)->buffer;
        if (page_ == InvalidBuffer) {
            IncrBufferRefCount(page);
            page_ = page;
        }
        return page == page_;
    }
    void unpin() {
        if (page_ != InvalidBuffer) ReleaseBuffer(page_);
        page_ = InvalidBuffer;
    }

    FieldMaker maker_;
    bool done_ = false;
    Buffer page_ = InvalidBuffer;
    TupleTableSlot *slot_ = nullptr;
    TableScanDesc scan_ = nullptr;
    ScopedContext values_{"ferry scanned values"};
};

// Through a cursor, some hundred rows at a time: partitioned and foreign tables.
class QueryScan final : public RowScan {
  public:
    QueryScan(Relation rel, const avro::Table &table)
        : RowScan(table.columns.size()), portal_(open_cursor(select_text(rel, table))) {
        maker_ = std::make_unique<FieldMaker>(descriptor_, table);
        values_array_.resize(table.columns.size() + 1);
        nulls_array_ = std::make_unique<bool[]>(table.columns.size() + 1);
    }

    size_t next() override {
        if (at_ == count_) fetch();
        values_.reset();
        const ContextSwitch into(values_.get());
        return pg_call([&] {
            CHECK_FOR_INTERRUPTS();
            size_t made = 0;
            while (made < most_ && at_ < count_ &&
                   MemoryContextMemAllocated(values_.get(), false) <= most_bytes) {
                heap_deform_tuple(tuples_[at_++], descriptor_, values_array_.data(), nulls_array_.get());
                maker_->make(values_array_.data(), nulls_array_.get(), fields_.data() + made++ * width_);
            }
            return made;
        });
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
        fetched_.reset();
        const char *const name = portal_.c_str();
        pg_call([&] {
            if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
            Portal portal = SPI_cursor_find(name);
            if (portal == nullptr) elog(ERROR, "the cursor of a backup is gone");
            SPI_cursor_fetch(portal, true, rows_per_fetch);
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
    HeapTuple tuples_[rows_per_fetch] = {};
    size_t at_ = 0, count_ = 0;
    ScopedContext fetched_{"ferry queried rows"};
    ScopedContext values_{"ferry queried values"};
};

}  // namespace

RowScan::RowScan(size_t width)
    : width_(width),
      most_(std::clamp(most_fields / std::max<size_t>(width, 1), size_t{1}, most_rows)),
      fields_(most_ * width) {}

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
