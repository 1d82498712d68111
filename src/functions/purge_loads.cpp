// ferry.purge_loads: old loads out of the log.
#include "load/purge.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t { older_than_argument };

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(purge_loads) {
    if (PG_ARGISNULL(older_than_argument))
        fail({Code::null_argument, "argument \"older_than\" must not be null"});
    return Int64GetDatum(static_cast<int64>(purge_loads(PG_GETARG_DATUM(older_than_argument))));
}
