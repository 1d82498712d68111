// Whether a backup is what its manifest says and could be brought back: looked at in four levels, each deeper
// than the one before. A bad backup is told, not raised, with what is wrong and where.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/manifest.hpp"

namespace ferry {

enum class VerifyLevel : uint8_t {
    checksum,  // size and SHA-256 of each part
    decode,    // every row decoded, counted and hashed
    plan,      // every row held against today's table
    restore,   // loaded into a scratch table, which is rolled back
};
std::string_view level_name(VerifyLevel level) noexcept;
std::optional<VerifyLevel> find_level(std::string_view name) noexcept;

// What a level found: a problem, a remark on a level that passed, or with neither that it passed.
struct Finding {
    VerifyLevel level = VerifyLevel::checksum;
    bool ok = true;
    std::string part = {};                // file, where it is about one
    std::optional<uint64_t> block = {};   // of the part, from 1
    std::optional<uint64_t> offset = {};  // in the part
    std::optional<uint64_t> record = {};  // of the backup, from 1
    std::string column = {}, problem = {};
};

// Looks at all levels up to this one; restore is left out where checksum or decode has failed. Tells at most
// a hundred problems of each. From plan on the caller needs the right to restore: INSERT on the table, or
// membership in pg_read_server_files (42501).
std::vector<Finding> verify_backup(const Manifest &manifest, VerifyLevel level);

// Remembers the highest level that passed beside the manifest. Raises what writing a file may raise.
void remember_verdict(const Manifest &manifest, const std::vector<Finding> &findings);

}  // namespace ferry
