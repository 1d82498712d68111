// Turns raw fields into typed rows and tells every fault of every row that can be told before writing: types,
// NOT NULL, domains and CHECKs. Works a batch at a time, column by column, so that the server is asked once
// per batch, not per cell.
#pragma once

#include <span>
#include <vector>

#include "core/record.hpp"
#include "load/column_plan.hpp"
#include "load/json_values.hpp"
#include "load/reject.hpp"
#include "load/value_maker.hpp"
#include "server/table_writer.hpp"

namespace ferry {

// Which checks fall to us; the rest the server makes when it writes the row.
struct Duties {
    bool other_defaults;  // defaults of attributes that no field goes to
    bool not_null;        // only right when no trigger can fill a NULL afterwards
    bool constraints;     // CHECKs and generated columns; only right when all attributes are known
};

class RowChecker {
  public:
    // `date_format`, if any, outlives the checker; text in date and time columns is then read by it or in ISO
    // form. With `strict` JSON must be of the column's own form: no number in quotes, no 1 for true.
    RowChecker(ExecutorTable &table, std::vector<PlannedColumn> columns, Duties duties,
               const value::DateFormat *date_format = nullptr, bool strict = false);

    const std::vector<PlannedColumn> &columns() const noexcept { return columns_; }

    // Fills slot r from record r, all attributes, and appends the faults of each. Slots come empty and leave
    // as virtual tuples whose values live until the next call.
    void check(const Batch &batch, std::span<TupleTableSlot *const> slots, std::vector<RowError> &errors);

    // True when the fields of this row of the last batch could not be told apart.
    bool unreadable(uint32_t row) const { return unreadable_[row]; }

  private:
    // A value that only the server can compute.
    struct Pending {
        uint32_t row;
        int column;        // of the load
        const char *text;  // for the type's input function; NUL-terminated, null for NULL
        bool json;         // for JsonValues instead
    };
    struct Default {
        AttrNumber number;
        int column;  // of the load, or -1 when no field ever goes to this attribute
        ExprState *expression;
    };
    struct Check {
        const char *name;
        ExprState *expression;
        std::vector<int>
            columns;  // that it looks at, as positions in the load; -1 for attributes without a field
    };

    void plan_defaults();
    void plan_checks();
    std::vector<int> columns_of_check(const char *expression) const;
    void tell_generated_column(RowError &error) const;
    void convert_column(const Batch &batch, size_t column, std::span<TupleTableSlot *const> slots,
                        std::vector<RowError> &errors);
    void convert_other(const Batch &batch, uint32_t r, size_t c, const Field &field,
                       std::vector<RowError> &errors);
    RowError describe_form(const Batch &batch, uint32_t r, size_t c) const;
    void ask_input_functions(const Batch &batch, std::span<TupleTableSlot *const> slots,
                             std::vector<RowError> &errors);
    void fill_defaults(const Batch &batch, std::span<TupleTableSlot *const> slots,
                       std::vector<RowError> &errors);
    void check_not_null(const Batch &batch, std::span<TupleTableSlot *const> slots,
                        std::vector<RowError> &errors);
    void check_constraints(const Batch &batch, std::span<TupleTableSlot *const> slots,
                           std::vector<RowError> &errors);
    bool evaluate(TupleTableSlot *slot, const Check &check) const;
    bool looks_at_fault(uint32_t row, const Check &check) const;
    void compute_generated(TupleTableSlot *slot) const;
    void check_generated_not_null(std::span<TupleTableSlot *const> slots, std::vector<RowError> &errors);
    const std::string &type_name(const FormData_pg_attribute *attribute);
    RowError describe_null(uint32_t row, int column, const FormData_pg_attribute *attribute);
    RowError describe_check(uint32_t row, const Check &check, const Batch &batch) const;
    void name_column(RowError &error, const Batch &batch) const;

    ExecutorTable &table_;
    std::vector<PlannedColumn> columns_;
    Duties duties_;
    bool strict_;
    bool generated_ = false;
    std::vector<Default> defaults_;
    std::vector<Check> checks_;
    std::vector<std::string> type_names_;  // of attributes, as far as they were asked for
    std::vector<Pending> pending_;
    std::vector<bool> excused_;      // rows and columns with a fault already: no NOT NULL fault on top
    std::vector<bool> unreadable_;   // rows whose fields could not be told apart
    std::vector<bool> undefaulted_;  // rows in which the default of an attribute without a field failed
    ValueMaker maker_;
    JsonValues json_values_;
    ScopedContext values_{"ferry row values"};
};

}  // namespace ferry
