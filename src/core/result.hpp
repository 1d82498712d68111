// Expected failures as values: a Result holds what was asked for or the Error that says why not and where.
// Exceptions are left for bugs, memory and server errors in flight.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "core/code.hpp"

namespace ferry {

struct Error {
    Code code = Code::internal;
    std::string message;      // PostgreSQL style: lower case, no full stop
    std::string detail = {};  // full sentences, may be empty
    std::string hint = {};    // full sentences, may be empty
    uint64_t offset = 0;      // bytes from the start of the input, where that means something
};

template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: meant to convert
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: meant to convert

    explicit operator bool() const noexcept { return state_.index() == 0; }
    T &operator*() & { return std::get<0>(state_); }
    const T &operator*() const & { return std::get<0>(state_); }
    T &&operator*() && { return std::get<0>(std::move(state_)); }
    T *operator->() { return &std::get<0>(state_); }
    const T *operator->() const { return &std::get<0>(state_); }
    const Error &error() const & { return std::get<1>(state_); }
    Error &&error() && { return std::get<1>(std::move(state_)); }

  private:
    std::variant<T, Error> state_;
};

// A Result that gives nothing but the news that it went well.
struct Done {};
using Status = Result<Done>;

}  // namespace ferry
