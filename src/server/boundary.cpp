// Implements boundary.hpp: the only place that copies server errors, raises ours and opens subtransactions.
// Nothing here ereports inside a catch block or a destructor.
#include "server/boundary.hpp"

#include <cstring>

#include "core/byte_stream.hpp"
#include "core/text.hpp"

namespace ferry {
namespace {

int sqlstate_of(std::string_view s) noexcept {
    return MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4]);
}

template <size_t N>
void copy_clipped(char (&to)[N], std::string_view text) noexcept {
    const std::string_view kept = clip(text, N - 1);
    std::memcpy(to, kept.data(), kept.size());
    to[kept.size()] = '\0';
}

void note_failure(boundary::Raised &raised, const Failure &failure) noexcept {
    raised.sqlstate = sqlstate_of(code_info(failure.error.code).sqlstate);
    raised.file = failure.where.file_name();
    raised.line = failure.where.line();
    raised.function = failure.where.function_name();
    copy_clipped(raised.message, failure.error.message);
    copy_clipped(raised.detail, failure.error.detail);
    copy_clipped(raised.hint, failure.error.hint);
}

}  // namespace

void fail(Error error, std::source_location where) {
    throw Failure{std::move(error), where};
}

void done_or_fail(const Status &status, std::source_location where) {
    if (!status) fail(status.error(), where);
}

ScopedContext::ScopedContext(const char *name)
    : context_(pg_call([name] {
          // A named context, not AllocSetContextCreate: that macro wants a literal.
          return AllocSetContextCreateInternal(CurrentMemoryContext, name, ALLOCSET_DEFAULT_SIZES);
      })) {}

bool beyond_rows(const ErrorData *data) noexcept {
    if (data->elevel != ERROR) return true;
    // Connections, transaction state, resources, object state, intervention, system, snapshots, foreign
    // servers, bugs.
    for (const char *cls : {"08", "25", "53", "55", "57", "58", "72", "HV", "XX"}) {
        if (ERRCODE_TO_CATEGORY(data->sqlerrcode) == MAKE_SQLSTATE(cls[0], cls[1], '0', '0', '0'))
            return true;
    }
    // A transaction that must be rolled back, but not for a constraint (40002).
    return ERRCODE_TO_CATEGORY(data->sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK &&
           data->sqlerrcode != ERRCODE_T_R_INTEGRITY_CONSTRAINT_VIOLATION;
}

namespace boundary {

ErrorData *take_pending_error(MemoryContext context) noexcept {
    ErrorData *volatile data = nullptr;
    {
        const HandlerScope scope;
        sigjmp_buf landing;
        if (sigsetjmp(landing, 0) == 0) {
            PG_exception_stack = &landing;
            MemoryContextSwitchTo(context);
            data = CopyErrorData();
        }
    }
    MemoryContextSwitchTo(context);
    FlushErrorState();
    return data;
}

void note_current_exception(Raised &raised) noexcept {
    raised.data = nullptr;
    raised.sqlstate = ERRCODE_INTERNAL_ERROR;
    raised.file = __FILE__;
    raised.line = __LINE__;
    raised.function = __func__;
    raised.detail[0] = raised.hint[0] = '\0';
    copy_clipped(raised.message, "unknown exception");
    try {
        throw;
    } catch (const PgError &error) {
        raised.data = error.data;
    } catch (const Failure &failure) {
        note_failure(raised, failure);
    } catch (const StreamError &damage) {
        note_failure(raised, {damage.error, std::source_location::current()});
    } catch (const std::bad_alloc &) {
        raised.sqlstate = ERRCODE_OUT_OF_MEMORY;
        copy_clipped(raised.message, "out of memory");
    } catch (const std::exception &exception) {
        copy_clipped(raised.message, exception.what());
    } catch (...) {
    }
}

void raise(const Raised &raised) {
    if (raised.data != nullptr) ReThrowError(raised.data);
    if (errstart(ERROR, TEXTDOMAIN)) {
        errcode(raised.sqlstate);
        errmsg_internal("%s", raised.message);
        if (raised.detail[0] != '\0') errdetail_internal("%s", raised.detail);
        if (raised.hint[0] != '\0') errhint("%s", raised.hint);
        errfinish(raised.file, static_cast<int>(raised.line), raised.function);
    }
    pg_unreachable();
}

void begin_subtransaction() {
    BeginInternalSubTransaction(nullptr);
}

void end_subtransaction(bool keep, MemoryContext context, ResourceOwner owner) {
    if (keep)
        ReleaseCurrentSubTransaction();
    else
        RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
}

void rethrow(ErrorData *data) {
    throw PgError{data};
}

}  // namespace boundary
}  // namespace ferry
