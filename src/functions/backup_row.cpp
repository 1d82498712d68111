// Implements backup_row.hpp.
#include "functions/backup_row.hpp"

#include "archive/verdict.hpp"

namespace ferry {

std::vector<std::optional<std::string>> backup_row(const Manifest &manifest) {
    const std::optional<Verdict> verdict = read_verdict(manifest);
    return {std::to_string(manifest.backup_id),
            manifest.target,
            manifest.file,
            manifest.codec,
            std::to_string(manifest.parts.size()),
            std::to_string(manifest.rows),
            std::to_string(manifest.bytes),
            manifest.sha256,
            manifest.content_hash,
            manifest.taken_at,
            manifest.taken_by,
            manifest.snapshot,
            verdict ? std::optional(verdict->level) : std::nullopt,
            verdict ? std::optional(verdict->verified_at) : std::nullopt,
            manifest.filtered ? "t" : "f",
            manifest.database};
}

}  // namespace ferry
