// Implements reject.hpp: the texts of faults and the translation of server errors into the log's terms.
#include "load/reject.hpp"

#include "core/text.hpp"

namespace ferry {
namespace {

// The reject log keeps rows whole; only this quotation of a piece of one is clipped.
constexpr size_t quoted_limit = 100;

std::string fault_message(const Fault &fault, size_t width) {
    const std::string piece(clip(fault.text, quoted_limit));
    switch (fault.code) {
        case Code::too_few_fields:
            return "missing data: expected " + std::to_string(width) + " fields";
        case Code::too_many_fields:
            return "extra data after the last expected field: expected " + std::to_string(width) + " fields";
        case Code::unterminated_quote:
            return "unterminated quoted field";
        case Code::stray_quote:
            return "stray quote";
        case Code::record_too_long:
            return "record is too long";
        case Code::invalid_encoding:
            return "invalid byte sequence for encoding \"UTF8\"";
        case Code::nul_character:
            return "a NUL character is not allowed in text";
        case Code::untranslatable:
            return "byte sequence has no equivalent in encoding \"UTF8\"";
        case Code::not_an_object:
            return "row is not a JSON object";
        case Code::unknown_key:
            return "column \"" + piece + "\" does not exist";
        case Code::duplicate_key:
            return "key \"" + piece + "\" is given more than once";
        case Code::no_time_zone:
            return "value has no time zone: \"" + piece + "\"";
        case Code::surplus_time_zone:
            return "value has a time zone, which the column cannot keep: \"" + piece + "\"";
        default:
            return std::string(code_info(fault.code).name);
    }
}

std::string_view fault_hint(const Fault &fault) {
    switch (fault.code) {
        case Code::too_few_fields:
        case Code::too_many_fields:
            return "Check the delimiter and the number of columns.";
        case Code::unterminated_quote:
            return "Reading went on at the next line.";
        case Code::no_time_zone:
            return "Name the time zone in which it is meant with naive_time_zone.";
        case Code::surplus_time_zone:
            return "Name the time zone in which it is to be written with naive_time_zone.";
        default:
            return "";
    }
}

// The columns of a violated constraint or unique index, as the catalog knows them: "a, b"; empty when it
// knows none.
const char *constraint_columns(const ServerError *server) {
    if (server->schema_name == nullptr || server->table_name == nullptr || server->constraint_name == nullptr)
        return "";
    return pg_call([&]() -> const char * {
        const Oid schema = get_namespace_oid(server->schema_name, true);
        const Oid table = OidIsValid(schema) ? get_relname_relid(server->table_name, schema) : InvalidOid;
        if (!OidIsValid(table)) return "";
        const Oid constraint = get_relation_constraint_oid(table, server->constraint_name, true);
        HeapTuple tuple =
            OidIsValid(constraint) ? SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint)) : nullptr;
        if (!HeapTupleIsValid(tuple)) return "";
        bool null;
        const Datum keys = SysCacheGetAttr(CONSTROID, tuple, Anum_pg_constraint_conkey, &null);
        StringInfoData text;
        initStringInfo(&text);
        if (!null) {
            ArrayType *array = DatumGetArrayTypeP(keys);
            const auto *numbers = reinterpret_cast<int16 *>(ARR_DATA_PTR(array));
            for (int i = 0; i < ARR_DIMS(array)[0]; ++i)
                appendStringInfo(&text, "%s%s", i == 0 ? "" : ", ", get_attname(table, numbers[i], false));
        }
        ReleaseSysCache(tuple);
        return text.data;
    });
}

// The values of a key from a detail like "Key (a, b)=(1, 2) already exists."
std::optional<std::string> key_values(const std::string &detail) {
    const size_t middle = detail.find(")=(");
    const size_t close = detail.rfind(") ");
    if (middle == detail.npos || close == detail.npos || close < middle + 3) return std::nullopt;
    return detail.substr(middle + 3, close - middle - 3);
}

}  // namespace

RowError describe_fault(uint32_t row, const Fault &fault, size_t width) {
    RowError error;
    const CodeInfo &info = code_info(fault.code);
    error.row = row;
    error.column = fault.column;
    error.cls = info.cls;
    error.sqlstate = info.sqlstate;
    error.message = fault_message(fault, width);
    error.hint = fault_hint(fault);
    if (fault.code == Code::unknown_key) error.column_name = fault.text;
    // The value as it came, where text can hold it.
    const bool of_value = fault.code == Code::nul_character || fault.code == Code::invalid_encoding ||
                          fault.code == Code::no_time_zone || fault.code == Code::surplus_time_zone;
    if (of_value && fault.text.find('\0') == fault.text.npos &&
        utf8_valid_prefix(fault.text) == fault.text.size())
        error.value = fault.text;
    return error;
}

RowError describe_server_error(uint32_t row, int column, const ServerError *server) {
    RowError error;
    error.row = row;
    error.column = column;
    error.sqlstate = unpack_sql_state(server->sqlerrcode);
    error.cls = server->datatype_name != nullptr && server->constraint_name != nullptr
                    ? ErrorClass::domain
                    : class_of_sqlstate(error.sqlstate);
    if (server->column_name != nullptr) error.column_name = server->column_name;
    if (server->constraint_name != nullptr) error.constraint = server->constraint_name;
    if (server->message != nullptr) error.message = server->message;
    const std::string detail = server->detail != nullptr ? server->detail : "";
    if (error.column_name.empty() && error.cls != ErrorClass::domain)
        error.column_name = constraint_columns(server);
    if (error.cls == ErrorClass::unique || error.cls == ErrorClass::foreign_key ||
        error.cls == ErrorClass::exclusion)
        error.value = key_values(detail);
    // "Failing row contains (…)": the log holds the row itself.
    const bool repeats_row = error.cls == ErrorClass::check || error.cls == ErrorClass::not_null;
    if (!detail.empty() && !repeats_row) error.message += ": " + detail;
    if (server->hint != nullptr) error.hint = server->hint;
    return error;
}

}  // namespace ferry
