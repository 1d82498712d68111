// Implements verdict.hpp.
#include "archive/verdict.hpp"

#include <simdjson.h>

#include "core/text.hpp"
#include "core/value/datetime.hpp"
#include "server/staged_files.hpp"

namespace ferry {
namespace {

constexpr std::string_view format_name = "pg_ferry verification";
constexpr size_t largest_verdict = 4096;

std::optional<Verdict> parse_verdict(const std::string &text, int64_t backup_id) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    std::string_view format, level, moment;
    int64_t id = 0, micros = 0;
    const bool sound = parser.parse(text).get(object) == simdjson::SUCCESS &&
                       object["format"].get(format) == simdjson::SUCCESS && format == format_name &&
                       object["backup_id"].get(id) == simdjson::SUCCESS && id == backup_id &&
                       object["level"].get(level) == simdjson::SUCCESS &&
                       object["verified_at"].get(moment) == simdjson::SUCCESS &&
                       value::scan_timestamptz(moment, micros);
    if (!sound) return std::nullopt;
    return Verdict{std::string(level), std::string(moment)};
}

}  // namespace

std::optional<Verdict> read_verdict(const Manifest &manifest) {
    try {
        return parse_verdict(read_small_file(Place::backups, verdict_name(manifest.file), largest_verdict),
                             manifest.backup_id);
    } catch (const Failure &) {
        return std::nullopt;  // mostly because there is none
    }
}

void write_verdict(const Manifest &manifest, std::string_view level) {
    std::string json = "{\"format\": ";
    append_json_string(json, format_name);
    json += ", \"version\": 1, \"backup_id\": " + std::to_string(manifest.backup_id) + ", \"level\": ";
    append_json_string(json, level);
    json += ", \"verified_at\": ";
    append_json_string(json, utc_text(unix_micros_now()));
    json += "}\n";
    const std::string name = verdict_name(manifest.file);
    Stage stage(Place::backups);
    StagedFile file(Place::backups, stage.id(), name, "new");
    file.write(json);
    file.finish();
    stage.replace({file.temporary(), name});
}

void forget_verdict(const Manifest &manifest) {
    Stage stage(Place::backups);
    stage.remove_file(verdict_name(manifest.file));
}

}  // namespace ferry
