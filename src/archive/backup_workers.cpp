// Implements backup_workers.hpp. What the processes share is plain data in memory of the server's: the plans,
// the next table, the blocks of a shared scan, and the facts of finished parts.
#include "archive/backup_workers.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "archive/row_scan.hpp"
#include "server/parallel.hpp"
#include "server/progress.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// Numbers of the shared chunks.
enum Chunk : uint8_t { state_chunk, tables_chunk, parts_chunk, scan_chunk };

struct SharedState {
    uint32_t tables;
    uint32_t capacity;  // of the parts' chunk
    bool one_scan;      // one table, whose blocks are shared
    pg_atomic_uint32 next_table;
    pg_atomic_uint32 parts;
    pg_atomic_uint64 rows, bytes;  // written by all, of one scan
};

// A plan without pointers.
struct SharedTable {
    Oid relid;
    uint32_t number;
    avro::Codec codec;
    int level;
    size_t block_size;
    char stage[17];
    char file[256];
    char metadata[4096];  // keys and values, each ended by a NUL
};

template <size_t N>
void copy_text(char (&to)[N], const std::string &text) {
    if (text.size() >= N) fail({Code::internal, "a name of a backup is too long to be shared", "", ""});
    to[text.copy(to, N - 1)] = '\0';
}

void put_table(SharedTable &to, const WorkerTable &from) {
    const PartPlan &plan = *from.plan;
    to.relid = RelationGetRelid(from.rel);
    to.number = from.number;
    to.codec = plan.codec;
    to.level = plan.level;
    to.block_size = plan.block_size;
    copy_text(to.stage, plan.stage);
    copy_text(to.file, plan.file);
    std::string metadata;
    for (const auto &[key, value] : plan.metadata) metadata += key + '\0' + value + '\0';
    if (metadata.size() >= sizeof to.metadata)
        fail({Code::internal, "the facts of a backup are too long to be shared", "", ""});
    std::memcpy(to.metadata, metadata.data(), metadata.size());  // what follows is zero
}

PartPlan plan_of(const SharedTable &from) {
    PartPlan plan;
    plan.stage = from.stage;
    plan.file = from.file;
    plan.codec = from.codec;
    plan.level = from.level;
    plan.block_size = from.block_size;
    for (const char *at = from.metadata; *at != '\0';) {
        const std::string key = at;
        at += key.size() + 1;
        const std::string value = at;
        at += value.size() + 1;
        plan.metadata.emplace(key, value);
    }
    return plan;
}

class SharedParts final : public PartList {
  public:
    SharedParts(SharedState *state, PartFacts *parts) : state_(state), parts_(parts) {}
    void add(const PartFacts &part) override {
        const uint32_t at = pg_atomic_fetch_add_u32(&state_->parts, 1);
        if (at >= state_->capacity)
            fail({Code::internal, "a backup has more parts than it can have", "", ""});
        parts_[at] = part;
    }

  private:
    SharedState *state_;
    PartFacts *parts_;
};

// How far the backup is: at one scan the process that was asked tells what all have done together, with a
// table of its own each process tells what it has done itself.
class SharedProgress {
  public:
    SharedProgress(SharedState *state, Oid relid, bool leads)
        : state_(state), leads_(leads), progress_(Deed::backup, relid) {}

    void report(uint64_t rows, uint64_t bytes) {
        if (!state_->one_scan) {
            progress_.report(bytes, rows, 0);
            return;
        }
        const uint64_t all_rows = pg_atomic_add_fetch_u64(&state_->rows, static_cast<int64>(rows - rows_));
        const uint64_t all_bytes =
            pg_atomic_add_fetch_u64(&state_->bytes, static_cast<int64>(bytes - bytes_));
        rows_ = rows;
        bytes_ = bytes;
        if (leads_) progress_.report(all_bytes, all_rows, 0);
    }

  private:
    SharedState *state_;
    bool leads_;
    Progress progress_;
    uint64_t rows_ = 0, bytes_ = 0;  // of this process, that are counted in
};

// One process's share of the work; `chunk` gives it the shared memory.
template <typename ChunkOf>
void take_part(ChunkOf &&chunk, uint32_t stream) {
    auto *const state = static_cast<SharedState *>(chunk(state_chunk));
    auto *const tables = static_cast<SharedTable *>(chunk(tables_chunk));
    SharedParts parts(state, static_cast<PartFacts *>(chunk(parts_chunk)));
    for (uint32_t first = 0;; first = 1) {
        // The blocks of one scan are gone after one turn.
        const uint32_t at = state->one_scan ? first : pg_atomic_fetch_add_u32(&state->next_table, 1);
        if (at >= state->tables) return;
        const PartPlan plan = plan_of(tables[at]);
        Relation rel = open_table(tables[at].relid, AccessShareLock);
        const avro::Table table = describe_table(rel);
        PartWriter writer(plan, table, tables[at].number, stream, parts);
        const auto scan = state->one_scan ? join_shared_scan(rel, table, chunk(scan_chunk))
                                          : scan_rows(rel, table, GetActiveSnapshot());
        SharedProgress progress(state, tables[at].relid, stream == 0);
        progress.report(0, 0);
        for (uint64_t done = 0; const size_t rows = scan->next();) {
            for (size_t i = 0; i < rows; ++i) writer.add(scan->row(i));
            done += rows;
            progress.report(done, writer.bytes());
        }
        scan->finish();
        writer.finish(!state->one_scan);
        close_table(rel);
    }
}

void work(shm_toc *toc) {
    take_part([toc](size_t number) { return shared_chunk(toc, number); },
              static_cast<uint32_t>(worker_number()) + 1);
}

// A stream of rows ends a part at most once for each column, and once for itself.
uint32_t most_parts(std::span<const WorkerTable> tables, uint32_t streams) {
    uint32_t parts = 0;
    for (const WorkerTable &table : tables) parts += static_cast<uint32_t>(table.table->columns.size()) + 1;
    return tables.size() == 1 ? parts * streams : parts;
}

}  // namespace

void write_with_workers(std::span<const WorkerTable> tables, int workers, PartList &list) {
    const bool one_scan = tables.size() == 1;
    if (!one_scan) workers = std::min(workers, static_cast<int>(tables.size()) - 1);
    const uint32_t capacity = most_parts(tables, static_cast<uint32_t>(workers) + 1);
    const std::array<size_t, 4> sizes{
        sizeof(SharedState), tables.size() * sizeof(SharedTable), capacity * sizeof(PartFacts),
        one_scan ? shared_scan_size(tables[0].rel, GetActiveSnapshot()) : size_t{8}};
    ParallelRun run("ferry_backup_worker", workers, sizes);
    auto *const state = static_cast<SharedState *>(run.chunk(state_chunk));
    state->tables = static_cast<uint32_t>(tables.size());
    state->capacity = capacity;
    state->one_scan = one_scan;
    pg_atomic_init_u32(&state->next_table, 0);
    pg_atomic_init_u32(&state->parts, 0);
    pg_atomic_init_u64(&state->rows, 0);
    pg_atomic_init_u64(&state->bytes, 0);
    for (size_t i = 0; i < tables.size(); ++i)
        put_table(static_cast<SharedTable *>(run.chunk(tables_chunk))[i], tables[i]);
    if (one_scan) start_shared_scan(tables[0].rel, GetActiveSnapshot(), run.chunk(scan_chunk));

    run.launch();
    take_part([&](size_t number) { return run.chunk(number); }, 0);
    run.wait();
    const uint32_t count = pg_atomic_read_u32(&state->parts);
    const auto *const parts = static_cast<const PartFacts *>(run.chunk(parts_chunk));
    for (uint32_t i = 0; i < count; ++i) list.add(parts[i]);
    run.end();
    // An empty table is a file too.
    if (count == 0) PartWriter(*tables[0].plan, *tables[0].table, tables[0].number, 0, list).finish(true);
}

}  // namespace ferry

extern "C" {
PGDLLEXPORT void ferry_backup_worker(dsm_segment *segment, shm_toc *toc);
void ferry_backup_worker(dsm_segment *, shm_toc *toc) {
    ferry::enter_worker<ferry::work>(toc);
}
}
