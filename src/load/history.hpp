// What the log knows of earlier loads, asked with the rights of the extension's owner: a guard must see the
// loads of others as well.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/boundary.hpp"

namespace ferry {

// Waits for other transactions that have called this for the same table and number of bytes, and makes later
// ones wait until this transaction ends: of two loads of one file at the same moment the second must see the
// first.
void await_like_loads(Oid target, uint64_t bytes);

// An earlier load of so many bytes into this table (by its qualified name) that left rows in it; with
// `sha256`, of these very bytes. The latest one, or nothing.
std::optional<int64_t> earlier_load(const std::string &target, uint64_t bytes,
                                    const std::string &sha256 = "");

}  // namespace ferry
