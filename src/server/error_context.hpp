// A CONTEXT line for errors and warnings of the server while a scope of ours is running: it says what was
// being done and how far it had come.
#pragma once

#include <string>

#include "server/boundary.hpp"

namespace ferry {

class ErrorContext {
  public:
    // `what` for example "load into public.t"; `record` counts on while the scope lives. Both outlive it.
    ErrorContext(const std::string &what, const uint64_t &record) noexcept : what_(what), record_(record) {
        frame_.previous = error_context_stack;
        frame_.callback = tell;
        frame_.arg = this;
        error_context_stack = &frame_;
    }
    ~ErrorContext() { error_context_stack = frame_.previous; }
    ErrorContext(const ErrorContext &) = delete;
    ErrorContext &operator=(const ErrorContext &) = delete;

  private:
    static void tell(void *argument) {
        const auto *self = static_cast<const ErrorContext *>(argument);
        errcontext("pg_ferry %s, after record %llu", self->what_.c_str(),
                   static_cast<unsigned long long>(self->record_));
    }

    const std::string &what_;
    const uint64_t &record_;
    ErrorContextCallback frame_{};
};

}  // namespace ferry
