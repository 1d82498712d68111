// Rows of JSON into one table: which of its columns a load of them has, and the load itself with its answer.
// ferry.insert_batch and ferry.fix_reject are the same but for what they do with the outcome.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json/row_reader.hpp"
#include "load/load.hpp"

namespace ferry {

struct BatchRequest {
    std::string rows;  // a JSON array of objects
    std::string mode;  // "partial" or "atomic", as the caller said it
    LoadOptions options;
    json::Unknown unknown = json::Unknown::reject;
    std::optional<int64_t> replay_of = {};  // the load that has a reject which this corrects
};

struct BatchResult {
    LoadReport report;
    std::string answer;  // JSON
};

// Inserts the rows. `rel` is open, with some right to insert into it checked, and is closed here. Raises
// 22023 for something that is no array or empty, 54000 for more rows than ferry.batch_limit, 42501 when the
// caller may not insert into a column that some row names.
BatchResult insert_rows(Relation rel, const BatchRequest &request);

// The columns that a load of these rows has. Who may insert into all of the table has all of them, others
// those that some row names: raises 42501 unless they may insert into these. Reads the source to its end when
// it has to.
std::vector<std::string> columns_of_rows(Relation rel, RecordSource &source);

}  // namespace ferry
