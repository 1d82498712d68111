// The fields of one refused row, as a form shows them that lets somebody correct it: each column with the
// value that the row has for it and with what is wrong there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "load/logged_load.hpp"

namespace ferry {

struct RejectField {
    std::string column;
    std::optional<std::string> type;   // of the table's column; empty where it is gone
    std::optional<std::string> value;  // as it stands in the row; empty for NULL and for what cannot be told
    std::string errors;                // a JSON array of objects, as the answer to a batch has them
};

// The columns of the load, or of its table where the load has none of its own. A row is read as a load with
// repair => 'salvage' would; no field has a value where that does not make one row of it, where the row was
// not kept, or where it came from an Avro file; nor has one whose bytes are no text. Errors of the row as a
// whole stand nowhere here. With the rights of the log's owner: the caller's right to see the load was
// checked. Raises 42P01 when the columns are those of the table and it is gone.
std::vector<RejectField> split_reject(LoggedLoad load, int64_t reject_id);

}  // namespace ferry
