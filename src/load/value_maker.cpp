// Implements value_maker.hpp. What a scanner of core recognises never reaches the server.
#include "load/value_maker.hpp"

#include <charconv>
#include <cstring>
#include <limits>

#include "core/avro/literal.hpp"
#include "core/text.hpp"
#include "core/value/datetime.hpp"
#include "core/value/refusal.hpp"
#include "core/value/scan.hpp"

namespace ferry {
namespace {

using value::Refusal;

// PostgreSQL counts dates and times from 2000-01-01, Field from 1970-01-01.
constexpr int32_t epoch_days = POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE;
constexpr int64_t epoch_micros = int64_t{epoch_days} * USECS_PER_DAY;

template <typename T>
bool fits(int64_t value) {
    return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
}

// Microseconds with `precision` digits of the second kept, halves away from zero (PostgreSQL:
// AdjustTimestampForTypmod in src/backend/utils/adt/timestamp.c).
int64_t round_time(int64_t micros, int32 precision) {
    if (precision < 0 || precision >= MAX_TIMESTAMP_PRECISION) return micros;
    int64_t unit = 1;
    for (int32 digit = precision; digit < MAX_TIMESTAMP_PRECISION; ++digit) unit *= 10;
    return (micros >= 0 ? micros + unit / 2 : micros - unit / 2) / unit * unit;
}

// Bytes that any type's input function may be given.
bool is_text(std::string_view bytes) {
    return bytes.find('\0') == bytes.npos && utf8_valid_prefix(bytes) == bytes.size();
}

// Bytes as bytea's input takes them.
std::string bytea_text(std::string_view bytes) {
    static constexpr char hex[] = "0123456789abcdef";
    std::string text = "\\x";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text.push_back(hex[byte >> 4U]);
        text.push_back(hex[byte & 0xFU]);
    }
    return text;
}

bool is_dated(Scanner units) {
    return units == Scanner::date || units == Scanner::time || units == Scanner::timestamp ||
           units == Scanner::timestamptz;
}

// The form that means the same whatever the format says.
bool is_iso(Scanner units, std::string_view text) {
    int32_t days;
    int64_t micros;
    switch (units) {
        case Scanner::date:
            return value::scan_date(text, days);
        case Scanner::time:
            return value::scan_time(text, micros);
        case Scanner::timestamp:
            return value::scan_timestamp(text, micros);
        default:
            return value::scan_timestamptz(text, micros);
    }
}

// The texts that follow are those of the input functions (PostgreSQL: numutils.c, DateTimeParseError in
// datetime.c).
Refusal judge(Scanner scanner, std::string_view text, bool formatted) {
    switch (scanner) {
        case Scanner::int2:
            return value::refuse_integer(text, 16);
        case Scanner::int4:
            return value::refuse_integer(text, 32);
        case Scanner::int8:
            return value::refuse_integer(text, 64);
        case Scanner::date:
            return formatted ? Refusal::none : value::refuse_datetime(text, false);
        case Scanner::timestamp:
        case Scanner::timestamptz:
            return formatted ? Refusal::none : value::refuse_datetime(text, true);
        default:
            return Refusal::none;
    }
}

std::string padded(int64_t number, size_t width) {
    std::string text = std::to_string(number);
    return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

std::string iso_date(int32_t days) {
    int year, month, day;
    j2date(days + UNIX_EPOCH_JDATE, &year, &month, &day);
    return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2);
}

std::string iso_time(int64_t micros) {
    return padded(micros / USECS_PER_HOUR, 2) + ":" + padded(micros / USECS_PER_MINUTE % 60, 2) + ":" +
           padded(micros / USECS_PER_SEC % 60, 2) + "." + padded(micros % USECS_PER_SEC, 6);
}

std::string iso_zone(int32_t east) {
    const int32_t minutes = (east < 0 ? -east : east) / 60;
    return (east < 0 ? "-" : "+") + padded(minutes / 60, 2) + ":" + padded(minutes % 60, 2);
}

std::string integer_text(int64_t value) {
    char buffer[24];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

// An integer in Field's units as a domain's input function takes it.
std::string domain_text(Scanner base, int64_t value) {
    std::string text;
    if (base == Scanner::date)
        avro::append_date(text, value);
    else if (base == Scanner::time)
        avro::append_time(text, value);
    else if (base == Scanner::timestamp || base == Scanner::timestamptz)
        avro::append_timestamp(text, value, ' ', "+00");
    else
        text = integer_text(value);
    return text;
}

std::string real_text(double value) {
    char buffer[40];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

}  // namespace

std::optional<std::string> field_text(const Field &field) {
    switch (field.kind) {
        case Field::Kind::absent:
        case Field::Kind::null:
            return std::nullopt;
        case Field::Kind::boolean:
            return field.integer != 0 ? "true" : "false";
        case Field::Kind::integer:
            return integer_text(field.integer);
        case Field::Kind::real:
            return real_text(field.real);
        default:
            return std::string(field.text);
    }
}

bool ValueMaker::refuse(const PlannedColumn &column, const Field &field, RowError &error) const {
    if (field.kind != Field::Kind::text && field.kind != Field::Kind::literal) return false;
    const Refusal refusal = judge(column.scanner, field.text, date_format_ != nullptr);
    if (refusal == Refusal::none) return false;
    const std::string text(field.text);
    error.cls = ErrorClass::type;
    switch (refusal) {
        case Refusal::syntax:
            error.sqlstate = code_info(Code::invalid_text).sqlstate;
            error.message = "invalid input syntax for type " + column.type_name + ": \"" + text + "\"";
            break;
        case Refusal::range:
            error.sqlstate = code_info(Code::out_of_range).sqlstate;
            error.message = "value \"" + text + "\" is out of range for type " + column.type_name;
            break;
        default:
            error.sqlstate = code_info(Code::datetime_range).sqlstate;
            error.message = "date/time field value out of range: \"" + text + "\"";
    }
    return true;
}

ValueMaker::Input ValueMaker::prepare_input(const PlannedColumn &column, const Field &field,
                                            const char *&text) {
    if (field.kind == Field::Kind::bytes && !column.base_bytea && !is_text(field.text))
        return Input::not_text;
    if (date_format_ == nullptr || field.kind != Field::Kind::text || !is_dated(column.units)) {
        text = text_for_input(column, field);
        return Input::ready;
    }
    std::string iso;
    if (!convert_formatted(column, field.text, iso) && !is_iso(column.units, field.text))
        return Input::not_dated;
    Field written;
    written.kind = Field::Kind::text;
    written.text = iso.empty() ? field.text : iso;
    text = text_for_input(column, written);
    return Input::ready;
}

// Reads text by the date format into ISO form, which the type's input function takes in the session's time
// zone where the text names none, and with the column's precision.
bool ValueMaker::convert_formatted(const PlannedColumn &column, std::string_view text,
                                   std::string &iso) const {
    value::Moment moment;
    if (!date_format_->read(text, moment)) return false;
    if (column.units == Scanner::time ? !date_format_->has_time() : !date_format_->has_date()) return false;
    if (column.units != Scanner::time) iso = iso_date(moment.days);
    if (column.units != Scanner::date) iso += (iso.empty() ? "" : " ") + iso_time(moment.microseconds);
    if (column.units == Scanner::timestamptz && moment.has_zone) iso += iso_zone(moment.east);
    return true;
}

bool ValueMaker::make(const PlannedColumn &column, const Field &field, Datum &value) {
    switch (field.kind) {
        case Field::Kind::text:
        case Field::Kind::literal:
            return !column.json && convert_text(column, field.text, value);
        case Field::Kind::integer:
            return convert_integer(column, field.integer, value);
        case Field::Kind::boolean:
            value = BoolGetDatum(field.integer != 0);
            return column.scanner == Scanner::boolean;
        case Field::Kind::real:
            return convert_real(column, field.real, value);
        case Field::Kind::bytes:
            if (column.type == CHAROID && field.text.size() == 1)
                return value = CharGetDatum(field.text.front()), true;
            if (column.scanner != Scanner::bytea) return false;
            value = make_varlena(field.text);
            return true;
        default:
            return false;
    }
}

bool ValueMaker::convert_text(const PlannedColumn &column, std::string_view text, Datum &value) {
    if (date_format_ != nullptr && is_dated(column.units)) return false;  // the format comes first
    bool boolean;
    int16_t small;
    int32_t integer;
    int64_t large;
    float single;
    double real;
    switch (column.scanner) {
        case Scanner::boolean:
            return value::scan_bool(text, boolean) && (value = BoolGetDatum(boolean), true);
        case Scanner::int2:
            return value::scan_int2(text, small) && (value = Int16GetDatum(small), true);
        case Scanner::int4:
            return value::scan_int4(text, integer) && (value = Int32GetDatum(integer), true);
        case Scanner::int8:
            return value::scan_int8(text, large) && (value = Int64GetDatum(large), true);
        case Scanner::float4:
            return value::scan_float4(text, single) && (value = Float4GetDatum(single), true);
        case Scanner::float8:
            return value::scan_float8(text, real) && (value = Float8GetDatum(real), true);
        case Scanner::date:
            return value::scan_date(text, integer) && (value = DateADTGetDatum(integer - epoch_days), true);
        case Scanner::time:
            return value::scan_time(text, large) && (value = TimeADTGetDatum(large), true);
        case Scanner::timestamp:
            return value::scan_timestamp(text, large) &&
                   (value = TimestampGetDatum(large - epoch_micros), true);
        case Scanner::timestamptz:
            return value::scan_timestamptz(text, large) &&
                   (value = TimestampTzGetDatum(large - epoch_micros), true);
        case Scanner::text:
            // Bytes are at least as many as characters: a longer text is for the input function to judge.
            if (column.max_length >= 0 && text.size() > static_cast<size_t>(column.max_length)) return false;
            value = make_varlena(text);
            return true;
        case Scanner::uuid: {
            std::array<uint8_t, UUID_LEN> bytes;
            if (!value::scan_uuid(text, bytes)) return false;
            char *copy = arena_.reserve(UUID_LEN);
            std::memcpy(copy, bytes.data(), UUID_LEN);
            arena_.keep(UUID_LEN);
            value = PointerGetDatum(copy);
            return true;
        }
        default:
            return false;
    }
}

// A whole number goes into an integer column too: its text might have an exponent, which that does not read.
bool ValueMaker::convert_real(const PlannedColumn &column, double real, Datum &value) {
    constexpr double limit = 9223372036854775808.0;  // 2^63
    const bool whole =
        real >= -limit && real < limit && static_cast<double>(static_cast<int64_t>(real)) == real;
    switch (column.scanner) {
        case Scanner::float8:
            return value = Float8GetDatum(real), true;
        case Scanner::float4:
            value = Float4GetDatum(static_cast<float>(real));
            return static_cast<double>(static_cast<float>(real)) == real || real != real;
        case Scanner::int2:
        case Scanner::int4:
        case Scanner::int8:
            return whole && convert_integer(column, static_cast<int64_t>(real), value);
        default:
            return false;
    }
}

// Integers in Field's units, as Avro gives them.
bool ValueMaker::convert_integer(const PlannedColumn &column, int64_t integer, Datum &value) {
    switch (column.units) {
        case Scanner::int2:
            return fits<int16_t>(integer) && (value = Int16GetDatum(static_cast<int16_t>(integer)), true);
        case Scanner::int4:
            return fits<int32_t>(integer) && (value = Int32GetDatum(static_cast<int32_t>(integer)), true);
        case Scanner::int8:
            return value = Int64GetDatum(integer), true;
        case Scanner::float4:
            return value = Float4GetDatum(static_cast<float>(integer)), true;
        case Scanner::float8:
            return value = Float8GetDatum(static_cast<double>(integer)), true;
        case Scanner::date:
            integer -= epoch_days;
            return fits<int32_t>(integer) && IS_VALID_DATE(static_cast<DateADT>(integer)) &&
                   (value = DateADTGetDatum(static_cast<DateADT>(integer)), true);
        case Scanner::time:
            if (integer < 0 || integer > USECS_PER_DAY) return false;
            value = TimeADTGetDatum(round_time(integer, column.precision));
            return true;
        case Scanner::timestamp:
        case Scanner::timestamptz:
            if (integer < std::numeric_limits<int64_t>::min() + epoch_micros) return false;
            integer -= epoch_micros;
            if (!IS_VALID_TIMESTAMP(integer)) return false;
            integer = round_time(integer, column.precision);
            return IS_VALID_TIMESTAMP(integer) && (value = TimestampGetDatum(integer), true);
        default:
            return false;
    }
}

Datum ValueMaker::make_varlena(std::string_view bytes) {
    constexpr size_t alignment = sizeof(uint64_t);
    const size_t size = VARHDRSZ + bytes.size();
    char *const free = arena_.reserve(size + alignment);
    const size_t skip = (alignment - reinterpret_cast<uintptr_t>(free) % alignment) % alignment;
    arena_.keep(skip + size);
    char *const varlena = free + skip;
    SET_VARSIZE(varlena, size);
    std::memcpy(VARDATA(varlena), bytes.data(), bytes.size());
    return PointerGetDatum(varlena);
}

// What the input function is to read, NUL-terminated, in the arena.
const char *ValueMaker::text_for_input(const PlannedColumn &column, const Field &field) {
    std::string made;
    std::string_view text = field.text;
    if (field.kind == Field::Kind::bytes && column.base_bytea) {
        made = bytea_text(text);
        text = made;
    } else if (column.json && !field.token.empty()) {
        text = field.token;
    } else if (field.kind == Field::Kind::integer) {
        made = domain_text(column.base, field.integer);
        text = made;
    } else if (field.kind >= Field::Kind::boolean && field.kind <= Field::Kind::real) {
        made = *field_text(field);
        text = made;
    }
    return keep(text);
}

const char *ValueMaker::keep(std::string_view text) {
    char *copy = arena_.reserve(text.size() + 1);
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    arena_.keep(text.size() + 1);
    return copy;
}

bool ValueMaker::is_in_form(const PlannedColumn &column, const Field &field) {
    const char first = field.token.empty() ? '\0' : field.token.front();
    switch (column.form) {
        case JsonForm::number:
            return field.kind == Field::Kind::literal && first != 't' && first != 'f';
        case JsonForm::boolean:
            return field.kind == Field::Kind::literal && (first == 't' || first == 'f');
        case JsonForm::string:
            return field.kind == Field::Kind::text;
        case JsonForm::array:
            return first == '[';
        case JsonForm::object:
            return first == '{';
        default:
            return true;
    }
}

}  // namespace ferry
