// Implements json_batch.hpp.
#include "load/json_batch.hpp"

#include <memory>

#include "load/batch_answer.hpp"
#include "load/json_source.hpp"
#include "server/relation.hpp"
#include "server/settings.hpp"

namespace ferry {
namespace {

constexpr size_t window_size = size_t{256} << 10U, rows_at_once = 1000;

void check_size(size_t rows) {
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

std::vector<std::string> columns_of_rows(Relation rel, RecordSource &source) {
    std::vector<std::string> columns = loadable_columns(rel);
    if (may_insert_everywhere(rel)) return columns;
    std::vector<std::string> named = named_columns(columns, source);
    require_insert(rel, column_numbers(plan_columns(rel, named)));
    return named.empty() ? columns : named;
}

BatchResult insert_rows(Relation rel, const BatchRequest &request) {
    std::vector<std::string> columns = loadable_columns(rel);
    auto reader = std::make_unique<json::RowReader>(columns, request.unknown);
    done_or_fail(reader->open(request.rows));
    check_size(reader->size());
    JsonSource looked_at(*reader, request.rows.size());
    std::vector<std::string> loaded = columns_of_rows(rel, looked_at);
    if (loaded.size() == columns.size()) {
        reader->rewind();
    } else {
        columns = std::move(loaded);
        reader = std::make_unique<json::RowReader>(columns, request.unknown);
        done_or_fail(reader->open(request.rows));
    }

    JsonSource source(*reader, request.rows.size());
    BatchAnswer answer(rel, columns);
    LoadFacts facts{qualified_name(rel), "json", ""};
    facts.replay_of = request.replay_of;
    const Oid target = RelationGetRelid(rel);
    close_table(rel);
    const LoadReport report =
        run_load({[target] { return target; }}, columns, source, facts, request.options, &answer);
    return {report, answer.json(report, facts.target, request.mode, request.options.dry_run)};
}

}  // namespace ferry
