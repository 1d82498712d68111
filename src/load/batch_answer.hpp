// The answer of a JSON batch: what became of every row, all errors of all rows with their places, and the
// keys of the rows that went in. One object for SQL and HTTP alike.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "load/load.hpp"

namespace ferry {

class BatchAnswer final : public LoadObserver {
  public:
    // `columns` are the load's. `name` is the table's in a request for several, where pointers begin with it;
    // empty in a request for one.
    BatchAnswer(Relation rel, std::vector<std::string> columns, std::string name);

    void loaded(const Record &record, TupleTableSlot *slot) override;
    void rejected(const Record &record, std::span<const RowError> errors) override;

    // The JSON text. When nothing was inserted and something was refused, it begins with the keys of
    // PostgREST's own errors, so that clients need one error reader.
    std::string json(const LoadReport &report, const std::string &table, const std::string &mode,
                     bool dry_run) const;

    // Parts of an answer for several tables: the errors, one JSON object after the other with commas between,
    // and the table's own member of "tables".
    void append_errors(std::string &json) const;
    void append_table(std::string &json, const LoadReport &report, const std::string &table) const;

  private:
    struct KeyColumn {
        std::string name;
        int attribute;  // 0-based
        Oid type;
        bool number;  // written bare in JSON
    };
    void set_key(const Record &record, std::string json);
    std::string error_json(uint64_t index, const RowError &error) const;

    void append_keys(std::string &json, const LoadReport &report) const;

    std::string name_, pointer_;
    std::vector<KeyColumn> key_;
    std::vector<std::string> columns_;
    std::vector<std::string> keys_;                        // per row: JSON, "null" for refused rows
    std::map<uint64_t, std::vector<std::string>> errors_;  // by record number, as JSON
};

// What an answer begins with when nothing was inserted and something was refused; else nothing. `errors` is a
// JSON array.
std::string refusal_json(const LoadReport &total, const std::string &errors, const std::string &mode);
// One part of a JSON Pointer (RFC 6901), with its slash.
std::string pointer_part(std::string_view name);
// How many rows of the load are in the table.
uint64_t inserted_rows(const LoadReport &report);

}  // namespace ferry
