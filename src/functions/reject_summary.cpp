// ferry.reject_summary: the open rejects of a load by what is wrong with them, and what would mend them.
#include "load/proposals.hpp"
#include "server/arguments.hpp"
#include "server/result_set.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t { load_argument };

std::optional<std::string> text_or_null(const std::string &text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(reject_summary) {
    const LoggedLoad load = find_load(require_bigint(fcinfo, load_argument, "load"));
    require_sight(load);
    ResultSet result(fcinfo);
    const std::vector<RejectGroup> groups = group_rejects(load, enum_columns(look_for_target(load)));
    const Proposer proposer(load, groups);
    for (const RejectGroup &group : groups)
        result.add({group.cls, group.sqlstate, text_or_null(group.column), text_or_null(group.constraint),
                    group.pattern, std::to_string(group.rows), group.message, group.example,
                    std::to_string(group.example_reject), proposer.propose(group)});
    return 0;
}
