// The border between C++ exceptions and the server's longjmp, both ways and without loss: SQLSTATE, message,
// detail, hint and context cross it unchanged. Rules for its use: CONTRIBUTING.md R1–R12.
#pragma once

#include <csetjmp>
#include <exception>
#include <new>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

#include "core/result.hpp"
#include "server/pg.hpp"

namespace ferry {

// A server error with all it says. Owned by a memory context.
using ServerError = ErrorData;

// A server error in flight through C++ frames. The ErrorData belongs to the memory context that was current
// where the failed pg_call stood.
struct PgError {
    ErrorData *data;
};

// An error of ours in flight; becomes an ordinary SQL error at the entry. Prefer fail() to constructing one.
struct Failure {
    Error error;
    std::source_location where;
};

// Ends the SQL function with this error. Never inside pg_call: its frames are C.
[[noreturn]] void fail(Error error, std::source_location where = std::source_location::current());

// The value of a Result, or fail() with its error.
template <typename T>
T value_or_fail(Result<T> result, std::source_location where = std::source_location::current()) {
    if (!result) fail(std::move(result).error(), where);
    return *std::move(result);
}
void done_or_fail(const Status &status, std::source_location where = std::source_location::current());

namespace boundary {

// What PG_END_TRY restores, on every way out.
class HandlerScope {
  public:
    HandlerScope() noexcept : jump_(PG_exception_stack), context_(error_context_stack) {}
    ~HandlerScope() {
        PG_exception_stack = jump_;
        error_context_stack = context_;
    }
    HandlerScope(const HandlerScope &) = delete;
    HandlerScope &operator=(const HandlerScope &) = delete;

  private:
    sigjmp_buf *const jump_;
    ErrorContextCallback *const context_;
};

// Takes the pending server error out of the error subsystem into `context`; null when there is no memory for
// that.
ErrorData *take_pending_error(MemoryContext context) noexcept;

// Everything needed to raise an error after all C++ objects are gone: fixed size, trivially destructible.
struct Raised {
    ErrorData *data;
    int sqlstate;
    uint_least32_t line;
    const char *file;
    const char *function;
    char message[1024];
    char detail[4096];
    char hint[1024];
};
void note_current_exception(Raised &raised) noexcept;
[[noreturn]] void raise(const Raised &raised);

void begin_subtransaction();
void end_subtransaction(bool keep, MemoryContext context, ResourceOwner owner);
[[noreturn]] void rethrow(ErrorData *data);

}  // namespace boundary

// Calls f, which may ereport, from C++ code with live objects: a server error arrives as PgError. Inside f
// stand server calls, scalars and pointers only: nothing with a destructor, since an error jumps over it. 5
// ns when all goes well.
template <typename F>
[[gnu::noinline]] auto pg_call(F &&f) -> std::invoke_result_t<F &> {
    using R = std::invoke_result_t<F &>;
    static_assert(std::is_void_v<R> || std::is_trivially_copyable_v<R>);
    const MemoryContext here = CurrentMemoryContext;
    {
        const boundary::HandlerScope scope;
        sigjmp_buf landing;
        if (sigsetjmp(landing, 0) == 0) {  // 0: the signal mask is not saved, which would be a system call
            PG_exception_stack = &landing;
            return f();
        }
    }
    MemoryContextSwitchTo(here);
    if (ErrorData *data = boundary::take_pending_error(here)) throw PgError{data};
    throw std::bad_alloc();
}

// The entry of every SQL function: nothing but an SQL error leaves it. Raises after the catch has closed,
// when no C++ object and no exception is left.
template <Datum (*Body)(FunctionCallInfo)>
Datum enter(FunctionCallInfo fcinfo) {
    boundary::Raised raised;
    try {
        return Body(fcinfo);
    } catch (...) {
        boundary::note_current_exception(raised);
    }
    boundary::raise(raised);
}

// The same for the entry of a parallel worker: its error travels to the process that it works for.
template <void (*Body)(shm_toc *)>
void enter_worker(shm_toc *toc) {
    boundary::Raised raised;
    try {
        return Body(toc);
    } catch (...) {
        boundary::note_current_exception(raised);
    }
    boundary::raise(raised);
}

// Lets a cancel, a timeout or a shutdown through. Stands in every loop over user data.
inline void check_interrupts() {
    if (InterruptPending) pg_call([] { CHECK_FOR_INTERRUPTS(); });
}

// True for errors that no row is to blame for: cancel and shutdown, resources, system and internal errors,
// serialization failure and deadlock. They are never turned into a reject.
bool beyond_rows(const ErrorData *data) noexcept;

// Runs f in a subtransaction. When f returns true it is kept, when it returns false it is rolled back; both
// give null. A server error that a row can be to blame for rolls it back and is returned, owned by the
// context current at the call. Any other error or exception rolls it back and goes on.
template <typename F>
ErrorData *in_subtransaction(F &&f) {
    const MemoryContext context = CurrentMemoryContext;
    const ResourceOwner owner = CurrentResourceOwner;
    ErrorData *failed = nullptr;
    std::exception_ptr other;
    bool keep = false;
    pg_call([&] {
        boundary::begin_subtransaction();
        MemoryContextSwitchTo(context);
    });
    try {
        keep = f();
    } catch (const PgError &error) {
        failed = error.data;
    } catch (...) {
        other = std::current_exception();
    }
    pg_call([&] { boundary::end_subtransaction(keep, context, owner); });
    if (other) std::rethrow_exception(other);
    if (failed != nullptr && beyond_rows(failed)) boundary::rethrow(failed);
    return failed;
}

// Makes a T that lives as long as `context`; its destructor must not touch the server.
template <typename T, typename... Args>
T *context_owned(MemoryContext context, Args &&...args) {
    static_assert(std::is_nothrow_destructible_v<T>);
    struct Owned {
        MemoryContextCallback callback;
        T *object;
    };
    auto *owned =
        pg_call([&] { return static_cast<Owned *>(MemoryContextAllocZero(context, sizeof(Owned))); });
    owned->callback.func = [](void *argument) { delete static_cast<Owned *>(argument)->object; };
    owned->callback.arg = owned;
    MemoryContextRegisterResetCallback(context, &owned->callback);
    owned->object = new T(std::forward<Args>(args)...);
    return owned->object;
}

// A memory context of a C++ scope: child of the current one, deleted with the scope. When an exception ends
// the scope it is left to its parent, because the error in flight may live in it.
class ScopedContext {
  public:
    explicit ScopedContext(const char *name);
    ~ScopedContext() {
        if (std::uncaught_exceptions() == exceptions_) MemoryContextDelete(context_);
    }
    ScopedContext(const ScopedContext &) = delete;
    ScopedContext &operator=(const ScopedContext &) = delete;

    MemoryContext get() const noexcept { return context_; }
    void reset() noexcept { MemoryContextReset(context_); }

  private:
    MemoryContext context_;
    int exceptions_ = std::uncaught_exceptions();
};

// Makes a context current for a scope.
class ContextSwitch {
  public:
    explicit ContextSwitch(MemoryContext context) noexcept : before_(MemoryContextSwitchTo(context)) {}
    ~ContextSwitch() { MemoryContextSwitchTo(before_); }
    ContextSwitch(const ContextSwitch &) = delete;
    ContextSwitch &operator=(const ContextSwitch &) = delete;

  private:
    MemoryContext before_;
};

}  // namespace ferry

// Declares the SQL-callable function ferry_<name> and opens its C++ body, in which exceptions are allowed.
#define FERRY_FUNCTION(name)                           \
    static Datum name##_body(FunctionCallInfo fcinfo); \
    extern "C" {                                       \
    PGDLLEXPORT Datum ferry_##name(PG_FUNCTION_ARGS);  \
    PG_FUNCTION_INFO_V1(ferry_##name);                 \
    Datum ferry_##name(PG_FUNCTION_ARGS) {             \
        return ferry::enter<name##_body>(fcinfo);      \
    }                                                  \
    }                                                  \
    static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo)
