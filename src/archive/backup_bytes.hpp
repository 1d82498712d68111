// The bytes of a backup's files, for those who cannot reach the server's disk; and who may have them, since a
// file shows every row and column that the table had.
#pragma once

#include "archive/manifest.hpp"

namespace ferry {

// What one call of read_part() reads at most.
constexpr uint64_t largest_read = uint64_t{64} << 20U;

// Raises 42501 but for members of pg_read_server_files, the owner of the table that the backup was taken of,
// and those who may SELECT and INSERT there, unless row-level security applies to them or the backup has a
// column that the table has lost: they could bring those rows back and read them.
void require_reader_of_bytes(const Manifest &manifest);

// Bytes of one part from `start`, at most `length` and at most largest_read; fewer at its end, none behind
// it. A new value of the server's. Raises 58P01 when the file is gone and what else files may be.
const bytea *read_part(const ManifestPart &part, uint64_t start, uint64_t length);

}  // namespace ferry
