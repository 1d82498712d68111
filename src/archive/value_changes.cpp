// Implements value_changes.hpp. What is said of a time without a zone, the server itself reads and moves, as
// AT TIME ZONE does; everything else is done here.
#include "archive/value_changes.hpp"

#include <algorithm>
#include <cstring>

#include "core/avro/literal.hpp"
#include "server/compat.hpp"

namespace ferry {
namespace {

using avro::NumberChange;
using avro::TextChange;

// PostgreSQL counts from 2000-01-01, Field from 1970-01-01.
constexpr int64_t epoch_micros = int64_t{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * USECS_PER_DAY;

constexpr int64_t no_time = INT64_MAX;  // no timestamp can hold it

int64_t micros_of(int64_t days) {
    int64_t micros;
    return __builtin_mul_overflow(days, USECS_PER_DAY, &micros) ? no_time : micros;
}

bool is_text(const Field &field) {
    return field.kind == Field::Kind::text || field.kind == Field::Kind::bytes;
}

// "12.00" as "12"; anything else as it is.
std::string_view without_zeros(std::string_view text) {
    const size_t point = text.find('.');
    if (point == text.npos || text.find_first_not_of('0', point + 1) != text.npos) return text;
    return text.substr(0, point);
}

std::string write_number(NumberChange change, int64_t number) {
    std::string text;
    switch (change) {
        case NumberChange::days_to_text:
            avro::append_date(text, number);
            break;
        case NumberChange::time_to_text:
            avro::append_time(text, number);
            break;
        case NumberChange::instant_to_text:
            avro::append_timestamp(text, number, ' ', "+00");
            break;
        default:
            avro::append_timestamp(text, number, ' ', "");
    }
    return text;
}

// The functions from here on call the server: only inside pg_call.

bool from_field(int64_t micros, Timestamp &out) {
    return !__builtin_sub_overflow(micros, epoch_micros, &out) && IS_VALID_TIMESTAMP(out);
}

// The instant at which a clock in the zone shows the time, and the other way round. Source: timestamp_zone
// and timestamptz_zone in timestamp.c.
int64_t instant_of(Timestamp local, pg_tz *zone) {
    pg_tm time{};
    fsec_t fraction;
    Timestamp moved;
    if (timestamp2tm(local, nullptr, &time, &fraction, nullptr, nullptr) != 0) return no_time;
    int offset = DetermineTimeZoneOffset(&time, zone);
    return tm2timestamp(&time, fraction, &offset, &moved) == 0 ? moved + epoch_micros : no_time;
}
int64_t local_of(Timestamp instant, pg_tz *zone) {
    pg_tm time{};
    fsec_t fraction;
    Timestamp moved;
    int offset;
    if (timestamp2tm(instant, &offset, &time, &fraction, nullptr, zone) != 0) return no_time;
    return tm2timestamp(&time, fraction, nullptr, &moved) == 0 ? moved + epoch_micros : no_time;
}

// A text as a date and time; false when it is none, or a word such as infinity. `zone` null asks for one that
// names no zone. Source: timestamp_in in timestamp.c.
bool read_time(std::string_view text, int *zone, Timestamp &out) {
    char copy[MAXDATELEN + 1];
    char work[MAXDATELEN + MAXDATEFIELDS];
    char *fields[MAXDATEFIELDS];
    int types[MAXDATEFIELDS];
    int count, type;
    pg_tm time{};
    fsec_t fraction;
    if (text.size() > MAXDATELEN || text.find('\0') != text.npos) return false;
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    if (ParseDateTime(copy, work, sizeof work, fields, types, MAXDATEFIELDS, &count) != 0) return false;
    if (compat::decode_datetime(fields, types, count, &type, &time, &fraction, zone) != 0) return false;
    return type == DTK_DATE && tm2timestamp(&time, fraction, zone, &out) == 0;
}

}  // namespace

ValueChanges::ValueChanges(std::vector<avro::Resolution> columns, const std::string &time_zone) {
    for (size_t c = 0; c < columns.size(); ++c)
        if (columns[c].numbers != NumberChange::none || columns[c].texts != TextChange::none)
            changed_.push_back({c, columns[c]});
    if (time_zone.empty()) return;
    const char *name = time_zone.c_str();
    time_zone_ = pg_call([&] { return pg_tzset(name); });
    if (time_zone_ == nullptr) {
        fail({Code::invalid_option, "time zone \"" + time_zone + "\" not recognized", "",
              "See pg_timezone_names."});
    }
}

void ValueChanges::apply(Batch &batch, size_t first) {
    found_.clear();
    taken_ = 0;
    for (const Changed &changed : changed_) {
        if (avro::needs_time_zone(changed.how.numbers))
            move_numbers(batch, first, changed);
        else if (changed.how.numbers != NumberChange::none)
            change_numbers(batch, first, changed);
        if (changed.how.texts == TextChange::to_instant || changed.how.texts == TextChange::to_local)
            place_texts(batch, first, changed);
        else if (changed.how.texts != TextChange::none)
            change_text(batch, first, changed);
    }
    std::ranges::stable_sort(found_, {}, &Found::record);
    for (size_t r = first; r < batch.records.size(); ++r) {
        Record &record = batch.records[r];
        record.first_fault = static_cast<uint32_t>(batch.faults.size());
        take_faults(batch, r);
        tell_nul_characters(batch, r);
        record.faults = static_cast<uint32_t>(batch.faults.size()) - record.first_fault;
    }
}

void ValueChanges::take_faults(Batch &batch, size_t record) {
    for (; taken_ < found_.size() && found_[taken_].record == record; ++taken_)
        batch.faults.push_back(found_[taken_].fault);
}

void ValueChanges::tell_nul_characters(Batch &batch, size_t record) {
    const std::span<Field> row = batch.row(record);
    for (size_t c = 0; c < row.size(); ++c) {
        if (row[c].kind != Field::Kind::text || row[c].text.find('\0') == row[c].text.npos) continue;
        batch.faults.push_back({Code::nul_character, static_cast<int>(c), row[c].text});
        row[c].kind = Field::Kind::absent;
    }
}

void ValueChanges::change_text(Batch &batch, size_t first, const Changed &changed) {
    for (size_t r = first; r < batch.records.size(); ++r) {
        Field &field = batch.row(r)[changed.column];
        if (field.kind != Field::Kind::text) continue;
        if (changed.how.texts == TextChange::to_bytes) field.kind = Field::Kind::bytes;
        if (changed.how.texts == TextChange::to_integer) field.text = without_zeros(field.text);
    }
}

void ValueChanges::change_numbers(Batch &batch, size_t first, const Changed &changed) {
    for (size_t r = first; r < batch.records.size(); ++r) {
        Field &field = batch.row(r)[changed.column];
        if (field.kind != Field::Kind::integer) continue;
        if (changed.how.numbers == NumberChange::days_to_local) {
            field.integer = micros_of(field.integer);
            continue;
        }
        field.kind = Field::Kind::text;
        field.text = keep(write_number(changed.how.numbers, field.integer));
    }
}

void ValueChanges::move_numbers(Batch &batch, size_t first, const Changed &changed) {
    const bool days = changed.how.numbers == NumberChange::days_to_instant;
    const bool to_local = changed.how.numbers == NumberChange::instant_to_local;
    pg_call([&] {
        for (size_t r = first; r < batch.records.size(); ++r) {
            Field &field = batch.fields[r * batch.width + changed.column];
            if (field.kind != Field::Kind::integer) continue;
            if (days) field.integer = micros_of(field.integer);
            Timestamp time;
            // What no timestamp can hold is refused as such later on.
            if (!from_field(field.integer, time))
                field.integer = no_time;
            else
                field.integer = to_local ? local_of(time, time_zone_) : instant_of(time, time_zone_);
        }
    });
}

// Text that says whether its time has a zone is left to the input function where that is what the column
// has; else it is moved by naive_time_zone, or is a fault. So are bytes, which are text here.
void ValueChanges::place_texts(Batch &batch, size_t first, const Changed &changed) {
    const bool to_instant = changed.how.texts == TextChange::to_instant;
    for (size_t r = first; r < batch.records.size(); ++r) {
        Field &field = batch.row(r)[changed.column];
        if (!is_text(field)) continue;
        const bool misplaced = pg_call([&] {
            Timestamp time;
            int zone;
            bool other = read_time(field.text, nullptr, time);
            if (!to_instant) other = !other && read_time(field.text, &zone, time);
            if (!other || time_zone_ == nullptr) return other;
            field.integer = to_instant ? instant_of(time, time_zone_) : local_of(time, time_zone_);
            field.kind = Field::Kind::integer;
            return false;
        });
        if (!misplaced) continue;
        found_.push_back({r,
                          {to_instant ? Code::no_time_zone : Code::surplus_time_zone,
                           static_cast<int>(changed.column), field.text}});
        field.kind = Field::Kind::absent;
    }
}

std::string_view ValueChanges::keep(std::string_view text) {
    char *copy = arena_.reserve(text.size());
    std::memcpy(copy, text.data(), text.size());
    arena_.keep(text.size());
    return {copy, text.size()};
}

}  // namespace ferry
