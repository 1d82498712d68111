// Implements manifest.hpp. JSON is read by simdjson; a manifest is trusted no further than its text fields
// go.
#include "archive/manifest.hpp"

#include <algorithm>

#include <simdjson.h>

#include "core/text.hpp"
#include "core/value/datetime.hpp"
#include "server/files.hpp"

namespace ferry {
namespace {

constexpr std::string_view format_name = "pg_ferry backup";
constexpr int format_version = 1;
constexpr std::string_view suffix = ".manifest.json";
constexpr size_t largest_manifest = size_t{1} << 20U;

void append_member(std::string &json, std::string_view key, std::string_view text) {
    json += ",\n  ";
    append_json_string(json, key);
    json += ": ";
    append_json_string(json, text);
}

void append_member(std::string &json, std::string_view key, uint64_t number) {
    json += ",\n  ";
    append_json_string(json, key);
    json += ": " + std::to_string(number);
}

std::string text_of(simdjson::dom::object object, std::string_view key) {
    std::string_view text;
    return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

uint64_t number_of(simdjson::dom::object object, std::string_view key) {
    uint64_t number = 0;
    return object[key].get(number) == simdjson::SUCCESS ? number : 0;
}

// The form that backups write, which the server's input takes.
bool is_moment(const std::string &text) {
    int64_t micros;
    return value::scan_timestamptz(text, micros);
}

std::optional<Manifest> parse_manifest(const std::string &text) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(text).get(object) != simdjson::SUCCESS) return std::nullopt;
    if (text_of(object, "format") != format_name || number_of(object, "version") != format_version)
        return std::nullopt;
    Manifest manifest;
    manifest.backup_id = static_cast<int64_t>(number_of(object, "backup_id"));
    manifest.target = text_of(object, "target");
    manifest.database = text_of(object, "database");
    manifest.file = text_of(object, "file");
    manifest.codec = text_of(object, "codec");
    manifest.parts = static_cast<int>(number_of(object, "parts"));
    manifest.rows = number_of(object, "rows");
    manifest.bytes = number_of(object, "bytes");
    manifest.sha256 = text_of(object, "sha256");
    manifest.content_hash = text_of(object, "content_hash");
    manifest.taken_at = text_of(object, "taken_at");
    manifest.taken_by = text_of(object, "taken_by");
    manifest.snapshot = text_of(object, "snapshot");
    manifest.lsn = text_of(object, "lsn");
    manifest.server_version = text_of(object, "server_version");
    const bool sane = manifest.backup_id > 0 && manifest.parts > 0 && is_moment(manifest.taken_at) &&
                      manifest.rows <= INT64_MAX && manifest.bytes <= INT64_MAX;
    if (!sane) return std::nullopt;
    return manifest;
}

}  // namespace

std::string manifest_name(const std::string &file) {
    return file + std::string(suffix);
}

bool is_manifest_name(const std::string &file) {
    return file.ends_with(suffix);
}

std::string write_manifest(const Manifest &manifest) {
    std::string json = "{\n  \"format\": ";
    append_json_string(json, format_name);
    append_member(json, "version", format_version);
    append_member(json, "backup_id", static_cast<uint64_t>(manifest.backup_id));
    append_member(json, "target", manifest.target);
    append_member(json, "database", manifest.database);
    append_member(json, "file", manifest.file);
    append_member(json, "codec", manifest.codec);
    append_member(json, "parts", static_cast<uint64_t>(manifest.parts));
    append_member(json, "rows", manifest.rows);
    append_member(json, "bytes", manifest.bytes);
    append_member(json, "sha256", manifest.sha256);
    append_member(json, "content_hash", manifest.content_hash);
    append_member(json, "taken_at", manifest.taken_at);
    append_member(json, "taken_by", manifest.taken_by);
    append_member(json, "snapshot", manifest.snapshot);
    append_member(json, "lsn", manifest.lsn);
    append_member(json, "server_version", manifest.server_version);
    return json + "\n}\n";
}

namespace {

// The manifest in this file; nothing when the file is none, cannot be read or is gone by now.
std::optional<Manifest> read_manifest(const std::string &name) {
    try {
        std::optional<Manifest> manifest =
            parse_manifest(read_small_file(Place::backups, name, largest_manifest));
        if (manifest && manifest_name(manifest->file) == name) return manifest;
    } catch (const Failure &) {
        // One bad file must not hide all the good ones.
    }
    return std::nullopt;
}

}  // namespace

std::vector<Manifest> list_manifests() {
    std::vector<Manifest> manifests;
    for (const std::string &name : list_files(Place::backups)) {
        check_interrupts();
        if (!is_manifest_name(name)) continue;
        if (std::optional<Manifest> manifest = read_manifest(name)) manifests.push_back(*std::move(manifest));
    }
    std::ranges::sort(manifests, {}, &Manifest::backup_id);
    return manifests;
}

std::optional<Manifest> manifest_of(const std::string &path) {
    return path.find('/') == path.npos ? read_manifest(manifest_name(path)) : std::nullopt;
}

Manifest find_manifest(int64_t backup_id) {
    for (Manifest &manifest : list_manifests())
        if (manifest.backup_id == backup_id) return std::move(manifest);
    fail({Code::undefined_object, "backup " + std::to_string(backup_id) + " does not exist", "",
          "List the backups with SELECT * FROM ferry.backups."});
}

}  // namespace ferry
