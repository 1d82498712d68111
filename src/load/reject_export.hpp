// The refused rows of a load as a file: CSV in the dialect of its input with a header, or a JSON array. Every
// row stands there byte for byte as it came.
#pragma once

#include <string>

#include "load/logged_load.hpp"

namespace ferry {

struct ExportedRejects {
    Datum value = 0;           // a bytea, in the current memory context
    uint64_t without_row = 0;  // rejects that are left out because their rows were not kept
};

// The rejects with this status, in the order of the input. With the rights of the log's owner: the caller's
// right to see the load was checked. Raises 0A000 for rows of Avro, 54000 when a bytea cannot hold them,
// 22021 for names of columns that the encoding of the input does not have.
ExportedRejects export_rejects(const LoggedLoad &load, const std::string &status);

}  // namespace ferry
