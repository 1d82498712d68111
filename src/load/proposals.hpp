// What would mend a group of rejects, in the words and statements that a DBA needs: an option of
// ferry.replay() that reads the rows, a change of the table that lets them in, or the way to correct them by
// hand.
#pragma once

#include <string>
#include <vector>

#include "load/reject_groups.hpp"
#include "load/target_facts.hpp"

namespace ferry {

class Proposer {
  public:
    // `load` outlives this object; `groups` are all there are.
    Proposer(const LoggedLoad &load, const std::vector<RejectGroup> &groups);

    std::string propose(const RejectGroup &group) const;

  private:
    // Each is empty where it has nothing to propose.
    std::string of_type(const RejectGroup &group) const;
    std::string of_no_value(const RejectGroup &group) const;
    std::string of_date(const RejectGroup &group) const;
    std::string of_number(const RejectGroup &group, const ColumnFacts &column) const;
    std::string of_range(const RejectGroup &group, const ColumnFacts &column) const;
    std::string of_length(const RejectGroup &group, const ColumnFacts &column) const;
    std::string of_enum(const RejectGroup &group, const ColumnFacts &column) const;
    std::string of_not_null(const RejectGroup &group) const;
    std::string of_check(const RejectGroup &group) const;
    std::string of_domain(const RejectGroup &group) const;
    std::string of_key(const RejectGroup &group) const;
    std::string of_foreign_key(const RejectGroup &group) const;
    std::string of_structure(const RejectGroup &group) const;
    std::string of_unknown_key(const RejectGroup &group) const;
    std::string of_delimiter(const RejectGroup &group) const;
    std::string of_salvage(const RejectGroup &group) const;
    std::string of_encoding(const RejectGroup &group) const;
    std::string of_server(const RejectGroup &group) const;
    std::string by_hand(const RejectGroup &group) const;

    std::vector<std::string> rows_as_text(const RejectGroup &group) const;
    std::string again(const std::string &options = {}) const;
    std::string alter_column(const RejectGroup &group, const std::string &change) const;
    bool may_be_null(const std::string &column) const;

    const LoggedLoad &load_;
    Oid target_;         // InvalidOid when it is gone
    int64_t replayed_;   // the load that a replay is of, were there one
    bool replayable_;    // by ferry.replay(), not from the input only
    std::string words_;  // for no value, in columns that take NULL: 'N/A', '-'
};

}  // namespace ferry
