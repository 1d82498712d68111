// Writing backups: each table into one or more Avro files with one manifest, all of one snapshot, complete
// and durable or not there at all.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "archive/manifest.hpp"
#include "core/avro/codec.hpp"

namespace ferry {

struct BackupOptions {
    avro::Codec codec = avro::Codec::deflate;
    int level = avro::default_level;
    size_t block_size = size_t{128} << 10U;  // uncompressed bytes after which a block ends
    int workers = 0;                         // parallel workers that may help
    std::string name;  // of the one backup, without folder; empty for names made of table and backup_id
};

// Backs up tables that are open with AccessShareLock and readable to the caller, under one new snapshot of
// the transaction. Raises 42710 when the name is taken, 53100 when the disk is full, 58030 for other I/O
// errors.
std::vector<Manifest> write_backups(std::span<const Relation> tables, const BackupOptions &options);

}  // namespace ferry
