// Writes fields of CSV so that the splitter, and COPY, read back exactly what was written.
// It owns nothing but the decision when a field needs quotes.
#pragma once

#include <string>
#include <string_view>

#include "core/csv/dialect.hpp"

namespace ferry::csv {

// Appends one field, without delimiter or line end. `null` writes the null string and ignores `text`.
void append_csv_field(std::string &out, std::string_view text, bool null, const Dialect &dialect);

}  // namespace ferry::csv
