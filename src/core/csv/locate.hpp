// Where the fields of a single record start, for the reject log: it tells of a refused row at which byte the
// trouble is. It borrows the record and walks it one byte at a time, because only refused rows come here.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "core/csv/dialect.hpp"
#include "core/encoding.hpp"

namespace ferry::csv {

// Offsets in bytes of the record as it came.
struct Places {
    std::vector<size_t> starts;   // of each field, its opening quote included
    std::optional<size_t> fault;  // of the field whose quote stays open or that is one too many, or the
                                  // record's end where fields are missing
};

// How a record was read.
struct Reading {
    const Dialect &dialect;
    size_t expected;  // fields
    Encoding encoding = Encoding::utf8;
    bool salvage = false;  // its structure was mended if that was possible
};

// Walks the record by the rules of the splitter. `out` is replaced; it stays empty for UTF-16 that cannot be
// put into UTF-8.
void locate_fields(std::string_view raw, const Reading &reading, Places &out);

}  // namespace ferry::csv
