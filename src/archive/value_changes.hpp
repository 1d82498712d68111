// Values on their way from a file's types to the table's, where that takes more than the column's own type
// knows: times that are moved from one zone to another, days that become times, numbers that become text.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/avro/resolve.hpp"
#include "core/record.hpp"
#include "core/value/arena.hpp"
#include "server/boundary.hpp"

namespace ferry {

class ValueChanges {
  public:
    // None at all.
    ValueChanges() = default;
    // One entry per column of the load. `time_zone` is what naive_time_zone says, or empty.
    // Raises 22023 for one that is not known.
    ValueChanges(std::vector<avro::Resolution> columns, const std::string &time_zone);

    // Changes the fields of all records from `first` on. What cannot be changed, and text with a NUL
    // character, which PostgreSQL cannot hold, becomes absent and is told as a fault of its record.
    void apply(Batch &batch, size_t first);
    // Gives up all text made so far.
    void release() noexcept { arena_.clear(); }

  private:
    struct Changed {
        size_t column;
        avro::Resolution how;
    };
    struct Found {
        size_t record;
        Fault fault;
    };

    void take_faults(Batch &batch, size_t record);
    static void tell_nul_characters(Batch &batch, size_t record);
    void change_text(Batch &batch, size_t first, const Changed &changed);
    void change_numbers(Batch &batch, size_t first, const Changed &changed);
    void move_numbers(Batch &batch, size_t first, const Changed &changed);
    void place_texts(Batch &batch, size_t first, const Changed &changed);
    std::string_view keep(std::string_view text);

    std::vector<Changed> changed_;
    pg_tz *time_zone_ = nullptr;  // null when none is given
    std::vector<Found> found_;
    size_t taken_ = 0;
    value::Arena arena_;
};

}  // namespace ferry
