// Tables of one request that refer to each other: in which order their rows go in, and which refused row it
// is that another one refers to in vain.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/boundary.hpp"

namespace ferry {

class RequestKin {
  public:
    // `tables` are distinct; they are known by their positions from here on.
    explicit RequestKin(std::span<const Oid> tables);

    // Parents before children, and tables that nothing binds in an order that is the same for every request:
    // two at the same moment would lock each other out otherwise. Of tables that refer to each other in a
    // circle the first comes first whose keys in it are INITIALLY DEFERRED, or else the first.
    std::vector<size_t> order() const;

    // A row of the table was refused, or went in after all. `index` is its place in the request, `row` the
    // object as it came.
    void refused(size_t table, uint64_t index, std::string_view row);
    void accepted(size_t table, uint64_t index);
    // The place of the refused row, by table and index, that this row refers to through the constraint.
    struct Place {
        size_t table;
        uint64_t index;
    };
    std::optional<Place> refused_parent(size_t table, std::string_view constraint,
                                        std::string_view row) const;

  private:
    // A foreign key from one of the tables to another, or to itself.
    struct Bond {
        size_t child, parent;
        std::string constraint;
        bool deferred;  // checked at the end of the transaction
        std::vector<std::string> columns, referenced;
        std::unordered_map<std::string, uint64_t> refused;  // keys of the parent's refused rows
    };
    bool waits(size_t table, const std::vector<bool> &placed, bool deferred_too) const;
    size_t count_family(size_t table, const std::vector<bool> &placed) const;
    size_t next_table(const std::vector<bool> &placed) const;

    std::vector<Oid> tables_;
    std::vector<Bond> bonds_;
};

}  // namespace ferry
