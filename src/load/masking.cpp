// Implements masking.hpp.
#include "load/masking.hpp"

namespace ferry {
namespace {

constexpr const char *placeholder = "(hidden)";

std::string plain_message(const RowError &error) {
    const std::string constraint =
        error.constraint.empty() ? std::string() : " constraint \"" + std::string(error.constraint) + "\"";
    switch (error.cls) {
        case ErrorClass::type:
            return std::string("value ") + placeholder + " is not valid for type " +
                   std::string(error.column_type);
        case ErrorClass::encoding:
            return std::string("value ") + placeholder + " holds what is not text";
        case ErrorClass::not_null:
            return "null value in column \"" + std::string(error.column_name) +
                   "\" violates not-null constraint";
        case ErrorClass::unique:
            return "duplicate key value violates unique" + constraint;
        case ErrorClass::foreign_key:
            return "key violates foreign key" + constraint;
        case ErrorClass::exclusion:
            return "conflicting key value violates exclusion" + constraint;
        case ErrorClass::domain:
        case ErrorClass::check:
            return "row violates check" + constraint;
        default:
            return (error.sqlstate == code_info(Code::repaired).sqlstate ? "repaired: "
                                                                         : "row was refused: ") +
                   std::string(placeholder);
    }
}

}  // namespace

RowError masked(const RowError &error) {
    RowError told = error;
    told.value.reset();
    // The splitter's own words count fields and quote nothing.
    if (told.sqlstate == code_info(Code::too_few_fields).sqlstate) return told;
    told.message = plain_message(error);
    told.hint = {};
    // A name that is no column's came with the row: a key of JSON.
    if (told.column < 0 && told.cls == ErrorClass::structure) told.column_name = {};
    return told;
}

}  // namespace ferry
