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

// Text in views is borrowed from the column plan, the catalog's constraints or the server's error and valid
// until the next batch is checked: bad rows are many in a bad file, so little is copied for each.
struct RowError {
    uint32_t row = 0;  // position in the batch
    int column = -1;   // position among the load's columns, or -1 for the whole row
    ErrorClass cls = ErrorClass::structure;
    std::string sqlstate;  // five characters
    std::string_view column_name, column_type, constraint, hint;
    std::optional<std::string> value;  // the field as it came
    std::string message;
    std::optional<size_t> position;  // bytes of the raw row before the field, or before what is wrong with it
};

// A fault that the source found, in the words of the log.
RowError describe_fault(uint32_t row, const Fault &fault, size_t width);
// An error that the server raised for a row: its detail, being the more telling part, joins the message.
RowError describe_server_error(uint32_t row, int column, const ServerError *error);

}  // namespace ferry
