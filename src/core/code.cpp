// The table behind code.hpp: names, SQLSTATEs (PostgreSQL: src/backend/utils/errcodes.txt) and classes.
// Order follows the enum, which a static_assert holds to.
#include "core/code.hpp"

#include <array>

namespace ferry {
namespace {

using enum ErrorClass;

constexpr std::array table{
    CodeInfo{Code::too_few_fields, "too_few_fields", "22P04", structure},
    CodeInfo{Code::too_many_fields, "too_many_fields", "22P04", structure},
    CodeInfo{Code::unterminated_quote, "unterminated_quote", "22P04", structure},
    CodeInfo{Code::stray_quote, "stray_quote", "22P04", structure},
    CodeInfo{Code::record_too_long, "record_too_long", "54000", structure},
    CodeInfo{Code::invalid_encoding, "invalid_encoding", "22021", encoding},
    CodeInfo{Code::nul_character, "nul_character", "22021", encoding},
    CodeInfo{Code::untranslatable, "untranslatable", "22P05", encoding},
    CodeInfo{Code::not_an_object, "not_an_object", "22023", structure},
    CodeInfo{Code::unknown_key, "unknown_key", "42703", structure},
    CodeInfo{Code::duplicate_key, "duplicate_key", "42701", structure},
    CodeInfo{Code::wrong_json_form, "wrong_json_form", "42804", type},
    CodeInfo{Code::invalid_text, "invalid_text", "22P02", type},
    CodeInfo{Code::invalid_datetime, "invalid_datetime", "22007", type},
    CodeInfo{Code::datetime_range, "datetime_range", "22008", type},
    CodeInfo{Code::no_time_zone, "no_time_zone", "22007", type},
    CodeInfo{Code::surplus_time_zone, "surplus_time_zone", "22007", type},
    CodeInfo{Code::out_of_range, "out_of_range", "22003", type},
    CodeInfo{Code::too_long, "too_long", "22001", type},
    CodeInfo{Code::not_null, "not_null", "23502", not_null},
    CodeInfo{Code::check, "check", "23514", check},
    CodeInfo{Code::unique, "unique", "23505", unique},
    CodeInfo{Code::foreign_key, "foreign_key", "23503", foreign_key},
    CodeInfo{Code::exclusion, "exclusion", "23P01", exclusion},
    CodeInfo{Code::row_skipped, "row_skipped", "02000", trigger},
    CodeInfo{Code::repaired, "repaired", "01000", structure},
    CodeInfo{Code::malformed_json, "malformed_json", "22P02", structure},
    CodeInfo{Code::not_an_array, "not_an_array", "22023", structure},
    CodeInfo{Code::too_deep, "too_deep", "54001", structure},
    CodeInfo{Code::corrupt_file, "corrupt_file", "22P03", structure},
    CodeInfo{Code::schema_mismatch, "schema_mismatch", "42804", structure},
    CodeInfo{Code::checksum_mismatch, "checksum_mismatch", "XX001", structure},
    CodeInfo{Code::invalid_option, "invalid_option", "22023", structure},
    CodeInfo{Code::invalid_column, "invalid_column", "42P10", structure},
    CodeInfo{Code::conflict_key, "conflict_key", "42P10", structure},
    CodeInfo{Code::generated_column, "generated_column", "428C9", structure},
    CodeInfo{Code::null_argument, "null_argument", "22004", structure},
    CodeInfo{Code::wrong_object_type, "wrong_object_type", "42809", structure},
    CodeInfo{Code::undefined_object, "undefined_object", "42704", structure},
    CodeInfo{Code::undefined_table, "undefined_table", "42P01", structure},
    CodeInfo{Code::duplicate_object, "duplicate_object", "42710", structure},
    CodeInfo{Code::wrong_state, "wrong_state", "55000", structure},
    CodeInfo{Code::batch_size, "batch_size", "22023", structure},
    CodeInfo{Code::limit_exceeded, "limit_exceeded", "54000", structure},
    CodeInfo{Code::reject_limit, "reject_limit", "22P02", structure},
    CodeInfo{Code::file_not_found, "file_not_found", "58P01", structure},
    CodeInfo{Code::not_a_file, "not_a_file", "42809", structure},
    CodeInfo{Code::file_name, "file_name", "42602", structure},
    CodeInfo{Code::io_error, "io_error", "58030", structure},
    CodeInfo{Code::disk_full, "disk_full", "53100", structure},
    CodeInfo{Code::no_privilege, "no_privilege", "42501", privilege},
    CodeInfo{Code::read_only, "read_only", "25006", structure},
    CodeInfo{Code::unsupported, "unsupported", "0A000", structure},
    CodeInfo{Code::out_of_memory, "out_of_memory", "53200", structure},
    CodeInfo{Code::internal, "internal", "XX000", structure},
};

constexpr bool in_enum_order() {
    for (size_t i = 0; i < table.size(); ++i)
        if (static_cast<size_t>(table[i].code) != i) return false;
    return table.size() == static_cast<size_t>(Code::internal) + 1;
}
static_assert(in_enum_order());

constexpr std::array<std::string_view, 11> class_names{"structure", "encoding", "type",        "not_null",
                                                       "check",     "unique",   "foreign_key", "exclusion",
                                                       "domain",    "trigger",  "privilege"};

}  // namespace

std::string_view class_name(ErrorClass cls) noexcept {
    return class_names[static_cast<size_t>(cls)];
}

const CodeInfo &code_info(Code code) noexcept {
    return table[static_cast<size_t>(code)];
}

ErrorClass class_of_sqlstate(std::string_view s) noexcept {
    if (s == "23502") return not_null;
    if (s == "23514") return check;
    if (s == "23505") return unique;
    if (s == "23503") return foreign_key;
    if (s == "23P01") return exclusion;
    if (s == "42501") return privilege;
    if (s == "22021" || s == "22P05") return encoding;
    if (s == "22P04" || s == "54000") return structure;
    if (s.substr(0, 2) == "22") return type;
    return trigger;
}

}  // namespace ferry
