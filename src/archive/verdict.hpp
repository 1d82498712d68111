// What is remembered of a backup's verification: a small file beside its manifest, that may be missing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "archive/manifest.hpp"

namespace ferry {

struct Verdict {
    std::string level;        // the highest that passed
    std::string verified_at;  // ISO 8601, UTC
};

// Nothing where there is none, or one of another backup.
std::optional<Verdict> read_verdict(const Manifest &manifest);
// Replaces the one before. Raises 42501, 53100 or 58030 where the folder cannot be written.
void write_verdict(const Manifest &manifest, std::string_view level);
void forget_verdict(const Manifest &manifest);

}  // namespace ferry
