// Manifests: the small JSON file beside each backup that says what it is. The manifests in the folder are the
// catalogue of backups; nothing else records them, so nothing drifts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/boundary.hpp"

namespace ferry {

struct Manifest {
    int64_t backup_id = 0;  // microseconds since 1970-01-01 00:00 UTC of the moment the backup began
    std::string target;     // qualified name of the table
    std::string database;
    std::string file;  // name in the folder of backups
    std::string codec;
    int parts = 1;
    uint64_t rows = 0, bytes = 0;
    std::string sha256;        // of the file
    std::string content_hash;  // of the rows; ContentHash
    std::string taken_at;      // ISO 8601, UTC
    std::string taken_by;
    std::string snapshot;  // pg_current_snapshot() of the backup
    std::string lsn;
    std::string server_version;
};

// The manifest's file name for a backup's file name.
std::string manifest_name(const std::string &file);
bool is_manifest_name(const std::string &file);
// Its JSON text.
std::string write_manifest(const Manifest &manifest);

// All manifests in the folder, by backup_id. Files that are no manifest of ours are passed over.
std::vector<Manifest> list_manifests();
// The manifest beside a file in the folder of backups; nothing for a file of another origin.
std::optional<Manifest> manifest_of(const std::string &path);
// Raises 42704 when there is none with this id.
Manifest find_manifest(int64_t backup_id);

}  // namespace ferry
