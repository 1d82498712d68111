// Bringing a table back from an Avro file: matching the file's fields to today's columns, loading, and
// proving that the result is the backup. One transaction: after any failure the table is what it was.
#pragma once

#include <string>

#include "archive/manifest.hpp"
#include "load/load.hpp"

namespace ferry {

enum class RestoreMode : uint8_t {
    replace,  // the table becomes equal to the file
    append,   // the file's rows come on top
};

struct RestoreOptions {
    RestoreMode mode = RestoreMode::replace;
    LoadOptions load;
};

// Restores `target` from a backup of ours, whose checksum is verified first and whose content hash is
// compared after a replace, or from any Avro file in the folder of backups or, for members of
// pg_read_server_files, anywhere. The caller's rights: INSERT; for replace TRUNCATE too, or where other
// tables refer to the target SELECT, UPDATE and DELETE. Raises 22P03 for a damaged file, 42804 for fields
// that do not fit, XX001 when a checksum does not match.
LoadReport restore_backup(Oid target, const Manifest &manifest, const RestoreOptions &options);
LoadReport restore_file(Oid target, const std::string &path, const RestoreOptions &options);

}  // namespace ferry
