// Implements backup_row.hpp.
#include "functions/backup_row.hpp"

namespace ferry {

std::vector<std::optional<std::string>> backup_row(const Manifest &manifest) {
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
            std::nullopt,
            std::nullopt};
}

}  // namespace ferry
