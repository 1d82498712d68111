// ferry.backup_parts and ferry.read_backup_file: the files of a backup and their bytes, for clients without a
// way to the server's disk.
#include "archive/backup_bytes.hpp"
#include "functions/load_options.hpp"
#include "server/arguments.hpp"
#include "server/result_set.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t { backup_argument, part_argument, start_argument, length_argument };

void add_parts(const Manifest &manifest, ResultSet &result) {
    for (size_t i = 0; i < manifest.parts.size(); ++i) {
        const ManifestPart &part = manifest.parts[i];
        result.add({std::to_string(manifest.backup_id), std::to_string(i + 1), part.file,
                    std::to_string(part.rows), std::to_string(part.bytes), part.sha256});
    }
}

// From 1.
size_t read_part_number(FunctionCallInfo fcinfo) {
    const int32_t part = PG_ARGISNULL(part_argument) ? 1 : PG_GETARG_INT32(part_argument);
    if (part < 1) fail_option("part", std::to_string(part), "Parts are numbered from 1.");
    return static_cast<size_t>(part);
}

uint64_t read_start(FunctionCallInfo fcinfo) {
    const int64_t start = bigint_argument(fcinfo, start_argument).value_or(0);
    if (start < 0) fail_option("start", std::to_string(start), "It must not be negative.");
    return static_cast<uint64_t>(start);
}

uint64_t read_length(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(length_argument)) return largest_read;
    const int32_t length = PG_GETARG_INT32(length_argument);
    if (length < 1 || static_cast<uint64_t>(length) > largest_read)
        fail_option("length", std::to_string(length), "It must be from 1 to 67108864.");
    return static_cast<uint64_t>(length);
}

const ManifestPart &find_part(const Manifest &manifest, size_t number) {
    if (number <= manifest.parts.size()) return manifest.parts[number - 1];
    fail({Code::undefined_object,
          "backup " + std::to_string(manifest.backup_id) + " has no part " + std::to_string(number),
          "Number of its parts: " + std::to_string(manifest.parts.size()) + ".", ""});
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(backup_parts) {
    const std::optional<int64_t> backup = bigint_argument(fcinfo, backup_argument);
    ResultSet result(fcinfo);
    if (backup) {
        add_parts(find_manifest(*backup), result);
    } else {
        for (const Manifest &manifest : list_manifests()) add_parts(manifest, result);
    }
    return 0;
}

FERRY_FUNCTION(read_backup_file) {
    const int64_t backup = require_bigint(fcinfo, backup_argument, "backup");
    const size_t number = read_part_number(fcinfo);
    const uint64_t start = read_start(fcinfo);
    const uint64_t length = read_length(fcinfo);
    const Manifest manifest = find_manifest(backup);
    require_reader_of_bytes(manifest);
    return PointerGetDatum(read_part(find_part(manifest, number), start, length));
}
