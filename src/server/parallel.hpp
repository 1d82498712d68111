// Work that this process shares with parallel workers of the server: they have its snapshot, user, settings
// and locks, and their errors are its own.
#pragma once

#include <span>

#include "server/boundary.hpp"

namespace ferry {

// One run. Nothing may be written, and no subtransaction begun, between its making and finish(). After an
// error the server ends the workers with the transaction.
class ParallelRun {
  public:
    // `function` is the exported name of the workers' entry; `sizes` those of the chunks of memory that all
    // share, zeroed. As many workers as there are to be had, perhaps none, up to `workers`.
    ParallelRun(const char *function, int workers, std::span<const size_t> sizes);
    ParallelRun(const ParallelRun &) = delete;
    ParallelRun &operator=(const ParallelRun &) = delete;

    void *chunk(size_t number) const;
    // Starts the workers, once the chunks are filled.
    void launch();
    // Waits for all workers to end and raises what one of them has raised. Shared memory stays until end().
    void wait();
    void end();

  private:
    ParallelContext *context_;
};

// The same chunk as a worker sees it, and which worker it is: from 0.
void *shared_chunk(shm_toc *toc, size_t number);
int worker_number() noexcept;

}  // namespace ferry
