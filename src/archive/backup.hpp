// Writing a backup: one table into one Avro file with its manifest, complete and durable or not there at all.
#pragma once

#include <string>

#include "archive/manifest.hpp"
#include "core/avro/codec.hpp"

namespace ferry {

struct BackupOptions {
    avro::Codec codec = avro::Codec::deflate;
    int level = avro::default_level;
    std::string name;  // of the file, without folder; empty for one made of table and backup_id
};

// Backs up `rel`, open with AccessShareLock and readable to the caller, under the active snapshot. Raises
// 42710 when the name is taken, 53100 when the disk is full, 58030 for other I/O errors.
Manifest write_backup(Relation rel, const BackupOptions &options);

}  // namespace ferry
