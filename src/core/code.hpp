// The vocabulary of everything that can be wrong with data or a request, one value per cause.
// Each has a stable name, the SQLSTATE it travels under and, for faults of a row, its class in the reject
// log.
#pragma once

#include <cstdint>
#include <string_view>

namespace ferry {

// What kind of fault a rejected row has: ferry.reject_errors.class, the same for CSV, JSON and Avro.
enum class ErrorClass : uint8_t {
    structure,
    encoding,
    type,
    not_null,
    check,
    unique,
    foreign_key,
    exclusion,
    domain,
    trigger,
    privilege,
};

// The class as the reject log spells it; static storage.
std::string_view class_name(ErrorClass cls) noexcept;

enum class Code : uint8_t {
    // Faults of a row.
    too_few_fields,
    too_many_fields,
    unterminated_quote,
    stray_quote,
    record_too_long,
    invalid_encoding,
    nul_character,
    untranslatable,
    not_an_object,
    unknown_key,
    duplicate_key,
    wrong_json_form,
    invalid_text,
    invalid_datetime,
    datetime_range,
    no_time_zone,
    surplus_time_zone,
    out_of_range,
    too_long,
    not_null,
    check,
    unique,
    foreign_key,
    exclusion,
    row_skipped,
    repaired,
    // Faults of a document or a file.
    malformed_json,
    not_an_array,
    too_deep,
    corrupt_file,
    schema_mismatch,
    checksum_mismatch,
    // Faults of a request.
    invalid_option,
    invalid_column,
    conflict_key,
    generated_column,
    null_argument,
    wrong_object_type,
    undefined_object,
    undefined_table,
    duplicate_object,
    wrong_state,
    batch_size,
    limit_exceeded,
    reject_limit,
    file_not_found,
    not_a_file,
    file_name,
    io_error,
    disk_full,
    no_privilege,
    read_only,
    unsupported,
    out_of_memory,
    internal,
};

struct CodeInfo {
    Code code;
    std::string_view name;      // as shown to programs, e.g. "too_few_fields"
    std::string_view sqlstate;  // five characters
    ErrorClass cls;             // meaningful for faults of a row only
};

// Every code's entry; static storage. The table is the only home of these facts beside docs/errors.md.
const CodeInfo &code_info(Code code) noexcept;

// The class of a fault that the server reported under this SQLSTATE, for rows that the server itself refused.
// Unknown states count as trigger: only user code in the server raises states that no check of ours knows.
ErrorClass class_of_sqlstate(std::string_view sqlstate) noexcept;

}  // namespace ferry
