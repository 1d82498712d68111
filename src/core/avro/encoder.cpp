// Implements encoder.hpp. Room for everything of fixed size is reserved once per row; only strings ask again.
#include "core/avro/encoder.hpp"

#include <cfloat>
#include <cmath>
#include <cstring>

#include "core/avro/decimal.hpp"

namespace ferry::avro {
namespace {

static_assert(max_fixed_value == max_varint + max_decimal_bytes);

// A branch number and a value; the content of strings and bytes aside.
constexpr size_t max_fixed_field = 1 + max_fixed_value;

constexpr int64_t micros_per_day = int64_t{86'400} * 1'000'000;

bool fits_int32(int64_t value) noexcept {
    return value >= INT32_MIN && value <= INT32_MAX;
}

constexpr uint8_t prefix_of_branch(int branch) noexcept {
    return static_cast<uint8_t>(branch * 2);
}

bool carries_text(const Field &field) noexcept {
    return field.kind == Field::Kind::text || field.kind == Field::Kind::bytes ||
           field.kind == Field::Kind::encoded;
}

char *put_encoded(std::string_view bytes, char *at) noexcept {
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    return at + bytes.size();
}

char *put_decimal(int precision, int scale, const Field &field, char *at) noexcept {
    int128 unscaled = 0;
    if (field.kind == Field::Kind::encoded) return put_encoded(field.text, at);
    if (field.kind == Field::Kind::integer) {
        unscaled = field.integer;
        if (!fits_precision(unscaled, precision)) return nullptr;
    } else if (field.kind == Field::Kind::text) {
        const auto parsed = parse_decimal(field.text, precision, scale);
        if (!parsed) return nullptr;
        unscaled = *parsed;
    } else {
        return nullptr;
    }
    // At most 16 bytes, so the length takes one.
    char *const end = put_unscaled(at + 1, unscaled);
    *at = static_cast<char>(zigzag(end - (at + 1)));
    return end;
}

}  // namespace

char *put_value(Kind kind, int precision, int scale, const Field &field, char *at) noexcept {
    using FieldKind = Field::Kind;
    const bool integer = field.kind == FieldKind::integer;
    const bool real = field.kind == FieldKind::real;
    switch (kind) {
        case Kind::int32:
        case Kind::date:
            return integer && fits_int32(field.integer) ? put_long(at, field.integer) : nullptr;
        case Kind::int64:
        case Kind::timestamp_micros:
        case Kind::local_timestamp_micros:
            return integer ? put_long(at, field.integer) : nullptr;
        case Kind::time_micros:
            if (!integer || field.integer < 0 || field.integer >= micros_per_day) return nullptr;
            return put_long(at, field.integer);
        case Kind::string:
        case Kind::uuid:
            return field.kind == FieldKind::text ? put_bytes(at, field.text) : nullptr;
        case Kind::bytes:
            return field.kind == FieldKind::bytes ? put_bytes(at, field.text) : nullptr;
        case Kind::boolean:
            if (field.kind != FieldKind::boolean) return nullptr;
            *at = static_cast<char>(field.integer != 0);
            return at + 1;
        case Kind::float32:
            if (!real || (std::isfinite(field.real) && std::fabs(field.real) > double{FLT_MAX}))
                return nullptr;
            return put_float(at, static_cast<float>(field.real));
        case Kind::float64:
            return real ? put_double(at, field.real) : nullptr;
        case Kind::decimal:
            return put_decimal(precision, scale, field, at);
        case Kind::array:
        case Kind::record:
            return field.kind == FieldKind::encoded ? put_encoded(field.text, at) : nullptr;
    }
    return nullptr;
}

RowEncoder::RowEncoder(std::span<const Column> columns) {
    steps_.reserve(columns.size());
    for (const Column &column : columns) {
        // Mirrors append_type() of the schema: null first, then the type, then string.
        const bool is_string = column.kind == Kind::string || column.kind == Kind::uuid;
        const bool with_text = column.text_branch && !is_string;
        Step step;
        step.kind = column.kind;
        step.nullable = !column.not_null;
        step.precision = column.precision;
        step.scale = column.scale;
        if (step.nullable || with_text) step.value_prefix = prefix_of_branch(step.nullable ? 1 : 0);
        if (with_text) step.text_prefix = prefix_of_branch(step.nullable ? 2 : 1);
        choose_way(step);
        steps_.push_back(step);
    }
    fixed_ = steps_.size() * max_fixed_field;
}

void RowEncoder::choose_way(Step &step) {
    const auto set = [&](Way way, Field::Kind usual) {
        step.way = way;
        step.usual = usual;
    };
    switch (step.kind) {
        case Kind::int32:
        case Kind::date:
            set(Way::narrow, Field::Kind::integer);
            break;
        case Kind::int64:
        case Kind::timestamp_micros:
        case Kind::local_timestamp_micros:
            set(Way::wide, Field::Kind::integer);
            break;
        case Kind::float64:
            set(Way::real, Field::Kind::real);
            break;
        case Kind::string:
        case Kind::uuid:
            set(Way::text, Field::Kind::text);
            break;
        case Kind::bytes:
            set(Way::text, Field::Kind::bytes);
            break;
        case Kind::decimal:
        case Kind::array:
        case Kind::record:
            set(Way::encoded, Field::Kind::encoded);
            break;
        default:
            break;
    }
    if (step.value_prefix == no_prefix) return;
    step.prefix_size = 1;
    step.prefix = step.value_prefix;
}

// Null when it does not go this way.
inline char *RowEncoder::put_usual(const Step &step, const Field &field, char *at, Buffer &out) const {
    if (step.way >= Way::text) at = make_room(field, at, out);
    // Where there is no union the byte is written over.
    *at = static_cast<char>(step.prefix);
    at += step.prefix_size;
    switch (step.way) {
        case Way::narrow:
            return fits_int32(field.integer) ? put_long(at, field.integer) : nullptr;
        case Way::wide:
            return put_long(at, field.integer);
        case Way::real:
            return put_double(at, field.real);
        case Way::text:
            return put_bytes(at, field.text);
        case Way::encoded:
            return put_encoded(field.text, at);
        case Way::none:
            break;
    }
    return nullptr;
}

int RowEncoder::encode(std::span<const Field> row, Buffer &out) const {
    const size_t start = out.size();
    char *at = out.reserve(fixed_);
    for (size_t i = 0; i < steps_.size(); ++i) {
        const Step &step = steps_[i];
        char *const start_of_field = at;
        if (row[i].kind == step.usual) [[likely]] {
            at = put_usual(step, row[i], at, out);
            if (at != nullptr) continue;
        }
        at = put_field(step, row[i], start_of_field, out);
        if (at == nullptr) {
            out.truncate(start);
            return static_cast<int>(i);
        }
    }
    out.commit(at);
    return -1;
}

char *RowEncoder::put_field(const Step &step, const Field &field, char *at, Buffer &out) const {
    if (field.kind == Field::Kind::null || field.kind == Field::Kind::absent) {
        if (!step.nullable) return nullptr;
        *at = 0;
        return at + 1;
    }
    if (carries_text(field)) at = make_room(field, at, out);
    if (step.text_prefix != no_prefix && field.kind == Field::Kind::text) {
        // A decimal may come as text and yet fit; only what does not goes to the string branch.
        if (step.kind == Kind::decimal) {
            *at = static_cast<char>(step.value_prefix);
            if (char *const end = put_decimal(step.precision, step.scale, field, at + 1); end != nullptr)
                return end;
        }
        *at = static_cast<char>(step.text_prefix);
        return put_bytes(at + 1, field.text);
    }
    if (step.value_prefix != no_prefix) *at++ = static_cast<char>(step.value_prefix);
    return put_value(step.kind, step.precision, step.scale, field, at);
}

// Room for the field's content and all that is of fixed size in the row.
inline char *RowEncoder::make_room(const Field &field, char *at, Buffer &out) const {
    const size_t needed = field.text.size() + fixed_;
    if (static_cast<size_t>(out.limit() - at) < needed) {
        out.commit(at);
        at = out.reserve(needed);
    }
    return at;
}

}  // namespace ferry::avro
