// What a row is refused for: one RowError per fault, as the reject log and the JSON answer tell it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/code.hpp"
#include "core/record.hpp"
#include "server/boundary.hpp"

namespace ferry {

struct RowError {
    uint32_t row = 0;  // position in the batch
    int column = -1;   // position among the load's columns, or -1 for the whole row
    ErrorClass cls = ErrorClass::structure;
    std::string sqlstate;  // five characters
    std::string column_name, column_type;
    std::optional<std::string> value;  // the field as it came
    std::string constraint, message, hint;
};

// A fault that the source found, in the words of the log.
RowError describe_fault(uint32_t row, const Fault &fault, size_t width);
// An error that the server raised for a row: its detail, being the more telling part, joins the message.
RowError describe_server_error(uint32_t row, int column, const ServerError *error);

}  // namespace ferry
