// SQL statements run from C++: through SPI, with the current user's rights, one pg_call each. Names in the
// text are qualified by whoever builds it.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "server/boundary.hpp"

namespace ferry {

struct SqlArgument {
    Oid type;
    Datum value;
    bool null = false;
};
SqlArgument text_argument(std::string_view text);  // allocated in the current memory context
SqlArgument bigint_argument(int64_t value);
SqlArgument oid_argument(Oid value);
SqlArgument oid_array_argument(std::span<const Oid> values);  // likewise

// Runs one statement that may write; returns the rows it processed. Raises whatever the server raises.
uint64_t execute(const std::string &sql, std::span<const SqlArgument> arguments = {});

// Runs a query and gives its rows as text; nullopt stands for NULL. For small answers only.
using TextRow = std::vector<std::optional<std::string>>;
std::vector<TextRow> query(const std::string &sql, std::span<const SqlArgument> arguments = {});
// The same under the active snapshot, not a new one.
std::vector<TextRow> query_now(const std::string &sql);

// A saved plan of SPI, freed with its owner.
class KeptPlan {
  public:
    KeptPlan() = default;
    KeptPlan(KeptPlan &&other) noexcept : plan_(std::exchange(other.plan_, nullptr)) {}
    KeptPlan &operator=(KeptPlan &&other) noexcept {
        std::swap(plan_, other.plan_);
        return *this;
    }
    ~KeptPlan() {
        if (plan_ != nullptr) SPI_freeplan(plan_);
    }

    SPIPlanPtr get() const noexcept { return plan_; }
    void set(SPIPlanPtr plan) noexcept { plan_ = plan; }

  private:
    SPIPlanPtr plan_ = nullptr;
};

}  // namespace ferry
