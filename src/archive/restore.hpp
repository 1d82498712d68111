// Bringing a table back from an Avro file: matching the file's fields to today's columns, loading, and
// proving that the result is the backup. One transaction: after any failure the table is what it was.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/manifest.hpp"
#include "archive/match.hpp"
#include "load/load.hpp"

namespace ferry {

enum class RestoreMode : uint8_t {
    replace,       // the table becomes equal to the file
    append,        // the file's rows come on top
    missing_only,  // those come whose key is not in the table
    upsert,        // rows come, or overwrite the row with their primary key
};

struct RestoreOptions {
    RestoreMode mode = RestoreMode::replace;
    MatchOptions match;
    LoadOptions load;  // its on_conflict follows from the mode
};

// Restores `target` from a backup of ours, whose checksum is verified first and whose content hash is
// compared after a replace without rejects, or from any Avro file in the folder of backups or, for members of
// pg_read_server_files, anywhere. The caller's rights: INSERT; for replace TRUNCATE too, or where other
// tables refer to the target SELECT, UPDATE and DELETE; for upsert what ON CONFLICT DO UPDATE asks for.
// Raises 22P03 for a damaged file, 42804 for fields that do not fit, 42P10 without a key that missing_only or
// upsert could go by, 23503 when a replace would delete rows that others refer to, XX001 when a checksum does
// not match.
LoadReport restore_backup(Oid target, const Manifest &manifest, const RestoreOptions &options);
// Makes a table from the backup's own definition, loads it and compares its content hash. The current user
// owns it, and must be a member of pg_read_server_files or own the table that the backup was taken of
// (42501). After any error there is no such table; a bad row is one, too. Raises 0A000 for a backup without a
// definition and what create_from_definition() raises.
LoadReport restore_backup_as(const Manifest &manifest, const std::string &name);
LoadReport restore_file(Oid target, const std::string &path, const RestoreOptions &options);
// The same from the bytes of any Avro file, which have no manifest.
LoadReport restore_bytes(Oid target, std::string_view bytes, const RestoreOptions &options);

// A backup in a temporary table beside the table that it was taken of: with the columns that both have, but
// without their constraints.
struct Scratch {
    std::string name;
    std::vector<std::string> columns;
};
// Makes one. It is the caller's to roll back, with the log of its load. Raises what restore_backup() raises
// for the file, and 22P02 for rows that the columns refuse.
Scratch load_scratch(Relation target, const Manifest &manifest);

}  // namespace ferry
