// Implements parallel.hpp over access/parallel.h (PostgreSQL: src/backend/access/transam/README.parallel).
#include "server/parallel.hpp"

#include <dlfcn.h>

namespace ferry {
namespace {

// The file that this code was loaded from: a worker finds it wherever the server found it.
const char *library_path() {
    static const char here = 0;
    Dl_info info;
    if (dladdr(&here, &info) == 0 || info.dli_fname == nullptr)
        fail({Code::internal, "could not find the library of pg_ferry", "", ""});
    return info.dli_fname;
}

}  // namespace

ParallelRun::ParallelRun(const char *function, int workers, std::span<const size_t> sizes) {
    const char *const library = library_path();
    context_ = pg_call([&] {
        EnterParallelMode();
        ParallelContext *context = CreateParallelContext(library, function, workers);
        for (const size_t size : sizes) {
            shm_toc_estimate_chunk(&context->estimator, size);
            shm_toc_estimate_keys(&context->estimator, 1);
        }
        InitializeParallelDSM(context);
        uint64 key = 0;
        for (const size_t size : sizes) {
            void *memory = shm_toc_allocate(context->toc, size);
            MemSet(memory, 0, size);
            shm_toc_insert(context->toc, key++, memory);
        }
        return context;
    });
}

void *ParallelRun::chunk(size_t number) const {
    return shared_chunk(context_->toc, number);
}

void ParallelRun::launch() {
    pg_call([&] { LaunchParallelWorkers(context_); });
}

void ParallelRun::wait() {
    pg_call([&] { WaitForParallelWorkersToFinish(context_); });
}

void ParallelRun::end() {
    pg_call([&] {
        DestroyParallelContext(context_);
        ExitParallelMode();
    });
}

void *shared_chunk(shm_toc *toc, size_t number) {
    return pg_call([&] { return shm_toc_lookup(toc, number, false); });
}

int worker_number() noexcept {
    return ParallelWorkerNumber;
}

}  // namespace ferry
