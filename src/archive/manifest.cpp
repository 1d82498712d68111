// Implements manifest.hpp. JSON is read by simdjson; a manifest is trusted no further than its text fields
// go.
#include "archive/manifest.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include <simdjson.h>

#include "core/text.hpp"
#include "core/value/datetime.hpp"
#include "server/checksum.hpp"
#include "server/staged_files.hpp"

namespace ferry {
namespace {

constexpr std::string_view format_name = "pg_ferry backup";
constexpr int format_version = 1;
constexpr std::string_view verdict_suffix = ".verified.json";
constexpr std::string_view avro_suffix = ".avro";
constexpr size_t largest_manifest = size_t{4} << 20U;

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

std::vector<ManifestPart> parts_of(simdjson::dom::object object) {
    std::vector<ManifestPart> parts;
    simdjson::dom::array items;
    if (object["parts"].get(items) != simdjson::SUCCESS) return parts;
    for (const simdjson::dom::element item : items) {
        simdjson::dom::object part;
        if (item.get(part) != simdjson::SUCCESS) return {};
        parts.push_back({text_of(part, "file"), number_of(part, "rows"), number_of(part, "bytes"),
                         text_of(part, "sha256"), text_of(part, "schema_fingerprint")});
    }
    return parts;
}

// Every part has the name that belongs to it and no other: a manifest leads to no file of somebody else's.
bool own_parts(const Manifest &manifest) {
    uint64_t rows = 0, bytes = 0;
    for (size_t i = 0; i < manifest.parts.size(); ++i) {
        const ManifestPart &part = manifest.parts[i];
        if (part.file != part_name(manifest.file, i + 1) || part.rows > INT64_MAX || part.bytes > INT64_MAX)
            return false;
        rows += part.rows;
        bytes += part.bytes;
    }
    return !manifest.parts.empty() && rows == manifest.rows && bytes == manifest.bytes;
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
    manifest.parts = parts_of(object);
    manifest.rows = number_of(object, "rows");
    manifest.bytes = number_of(object, "bytes");
    manifest.sha256 = text_of(object, "sha256");
    manifest.content_hash = text_of(object, "content_hash");
    manifest.schema_fingerprint = text_of(object, "schema_fingerprint");
    manifest.filtered = object["filtered"].get(manifest.filtered) == simdjson::SUCCESS && manifest.filtered;
    manifest.taken_at = text_of(object, "taken_at");
    manifest.taken_by = text_of(object, "taken_by");
    manifest.snapshot = text_of(object, "snapshot");
    manifest.lsn = text_of(object, "lsn");
    manifest.server_version = text_of(object, "server_version");
    simdjson::dom::object definition;
    if (object["definition"].get(definition) == simdjson::SUCCESS)
        manifest.definition = simdjson::minify(definition);
    const bool sane = manifest.backup_id > 0 && is_moment(manifest.taken_at) && manifest.rows <= INT64_MAX &&
                      manifest.bytes <= INT64_MAX && own_parts(manifest);
    if (!sane) return std::nullopt;
    return manifest;
}

}  // namespace

constexpr int64_t epoch_micros = int64_t{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * USECS_PER_DAY;

int64_t unix_micros_now() {
    return GetCurrentTimestamp() + epoch_micros;
}

std::string utc_text(int64_t unix_micros) {
    const auto seconds = static_cast<time_t>(unix_micros / USECS_PER_SEC);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[40];
    const int size = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
                                   parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                                   parts.tm_min, parts.tm_sec, static_cast<int>(unix_micros % USECS_PER_SEC));
    return {text, static_cast<size_t>(size)};
}

std::string part_name(const std::string &file, size_t number) {
    if (number == 1) return file;
    const bool ends = file.size() > avro_suffix.size() && file.ends_with(avro_suffix);
    const std::string stem = ends ? file.substr(0, file.size() - avro_suffix.size()) : file;
    return stem + "." + std::to_string(number) + (ends ? std::string(avro_suffix) : "");
}

std::string combined_sha256(const std::vector<ManifestPart> &parts) {
    if (parts.size() == 1) return parts[0].sha256;
    Sha256 hash;
    for (const ManifestPart &part : parts) hash.update(part.sha256 + "  " + part.file + "\n");
    return hash.finish();
}

std::string manifest_name(const std::string &file) {
    return file + std::string(seal_suffix);
}

std::string verdict_name(const std::string &file) {
    return file + std::string(verdict_suffix);
}

bool is_reserved_name(const std::string &file) {
    return file.ends_with(seal_suffix) || file.ends_with(verdict_suffix);
}

namespace {

void append_parts(std::string &json, const std::vector<ManifestPart> &parts) {
    json += ",\n  \"parts\": [";
    for (const ManifestPart &part : parts) {
        json += &part == parts.data() ? "\n    {\"file\": " : ",\n    {\"file\": ";
        append_json_string(json, part.file);
        json += ", \"rows\": " + std::to_string(part.rows) + ", \"bytes\": " + std::to_string(part.bytes);
        json += ", \"sha256\": \"" + part.sha256 + "\"";
        json += ", \"schema_fingerprint\": \"" + part.schema_fingerprint + "\"}";
    }
    json += "\n  ]";
}

}  // namespace

std::string write_manifest(const Manifest &manifest) {
    std::string json = "{\n  \"format\": ";
    append_json_string(json, format_name);
    append_member(json, "version", format_version);
    append_member(json, "backup_id", static_cast<uint64_t>(manifest.backup_id));
    append_member(json, "target", manifest.target);
    append_member(json, "database", manifest.database);
    append_member(json, "file", manifest.file);
    append_member(json, "codec", manifest.codec);
    append_parts(json, manifest.parts);
    append_member(json, "rows", manifest.rows);
    append_member(json, "bytes", manifest.bytes);
    append_member(json, "sha256", manifest.sha256);
    append_member(json, "content_hash", manifest.content_hash);
    append_member(json, "schema_fingerprint", manifest.schema_fingerprint);
    if (manifest.filtered) json += ",\n  \"filtered\": true";
    append_member(json, "taken_at", manifest.taken_at);
    append_member(json, "taken_by", manifest.taken_by);
    append_member(json, "snapshot", manifest.snapshot);
    append_member(json, "lsn", manifest.lsn);
    append_member(json, "server_version", manifest.server_version);
    if (!manifest.definition.empty()) json += ",\n  \"definition\": " + manifest.definition;
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

// "ports.avro" for "ports.2.avro"; nothing for names without a number.
std::optional<std::string> first_part_name(const std::string &name) {
    std::string stem = name;
    std::string end;
    if (stem.ends_with(avro_suffix)) {
        end = avro_suffix;
        stem.resize(stem.size() - end.size());
    }
    const size_t dot = stem.rfind('.');
    if (dot == stem.npos || dot == 0 || dot + 1 == stem.size() ||
        stem.find_first_not_of("0123456789", dot + 1) != stem.npos)
        return std::nullopt;
    return stem.substr(0, dot) + end;
}

}  // namespace

std::vector<Manifest> list_manifests() {
    std::vector<Manifest> manifests;
    for (const std::string &name : list_files(Place::backups)) {
        check_interrupts();
        if (!name.ends_with(seal_suffix)) continue;
        if (std::optional<Manifest> manifest = read_manifest(name)) manifests.push_back(*std::move(manifest));
    }
    std::ranges::sort(manifests, {}, &Manifest::backup_id);
    return manifests;
}

std::optional<Manifest> manifest_of(const std::string &path) {
    if (path.find('/') != path.npos) return std::nullopt;
    if (std::optional<Manifest> own = read_manifest(manifest_name(path))) return own;
    const std::optional<std::string> first = first_part_name(path);
    std::optional<Manifest> manifest = first ? read_manifest(manifest_name(*first)) : std::nullopt;
    if (!manifest || std::ranges::find(manifest->parts, path, &ManifestPart::file) == manifest->parts.end())
        return std::nullopt;
    return manifest;
}

Manifest find_manifest(int64_t backup_id) {
    for (Manifest &manifest : list_manifests())
        if (manifest.backup_id == backup_id) return std::move(manifest);
    fail({Code::undefined_object, "backup " + std::to_string(backup_id) + " does not exist", "",
          "List the backups with SELECT * FROM ferry.backups."});
}

}  // namespace ferry
