// Implements json_batches.hpp. Each table is a load of its own, with its own log.
#include "load/json_batches.hpp"

#include <algorithm>
#include <deque>
#include <map>

#include "core/json/scanner.hpp"
#include "load/request_kin.hpp"
#include "server/deferral.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// A member of the request.
struct Part {
    std::string name;
    std::string_view rows;  // JSON array
};

[[noreturn]] void refuse_shape(const std::string &what) {
    fail({Code::not_an_array, what, "",
          "Send an object of arrays: {\"departments\": [{...}], \"hired_employees\": [{...}, {...}]}."});
}

std::vector<Part> split_request(std::string_view text) {
    const Result<std::vector<json::Member>> members = json::object_members(text);
    if (!members && members.error().code == Code::not_an_object) refuse_shape("the request is no object");
    std::vector<Part> parts;
    for (const json::Member &member : value_or_fail(members)) {
        const std::string_view key = text.substr(member.key.offset + 1, member.key.size - 2);
        std::string name(key.size(), '\0');
        size_t size = 0;
        if (json::unescape(key, name.data(), size) != json::Escapes::fine)
            refuse_shape("the request has a key that is no name");
        name.resize(size);
        const std::string_view rows = text.substr(member.value.offset, member.value.size);
        if (!rows.starts_with('[')) refuse_shape("\"" + name + "\" is not an array of rows");
        parts.push_back({std::move(name), rows});
    }
    if (parts.empty()) check_batch_size(0);
    return parts;
}

Oid find_table(const std::string &name) {
    const char *const text = name.c_str();
    return pg_call([&] { return DatumGetObjectId(DirectFunctionCall1(regclassin, CStringGetDatum(text))); });
}

Relation open_target(Oid table) {
    Relation rel = open_table(table, RowExclusiveLock);
    require_any_insert(rel);
    return rel;
}

// All that stands in the way of constraints that are checked when all rows are in; null when nothing does.
ServerError *find_violation(std::span<const Oid> tables) {
    ServerError *violation = nullptr;
    for (const Oid table : tables) {
        Relation rel = open_table(table, RowExclusiveLock);
        if (violation == nullptr && may_defer(rel)) {
            ImmediateConstraints constraints(rel, {});
            constraints.restore();
            violation = constraints.violation();
        }
        close_table(rel);
    }
    return violation;
}

class Request {
  public:
    explicit Request(const BatchRequest &request);
    Datum run();

  private:
    // Lets the answer know, and the others' children.
    class Observer final : public LoadObserver {
      public:
        Observer(Request &request, size_t table) : request_(request), table_(table) {}
        void explain(const Record &record, RowError &error) override {
            request_.explain(table_, record, error);
        }
        void loaded(const Record &record, TupleTableSlot *slot) override {
            request_.kin_->accepted(table_, record.number - 1);
            request_.refused_.erase({table_, record.number - 1});
            request_.batches_[table_].answer().loaded(record, slot);
        }
        void rejected(const Record &record, std::span<const RowError> errors) override {
            request_.kin_->refused(table_, record.number - 1, record.raw);
            request_.refused_[{table_, record.number - 1}] = errors.front().message;
            request_.batches_[table_].answer().rejected(record, errors);
        }

      private:
        Request &request_;
        size_t table_;
    };

    void open_tables();
    void plan_checks();
    void explain(size_t table, const Record &record, RowError &error);
    std::string pointer_to(size_t table, uint64_t index) const;
    [[noreturn]] void raise_violation(ServerError *violation) const;
    Datum answer(const std::vector<LoadReport> &reports) const;

    const BatchRequest &request_;
    std::vector<Part> parts_;
    std::vector<Oid> tables_;
    std::deque<JsonBatch> batches_;
    std::optional<RequestKin> kin_;
    std::vector<size_t> order_;
    std::deque<Observer> observers_;
    std::deque<std::string> hints_;
    std::map<std::pair<size_t, uint64_t>, std::string> refused_;  // by table and index: the first error
};

Request::Request(const BatchRequest &request) : request_(request), parts_(split_request(request.rows)) {
    open_tables();
    size_t rows = 0;
    for (const JsonBatch &batch : batches_) rows += batch.size();
    check_batch_size(rows);
    kin_.emplace(tables_);
    order_ = kin_->order();
    for (size_t i = 0; i < batches_.size(); ++i) observers_.emplace_back(*this, i);
    plan_checks();
}

void Request::open_tables() {
    for (const Part &part : parts_) {
        const Oid table = find_table(part.name);
        if (std::ranges::find(tables_, table) != tables_.end())
            fail(
                {Code::invalid_option, "table \"" + qualified_name(table) + "\" comes twice in the request"});
        tables_.push_back(table);
    }
    for (size_t i = 0; i < parts_.size(); ++i)
        batches_.emplace_back(open_target(tables_[i]), parts_[i].rows, request_, parts_[i].name);
}

// What may wait for rows that are still to come is checked when all are in, but only if the transaction has
// nothing of its own to be let off until its end.
void Request::plan_checks() {
    const bool clean = find_violation(tables_) == nullptr;
    for (size_t i = 0; i < order_.size(); ++i) {
        DeferredChecks &checks = batches_[order_[i]].options().deferred;
        checks.now = clean;
        for (size_t later = i + 1; later < order_.size(); ++later)
            checks.coming.push_back(tables_[order_[later]]);
    }
    if (!clean || order_.size() < 2) return;
    batches_[order_.back()].steps().complete = [this](uint64_t) {
        if (ServerError *violation = find_violation(tables_)) raise_violation(violation);
    };
}

std::string Request::pointer_to(size_t table, uint64_t index) const {
    return pointer_part(parts_[table].name) + "/" + std::to_string(index);
}

// Rows that were refused before may be what is missing, and there will be no log to tell of them.
void Request::raise_violation(ServerError *violation) const {
    constexpr size_t most = 5;
    std::string detail = violation->detail != nullptr ? violation->detail : "";
    size_t told = 0;
    for (const auto &[place, message] : refused_) {
        if (told++ == most) break;
        detail += (detail.empty() ? "" : "\n") + ("Refused row " + pointer_to(place.first, place.second)) +
                  ": " + message;
    }
    const char *const text = detail.c_str();
    if (told > 0) pg_call([&] { violation->detail = pstrdup(text); });
    throw PgError{violation};
}

void Request::explain(size_t table, const Record &record, RowError &error) {
    if (error.cls != ErrorClass::foreign_key) return;
    const auto place = kin_->refused_parent(table, error.constraint, record.raw);
    if (!place) return;
    error.hint = hints_.emplace_back("It refers to the row " + pointer_to(place->table, place->index) +
                                     " of the same request, which is refused.");
}

Datum Request::run() {
    std::vector<LoadReport> reports(batches_.size());
    if (request_.mode == "atomic" || request_.options.dry_run) {
        std::vector<Load> loads;
        for (const size_t table : order_) loads.push_back(batches_[table].load(&observers_[table]));
        const std::vector<LoadReport> done = run_together(loads);
        for (size_t i = 0; i < order_.size(); ++i) reports[order_[i]] = done[i];
    } else {
        for (const size_t table : order_) reports[table] = run_load(batches_[table].load(&observers_[table]));
    }
    return answer(reports);
}

Datum Request::answer(const std::vector<LoadReport> &reports) const {
    std::vector<TableOutcome> outcomes;
    for (size_t i = 0; i < reports.size(); ++i)
        outcomes.push_back({&batches_[i].answer(), reports[i], batches_[i].target_name()});
    return answer_of_all(outcomes, request_.mode, request_.options.dry_run);
}

}  // namespace

Datum insert_tables(const BatchRequest &request) {
    return Request(request).run();
}

std::string tables_of(const BatchRequest &request) {
    std::string names;
    for (const Part &part : split_request(request.rows)) {
        Relation rel = open_target(find_table(part.name));
        names += qualified_name(rel) + "\n";
        close_table(rel);
    }
    return names;
}

}  // namespace ferry
