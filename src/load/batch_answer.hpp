// The answer of a JSON batch: what became of every row, all errors of all rows with their places, and the
// keys of the rows that went in. One object for SQL and HTTP alike.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "load/load.hpp"
#include "server/text_builder.hpp"

namespace ferry {

// Hears what becomes of the rows of one table.
class BatchAnswer final : public LoadObserver {
  public:
    // `columns` are the load's. `name` is the table's in a request for several, where pointers begin with it;
    // empty in a request for one.
    BatchAnswer(std::vector<std::string> columns, std::string name);

    // Looks up the primary key, whose values are told. Before the first row, with nothing in between that
    // could change the table.
    void plan_keys(Relation rel);

    void loaded(const Record &record, TupleTableSlot *slot) override;
    void rejected(const Record &record, std::span<const RowError> errors) override;

    const std::string &name() const noexcept { return name_; }
    // Bytes that the errors take.
    size_t errors_size() const noexcept;
    // The errors as JSON objects with commas between, behind those that `json` ends with.
    void append_errors(TextBuilder &json) const;
    // A member "keys".
    void append_keys(TextBuilder &json, const LoadReport &report) const;

  private:
    // How the values of a column are written in JSON, which is as to_json writes them.
    enum class Form : uint8_t { integer, number, boolean, moment, json, composed, text };
    struct KeyColumn {
        std::string name;
        int attribute;  // 0-based
        Oid type;
        Form form;
        Oid output;
    };
    static Form form_of(Oid type);
    static void append_key(std::string &json, const KeyColumn &column, Datum value);
    void append_error(std::string &json, uint64_t index, const RowError &error) const;
    void set(const Record &record, std::string key);

    std::string name_, pointer_;
    std::vector<KeyColumn> key_;
    std::vector<std::string> columns_;
    std::vector<std::string> keys_;    // per row: JSON, "null" for refused rows
    std::vector<std::string> errors_;  // per row: JSON objects with commas between
};

// A table of a request with what became of it.
struct TableOutcome {
    const BatchAnswer *answer;
    LoadReport report;
    std::string table;  // qualified name
};

// The answers, as JSON text. When nothing was inserted and something was refused they begin with the keys of
// PostgREST's own errors, so that clients need one error reader.
Datum answer_of(const TableOutcome &outcome, const std::string &mode, bool dry_run);
Datum answer_of_all(std::span<const TableOutcome> outcomes, const std::string &mode, bool dry_run);

// One part of a JSON Pointer (RFC 6901), with its slash.
std::string pointer_part(std::string_view name);

}  // namespace ferry
