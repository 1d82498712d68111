// The content hash of a table as it stands, to be compared with a backup's.
#pragma once

#include <string>

#include "server/boundary.hpp"

namespace ferry {

// Of all rows that the latest snapshot shows, in the text of ContentHash.
std::string hash_table(Oid target);

}  // namespace ferry
