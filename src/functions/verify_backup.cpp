// ferry.verify_backup: is a backup sound, and would it come back.
#include "archive/verify.hpp"

#include "functions/load_options.hpp"
#include "server/arguments.hpp"
#include "server/result_set.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t { backup_argument, level_argument };

VerifyLevel read_level(FunctionCallInfo fcinfo) {
    const std::string name = text_argument(fcinfo, level_argument).value_or("decode");
    if (const auto level = find_level(name)) return *level;
    fail_option("level", name, "Available values: checksum, decode, plan, restore.");
}

std::optional<std::string> text_or_null(const std::string &text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<std::string> number_or_null(const std::optional<uint64_t> &number) {
    return number ? std::optional(std::to_string(*number)) : std::nullopt;
}

// A folder that cannot be written keeps nobody from looking at what is in it.
void remember(const Manifest &manifest, const std::vector<Finding> &findings) {
    try {
        remember_verdict(manifest, findings);
    } catch (const Failure &failure) {
        const char *const reason = failure.error.message.c_str();
        pg_call([&] {
            ereport(WARNING, errcode(ERRCODE_WARNING),
                    errmsg("the result of the verification is not remembered"),
                    errdetail_internal("%s", reason));
        });
    }
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(verify_backup) {
    const int64_t backup_id = require_bigint(fcinfo, backup_argument, "backup");
    const VerifyLevel level = read_level(fcinfo);
    ResultSet result(fcinfo);
    const Manifest manifest = find_manifest(backup_id);
    const std::vector<Finding> findings = verify_backup(manifest, level);
    for (const Finding &finding : findings) {
        result.add({std::string(level_name(finding.level)), finding.ok ? "t" : "f",
                    text_or_null(finding.part), number_or_null(finding.block), number_or_null(finding.offset),
                    number_or_null(finding.record), text_or_null(finding.column),
                    text_or_null(finding.problem)});
    }
    remember(manifest, findings);
    return 0;
}
