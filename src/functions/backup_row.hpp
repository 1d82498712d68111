// A manifest as a row of type ferry.backup, for the functions that return backups.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "archive/manifest.hpp"

namespace ferry {

std::vector<std::optional<std::string>> backup_row(const Manifest &manifest);

}  // namespace ferry
