// The errors of a load's open rejects in groups of the same kind: by class, SQLSTATE, column, constraint and
// the shape of the value. Memory grows with the number of groups, which is limited, never with that of rows.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "load/logged_load.hpp"

namespace ferry {

// Some of many, evenly spread over all of them and the same every time.
class Sample {
  public:
    explicit Sample(size_t most) : most_(most) {}
    void add(std::string_view item);
    const std::vector<std::string> &items() const noexcept { return items_; }
    std::vector<std::string_view> views() const { return {items_.begin(), items_.end()}; }

  private:
    size_t most_;
    uint64_t seen_ = 0, stride_ = 1;
    std::vector<std::string> items_;
};

struct RejectGroup {
    std::string cls, sqlstate, column, constraint;  // empty for none
    std::optional<std::string> pattern;
    std::string column_type;
    uint64_t rows = 0;

    // The first of them.
    int64_t example_reject = 0;
    std::optional<std::string> example;
    std::string message;

    // What a proposal is made of.
    bool no_value = false;       // the value is a word for none, and the pattern that word
    Sample values{400};          // of errors of type
    Sample rows_of_csv{20};      // short rows with faults of structure or encoding, as they came
    std::set<std::string> keys;  // distinct keys of missing parents
    bool more_keys = false;      // than the set holds
    int64_t longest = 0;         // characters of the longest value
};

// The most frequent first; ties in the order of the group's names. In columns of words the values themselves
// are the patterns. With the rights of the log's owner: the caller's right to see the load was checked.
std::vector<RejectGroup> group_rejects(const LoggedLoad &load,
                                       const std::vector<std::string> &columns_of_words);

}  // namespace ferry
