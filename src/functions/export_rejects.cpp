// ferry.export_rejects: refused rows as a file that can be edited and loaded again.
#include "functions/load_options.hpp"
#include "load/reject_export.hpp"
#include "server/arguments.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t { load_argument, status_argument };

std::string read_status(FunctionCallInfo fcinfo) {
    std::string status = text_argument(fcinfo, status_argument).value_or("open");
    for (const char *known : {"open", "fixed", "dismissed", "reloaded"})
        if (status == known) return status;
    fail_option("status", status, "Available values: open, fixed, dismissed, reloaded.");
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(export_rejects) {
    const int64_t load_id = require_bigint(fcinfo, load_argument, "load");
    const std::string status = read_status(fcinfo);
    const LoggedLoad load = find_load(load_id);
    require_sight(load);
    const ExportedRejects exported = export_rejects(load, status);
    if (exported.without_row > 0) {
        const auto n = static_cast<unsigned long>(exported.without_row);
        pg_call([&] {
            ereport(WARNING, errcode(ERRCODE_WARNING),
                    errmsg_plural("%lu reject is left out because its row was not kept",
                                  "%lu rejects are left out because their rows were not kept", n, n),
                    errhint("Setting ferry.log_raw_rows was off."));
        });
    }
    return exported.value;
}
