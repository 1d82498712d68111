// Implements json_batch.hpp.
#include "load/json_batch.hpp"

#include "server/relation.hpp"
#include "server/settings.hpp"

namespace ferry {
namespace {

constexpr size_t window_size = size_t{256} << 10U, rows_at_once = 1000;

bool may_insert_everywhere(Relation rel) {
    return pg_call(
        [&] { return pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_INSERT) == ACLCHECK_OK; });
}

// The columns that some row names: who may insert into these only can still insert.
std::vector<std::string> named_columns(const std::vector<std::string> &columns, RecordSource &source) {
    std::vector<bool> named(columns.size(), false);
    Batch batch;
    const auto read_on = [&] {
        batch.clear(columns.size());
        return source.fill(batch, rows_at_once) > 0;
    };
    while (source.next_window(window_size)) {
        while (read_on()) {
            check_interrupts();
            for (size_t i = 0; i < batch.fields.size(); ++i)
                if (batch.fields[i].kind != Field::Kind::absent) named[i % columns.size()] = true;
        }
    }
    std::vector<std::string> names;
    for (size_t c = 0; c < columns.size(); ++c)
        if (named[c]) names.push_back(columns[c]);
    return names;
}

}  // namespace

void check_batch_size(size_t rows) {
    if (rows == 0) {
        fail({Code::batch_size, "the batch is empty", "", "Send at least one row."});
    }
    const auto limit = static_cast<size_t>(settings::batch_limit());
    if (rows > limit) {
        fail({Code::limit_exceeded,
              "the batch has " + std::to_string(rows) + " rows, more than the limit of " +
                  std::to_string(limit),
              "", "Send it in parts, or raise ferry.batch_limit."});
    }
}

std::vector<std::string> columns_of_rows(Relation rel, RecordSource &source) {
    std::vector<std::string> columns = loadable_columns(rel);
    if (may_insert_everywhere(rel)) return columns;
    std::vector<std::string> named = named_columns(columns, source);
    require_insert(rel, column_numbers(plan_columns(rel, named)));
    return named.empty() ? columns : named;
}

JsonBatch::JsonBatch(Relation rel, std::string_view rows, const BatchRequest &request, std::string name)
    : target_(RelationGetRelid(rel)),
      facts_{qualified_name(rel), "json", ""},
      options_(request.options),
      steps_{[this] { return prepare(); }},
      columns_(loadable_columns(rel)),
      reader_(std::make_unique<json::RowReader>(columns_, request.unknown, generated_columns(rel))) {
    facts_.replay_of = request.replay_of;
    options_.deferred.now = true;
    done_or_fail(reader_->open(rows));
    JsonSource looked_at(*reader_, rows.size());
    std::vector<std::string> named = columns_of_rows(rel, looked_at);
    if (named.size() == columns_.size()) {
        reader_->rewind();
    } else {
        columns_ = std::move(named);
        reader_ = std::make_unique<json::RowReader>(columns_, request.unknown, generated_columns(rel));
        done_or_fail(reader_->open(rows));
    }
    source_ = std::make_unique<JsonSource>(*reader_, rows.size());
    answer_ = std::make_unique<BatchAnswer>(columns_, std::move(name));
    close_table(rel);
}

// Since the table was looked at, triggers of other tables of the request may have altered it.
Oid JsonBatch::prepare() {
    Relation rel = open_table(target_, RowExclusiveLock);
    answer_->plan_keys(rel);
    close_table(rel);
    return target_;
}

Load JsonBatch::load(LoadObserver *observer) {
    return {steps_, columns_, *source_, facts_, options_, observer != nullptr ? observer : answer_.get()};
}

BatchResult insert_rows(Relation rel, const BatchRequest &request) {
    JsonBatch batch(rel, request.rows, request);
    check_batch_size(batch.size());
    const LoadReport report = run_load(batch.load());
    return {report,
            answer_of({&batch.answer(), report, batch.target_name()}, request.mode, request.options.dry_run)};
}

}  // namespace ferry
