// ferry.reject_fields: one refused row, split into its fields, for a form that corrects it.
#include "load/reject_fields.hpp"

#include "server/arguments.hpp"
#include "server/result_set.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t { reject_argument };

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(reject_fields) {
    const int64_t reject = require_bigint(fcinfo, reject_argument, "reject");
    const LoggedLoad load = find_load_of_reject(reject);
    require_sight(load);
    ResultSet result(fcinfo);
    size_t position = 0;
    for (const RejectField &field : split_reject(load, reject)) {
        const std::string number = std::to_string(++position);
        result.add({number, field.column, field.type, field.value, field.errors});
    }
    return 0;
}
