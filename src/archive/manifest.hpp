// Manifests: the small JSON file beside each backup that says what it is. The manifests in the folder are the
// catalogue of backups; nothing else records them, so nothing drifts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/boundary.hpp"

namespace ferry {

// One Avro file of a backup.
struct ManifestPart {
    std::string file;  // name in the folder of backups
    uint64_t rows = 0, bytes = 0;
    std::string sha256;
    std::string schema_fingerprint;  // CRC-64-AVRO of its schema's canonical form
};

struct Manifest {
    int64_t backup_id = 0;  // microseconds since 1970-01-01 00:00 UTC of the moment the backup began
    std::string target;     // qualified name of the table
    std::string database;
    std::string file;  // name of the first part, and of the backup
    std::string codec;
    std::vector<ManifestPart> parts;  // in the order of reading
    uint64_t rows = 0, bytes = 0;     // of all parts
    std::string sha256;               // of the file; combined_sha256() of several
    std::string content_hash;         // of the rows; ContentHash
    std::string schema_fingerprint;   // of the table's own schema, without text branches
    bool filtered = false;            // only the rows that row-level security showed to taken_by
    std::string taken_at;             // ISO 8601, UTC
    std::string taken_by;
    std::string snapshot;  // pg_current_snapshot() of the backup
    std::string lsn;
    std::string server_version;
    std::string definition;  // of the table, as a JSON object; empty in manifests that have none
};

// Now, in microseconds since 1970-01-01 00:00 UTC, and such a moment in ISO 8601.
int64_t unix_micros_now();
std::string utc_text(int64_t unix_micros);

// "ports.avro", "ports.2.avro", "ports.3.avro" …: the name of a backup's part; numbers begin at 1.
std::string part_name(const std::string &file, size_t number);
// Of one part its own; of several that of the lines that sha256sum writes for them.
std::string combined_sha256(const std::vector<ManifestPart> &parts);

// The names of the manifest, and of what is remembered of a verification, for a backup's file.
std::string manifest_name(const std::string &file);
std::string verdict_name(const std::string &file);
// True for names that end like one of these.
bool is_reserved_name(const std::string &file);
// A manifest's JSON text.
std::string write_manifest(const Manifest &manifest);

// All manifests in the folder, by backup_id. Files that are no manifest of ours are passed over.
std::vector<Manifest> list_manifests();
// The manifest of the backup that a file in the folder belongs to, be it another part than its first; nothing
// for a file of another origin.
std::optional<Manifest> manifest_of(const std::string &path);
// Raises 42704 when there is none with this id.
Manifest find_manifest(int64_t backup_id);

}  // namespace ferry
