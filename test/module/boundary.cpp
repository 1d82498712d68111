// SQL functions that walk the border between C++ and the server in every direction, for sql/boundary.sql. A
// module of its own, never installed.
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "server/boundary.hpp"

extern "C" {
PG_MODULE_MAGIC;
}

namespace {

using namespace ferry;

// Counts itself, so that a frame jumped over instead of unwound shows.
int live_objects = 0;
class Live {
  public:
    Live() noexcept { ++live_objects; }
    Live(const Live &) = delete;
    Live &operator=(const Live &) = delete;
    ~Live() { --live_objects; }

  private:
    std::string memory_ = std::string(100, 'x');
};

std::string text_of(FunctionCallInfo fcinfo, int n) {
    return pg_call([&] { return text_to_cstring(PG_GETARG_TEXT_PP(n)); });
}

// Any other kind throws nothing.
void throw_kind(const std::string &kind) {
    const Live live;
    if (kind == "failure") fail({Code::out_of_range, "a failure of ours", "Its detail.", "Its hint.", 0});
    if (kind == "bad_alloc") throw std::bad_alloc();
    if (kind == "standard") throw std::runtime_error("a standard exception");
    if (kind == "foreign") throw 42;
    if (kind == "server")
        pg_call([] {
            ereport(ERROR, errcode(ERRCODE_DIVISION_BY_ZERO), errmsg("a server error"),
                    errdetail("Server detail."), errhint("Server hint."));
        });
    if (kind == "memory") {
        const std::vector<char> huge(size_t{1} << 62U);
        fail({Code::internal, "memory without end"});
    }
    if (kind == "server memory")
        pg_call([] { (void)MemoryContextAllocHuge(CurrentMemoryContext, MaxAllocHugeSize); });
}

// Live objects on every one of `depth` frames between the error and whoever catches it.
void throw_from_depth(int depth, const std::string &kind) {
    const Live live;
    if (depth > 0)
        throw_from_depth(depth - 1, kind);
    else
        throw_kind(kind);
}

}  // namespace

FERRY_FUNCTION(test_throw) {
    throw_from_depth(PG_GETARG_INT32(1), text_of(fcinfo, 0));
    return 0;
}

FERRY_FUNCTION(test_live_objects) {
    return Int32GetDatum(live_objects);
}

// Runs an SQL statement with a live object on the stack: whatever it raises must come through unchanged.
FERRY_FUNCTION(test_execute) {
    const Live live;
    const std::string sql = text_of(fcinfo, 0);
    const char *const statement = sql.c_str();
    pg_call([&] {
        SPI_connect();
        SPI_execute(statement, false, 0);
        SPI_finish();
    });
    return BoolGetDatum(true);
}

// Runs an SQL statement in a subtransaction and tells what became of it: "kept", "rolled back" or the error's
// SQLSTATE and message.
FERRY_FUNCTION(test_subtransaction) {
    const Live live;
    const std::string sql = text_of(fcinfo, 0);
    const char *const statement = sql.c_str();
    const bool keep = PG_GETARG_BOOL(1);
    const ServerError *error = in_subtransaction([&] {
        const Live inner;
        pg_call([&] {
            SPI_connect();
            SPI_execute(statement, false, 0);
            SPI_finish();
        });
        return keep;
    });
    std::string outcome = keep ? "kept" : "rolled back";
    if (error != nullptr) outcome = std::string(unpack_sql_state(error->sqlerrcode)) + ": " + error->message;
    return pg_call([&] { return CStringGetTextDatum(outcome.c_str()); });
}

// An exception of ours, not the server's, out of a subtransaction.
FERRY_FUNCTION(test_subtransaction_throw) {
    const std::string kind = text_of(fcinfo, 0);
    (void)in_subtransaction([&] {
        throw_from_depth(3, kind);
        return true;
    });
    return 0;
}

// Catches `count` server errors one after the other and returns how many.
FERRY_FUNCTION(test_catch_many) {
    const int count = PG_GETARG_INT32(0);
    const ScopedContext context("boundary test");
    const ContextSwitch into(context.get());
    int caught = 0;
    for (int i = 0; i < count; ++i) {
        try {
            throw_from_depth(5, i % 2 == 0 ? "server" : "failure");
        } catch (const PgError &error) {
            if (error.data->sqlerrcode == ERRCODE_DIVISION_BY_ZERO) ++caught;
        } catch (const Failure &failure) {
            if (failure.error.code == Code::out_of_range) ++caught;
        }
    }
    return Int32GetDatum(caught);
}

// Loops in C++ until somebody stops it.
FERRY_FUNCTION(test_loop) {
    const Live live;
    for (;;) {
        const Live inner;
        check_interrupts();
    }
}

// An object owned by a memory context goes with it.
FERRY_FUNCTION(test_context_owned) {
    const int before = live_objects;
    int during;
    {
        const ScopedContext context("boundary test");
        context_owned<Live>(context.get());
        during = live_objects;
    }
    return BoolGetDatum(during == before + 1 && live_objects == before);
}

// What stands around a call is back in place after an error was caught.
FERRY_FUNCTION(test_state_restored) {
    const MemoryContext context = CurrentMemoryContext;
    sigjmp_buf *const handler = PG_exception_stack;
    ErrorContextCallback *const callbacks = error_context_stack;
    try {
        throw_from_depth(2, "server");
    } catch (const PgError &) {
        check_interrupts();
    }
    return BoolGetDatum(context == CurrentMemoryContext && handler == PG_exception_stack &&
                        callbacks == error_context_stack);
}
