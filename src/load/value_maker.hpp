// Makes Datums of raw fields without asking the server where it can, and prepares the text that the type's
// input function is asked with where it cannot.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/record.hpp"
#include "core/value/arena.hpp"
#include "core/value/date_format.hpp"
#include "load/column_plan.hpp"
#include "load/reject.hpp"

namespace ferry {

class ValueMaker {
  public:
    // `date_format`, if any, outlives this object; text in date and time columns is then read by it or in ISO
    // form.
    explicit ValueMaker(const value::DateFormat *date_format) : date_format_(date_format) {}

    // Forgets the values made so far; they live until then.
    void reset() noexcept { arena_.clear(); }

    // True when the field was recognised; `value` is then what the type's input function would give.
    bool make(const PlannedColumn &column, const Field &field, Datum &value);

    // Whether a field of JSON is written in the column's own form.
    static bool is_in_form(const PlannedColumn &column, const Field &field);
    // A copy, NUL-terminated, that lives until reset().
    const char *keep(std::string_view text);

    // True when the type's input function is certain to refuse the field, which make() did not recognise;
    // class, SQLSTATE and message of `error` are then its own.
    bool refuse(const PlannedColumn &column, const Field &field, RowError &error) const;

    enum class Input : uint8_t {
        ready,      // `text` is for the type's input function, NUL-terminated
        not_text,   // bytes that are no text, for a column that takes no bytes
        not_dated,  // neither written as the date format says nor in ISO form
    };
    // For fields that make() did not recognise.
    Input prepare_input(const PlannedColumn &column, const Field &field, const char *&text);

  private:
    bool convert_formatted(const PlannedColumn &column, std::string_view text, std::string &iso) const;
    bool convert_text(const PlannedColumn &column, std::string_view text, Datum &value);
    static bool convert_real(const PlannedColumn &column, double real, Datum &value);
    static bool convert_integer(const PlannedColumn &column, int64_t integer, Datum &value);
    Datum make_varlena(std::string_view bytes);
    const char *text_for_input(const PlannedColumn &column, const Field &field);

    const value::DateFormat *date_format_;
    value::Arena arena_;
};

// The field as it came, for the log; nullopt for NULL and absent.
std::optional<std::string> field_text(const Field &field);

}  // namespace ferry
