// Rows of JSON into one table: which of its columns a load of them has, and the load itself with its answer.
// ferry.insert_batch, ferry.insert_batches and ferry.fix_reject are the same but for what they do with the
// outcome.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/json/row_reader.hpp"
#include "load/batch_answer.hpp"
#include "load/json_source.hpp"
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
    Datum answer;  // JSON, as text
};

// Inserts the rows. `rel` is open, with some right to insert into it checked, and is closed here. Raises
// 22023 for something that is no array or empty, 54000 for more rows than ferry.batch_limit, 42501 when the
// caller may not insert into a column that some row names.
BatchResult insert_rows(Relation rel, const BatchRequest &request);

// The rows of one table, read and ready to be loaded. Errors as insert_rows() raises them, but that the
// number of rows is the caller's to check.
class JsonBatch {
  public:
    // `rel` is closed here. `rows` are copied. `name` is the table's name in a request for several.
    JsonBatch(Relation rel, std::string_view rows, const BatchRequest &request, std::string name = {});
    JsonBatch(const JsonBatch &) = delete;
    JsonBatch &operator=(const JsonBatch &) = delete;

    size_t size() const noexcept { return reader_->size(); }
    Oid target() const noexcept { return target_; }
    const std::string &target_name() const noexcept { return facts_.target; }
    LoadOptions &options() noexcept { return options_; }
    LoadSteps &steps() noexcept { return steps_; }
    const BatchAnswer &answer() const noexcept { return *answer_; }
    BatchAnswer &answer() noexcept { return *answer_; }

    // `observer` instead of the answer, which it should let know.
    Load load(LoadObserver *observer = nullptr);

  private:
    Oid prepare();

    Oid target_;
    LoadFacts facts_;
    LoadOptions options_;
    LoadSteps steps_;
    std::vector<std::string> columns_;
    std::unique_ptr<json::RowReader> reader_;
    std::unique_ptr<JsonSource> source_;
    std::unique_ptr<BatchAnswer> answer_;
};

// Raises 22023 for no rows at all, 54000 for more than ferry.batch_limit.
void check_batch_size(size_t rows);

// The columns that a load of these rows has. Who may insert into all of the table has all of them, others
// those that some row names: raises 42501 unless they may insert into these. Reads the source to its end when
// it has to.
std::vector<std::string> columns_of_rows(Relation rel, RecordSource &source);

}  // namespace ferry
