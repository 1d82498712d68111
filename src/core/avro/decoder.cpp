// Implements decoder.hpp but for nested values (decoder_nested.cpp). Projected fields go through a flat list
// of steps in which the common union of null and one type costs one comparison; skipped fields walk the
// schema's plans, which are bounded in depth.
#include "core/avro/decoder.hpp"

#include <algorithm>
#include <cstring>

#include "core/avro/decimal.hpp"
#include "core/avro/literal.hpp"
#include "core/text.hpp"

namespace ferry::avro {
namespace {

// A numeric of the server has up to 131,072 digits before the point; its decimal form is read in quadratic
// time, so it ends here: 4,900 digits.
constexpr size_t max_decimal_input = 2048;

constexpr size_t chunk_bytes = size_t{64} << 10;

bool set_null(Field &out) noexcept {
    out.kind = Field::Kind::null;
    return true;
}

void set_integer(Field &out, int64_t value) noexcept {
    out.kind = Field::Kind::integer;
    out.integer = value;
}

void set_text(Field &out, Field::Kind kind, std::string_view text) noexcept {
    out.kind = kind;
    out.text = text;
    out.token = {};
}

bool read_boolean(Cursor &cursor, Field &out) noexcept {
    uint8_t byte;
    if (!cursor.read_byte(byte)) return false;
    if (byte > 1) {
        cursor.step_back();
        return cursor.fail("invalid boolean");
    }
    out.kind = Field::Kind::boolean;
    out.integer = byte;
    return true;
}

bool read_string(Cursor &cursor, Field &out) noexcept {
    std::string_view text;
    if (!cursor.read_bytes(text)) return false;
    set_text(out, Field::Kind::text, text);
    return utf8_valid_prefix(text) == text.size() || cursor.fail("invalid UTF-8");
}

// A big-endian two's complement number of at most eight bytes.
int64_t read_unscaled(std::string_view bytes) noexcept {
    uint64_t value = !bytes.empty() && (static_cast<uint8_t>(bytes[0]) & 0x80U) != 0 ? ~uint64_t{0} : 0;
    for (const char byte : bytes) value = value << 8U | static_cast<uint8_t>(byte);
    return static_cast<int64_t>(value);
}

// 16 bytes as 8-4-4-4-12 hexadecimal digits.
void format_uuid(std::string_view bytes, std::string &out) {
    static constexpr char digits[] = "0123456789abcdef";
    out.clear();
    for (size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
        const auto byte = static_cast<unsigned char>(bytes[i]);
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15U]);
    }
}

// Months, days and milliseconds, each an unsigned little-endian word (specification, "Duration").
void format_duration(std::string_view bytes, std::string &out) {
    uint32_t words[3];
    std::memcpy(words, bytes.data(), sizeof words);
    for (uint32_t &word : words) word = to_little(word);
    const std::string millis = std::to_string(words[2] % 1000);
    out = std::to_string(words[0]) + " mons " + std::to_string(words[1]) + " days " +
          std::to_string(words[2] / 1000) + "." + std::string(3 - millis.size(), '0') + millis + " secs";
}

}  // namespace

// ---- the plan ----

RowDecoder::Op RowDecoder::choose_op(const Node &node) noexcept {
    switch (node.type) {
        case Type::null:
            return Op::null;
        case Type::boolean:
            return Op::boolean;
        case Type::int32:
            return node.logical == Logical::time_millis ? Op::millis32 : Op::int32;
        case Type::int64: {
            const bool millis =
                node.logical == Logical::timestamp_millis || node.logical == Logical::local_timestamp_millis;
            return millis ? Op::millis64 : Op::int64;
        }
        case Type::float32:
            return Op::float32;
        case Type::float64:
            return Op::float64;
        case Type::bytes:
            return node.logical == Logical::decimal ? Op::decimal : Op::bytes;
        case Type::string:
            return Op::string;
        case Type::enumeration:
            return Op::enumeration;
        case Type::fixed:
            if (node.logical == Logical::decimal) return Op::decimal_fixed;
            if (node.logical == Logical::uuid) return Op::uuid_fixed;
            return node.logical == Logical::duration ? Op::duration : Op::fixed;
        case Type::union_of:
            return Op::union_of;
        case Type::array:
            return Op::array;
        case Type::map:
            return Op::map;
        case Type::record:
            return Op::record;
    }
    return Op::null;
}

bool RowDecoder::is_interval(const Schema &schema, const Node &node) {
    const auto own = node.properties.find("pg.type");
    if (own == node.properties.end() || own->second != interval_type || node.fields.size() != 3) return false;
    const auto is = [&](size_t i, std::string_view name, Type type) {
        return node.fields[i].name == name && schema.at(node.fields[i].node).type == type;
    };
    return is(0, "months", Type::int32) && is(1, "days", Type::int32) && is(2, "micros", Type::int64);
}

RowDecoder::Plan RowDecoder::make_plan(const Schema &schema, const Node &node) {
    Plan plan;
    plan.op = node.type == Type::record && is_interval(schema, node) ? Op::interval : choose_op(node);
    plan.logical = node.logical;
    plan.empty = node.min_bytes == 0;
    plan.size = static_cast<size_t>(node.size);
    plan.scale = node.scale;
    plan.symbols = node.symbols;
    plan.children = node.children;
    // Without its empty fields a record costs time only for bytes that are there.
    for (const SchemaField &field : node.fields)
        if (schema.at(field.node).min_bytes > 0) plan.children.push_back(field.node);
    if (plan.op == Op::array) plan.min_bytes = schema.at(node.children[0]).min_bytes;
    if (plan.op == Op::map) plan.min_bytes = 1 + schema.at(node.children[0]).min_bytes;
    return plan;
}

bool RowDecoder::is_nested(int index) const {
    const Plan &p = plan(index);
    if (p.op == Op::array || p.op == Op::map || p.op == Op::record) return true;
    return p.op == Op::union_of &&
           std::any_of(p.children.begin(), p.children.end(), [this](int child) { return is_nested(child); });
}

RowDecoder::Step RowDecoder::make_step(const Schema &schema, int node, int target) const {
    Step step{plan(node).op, -1, target, node, -1};
    const std::vector<int> &branches = schema.at(node).children;
    if (step.op != Op::union_of || branches.size() != 2) return step;
    for (size_t i = 0; i < 2; ++i) {
        const int other = branches[1 - i];
        if (schema.at(branches[i]).type != Type::null) continue;
        step.null_branch = static_cast<int8_t>(i);
        step.op = plan(other).op;
        step.plan = other;
    }
    return step;
}

// ---- rows ----

Status RowDecoder::decode(Cursor &cursor, std::span<Field> out) {
    for (const int column : unmapped_) out[static_cast<size_t>(column)].kind = Field::Kind::absent;
    const size_t count = steps_.size();
    for (size_t i = 0; i < count; ++i)
        if (!read_step(steps_[i], cursor, out)) [[unlikely]]
            return take_error(i, cursor);
    return Done{};
}

Status RowDecoder::decode_as_written(Cursor &cursor, std::span<Field> out) {
    for (size_t i = 0; i < steps_.size(); ++i)
        if (!read_as_written(steps_[i], cursor, out[static_cast<size_t>(steps_[i].target)]))
            return take_error(i, cursor);
    return Done{};
}

Status RowDecoder::check_end(const Cursor &cursor) {
    if (cursor.at_end()) return Done{};
    return Error{Code::corrupt_file, "extra bytes after the last row of a block", {}, {}, cursor.offset()};
}

Error RowDecoder::take_error(size_t step, const Cursor &cursor) {
    const Code code = out_of_range_ ? Code::out_of_range : Code::corrupt_file;
    out_of_range_ = false;
    return {
        code, std::string(cursor.fault()) + " in field \"" + names_[step] + "\"", {}, {}, cursor.offset()};
}

// Of a union of null and one type: which of them comes.
inline bool RowDecoder::read_null(const Step &step, Cursor &cursor, bool &null) const {
    uint8_t branch;
    if (!cursor.read_byte(branch)) return false;
    // Two branches: the only legal bytes are 0 and 2.
    if (branch != 0 && branch != 2) [[unlikely]] {
        cursor.step_back();
        return cursor.fail("invalid union branch");
    }
    null = branch == 2 * step.null_branch;
    return true;
}

inline bool RowDecoder::read_step(const Step &step, Cursor &cursor, std::span<Field> out) {
    if (step.null_branch >= 0) {
        bool null;
        if (!read_null(step, cursor, null)) return false;
        if (null) return step.target < 0 || set_null(out[static_cast<size_t>(step.target)]);
    }
    if (step.target < 0) return skip_value(step.plan, cursor);
    if (step.view >= 0) return read_nested(step, cursor, out[static_cast<size_t>(step.target)]);
    return read_value(step.op, step.plan, cursor, out[static_cast<size_t>(step.target)]);
}

bool RowDecoder::read_as_written(const Step &step, Cursor &cursor, Field &out) {
    bool null = false;
    if (step.null_branch >= 0 && !read_null(step, cursor, null)) return false;
    if (null) return set_null(out);
    int index = step.plan;
    while (plan(index).op == Op::union_of)
        if (!read_branch(plan(index), cursor, index)) return false;
    const Op op = plan(index).op;
    const bool nested = op == Op::interval || op == Op::array || op == Op::map || op == Op::record;
    if (!nested && op != Op::decimal) return read_value(op, index, cursor, out);
    Cursor value = cursor;
    if (!skip_value(index, cursor)) return false;
    std::string_view bytes;
    value.read_fixed(static_cast<size_t>(cursor.offset() - value.offset()), bytes);
    set_text(out, Field::Kind::encoded, bytes);
    if (nested) return true;
    // The first byte is the length of so short a number.
    const std::string_view digits = bytes.substr(1);
    if (digits.size() <= sizeof(int64_t)) set_integer(out, read_unscaled(digits));
    return true;
}

bool RowDecoder::read_value(Op op, int index, Cursor &cursor, Field &out) {
    switch (op) {
        case Op::null:
            return set_null(out);
        case Op::boolean:
            return read_boolean(cursor, out);
        case Op::int32:
        case Op::int64:
        case Op::millis32:
        case Op::millis64:
            return read_integer(op, cursor, out);
        case Op::float32:
        case Op::float64:
            return read_real(op, cursor, out);
        case Op::string:
            return read_string(cursor, out);
        case Op::bytes:
        case Op::fixed: {
            std::string_view bytes;
            const bool read =
                op == Op::bytes ? cursor.read_bytes(bytes) : cursor.read_fixed(plan(index).size, bytes);
            set_text(out, Field::Kind::bytes, bytes);
            return read;
        }
        case Op::enumeration:
            return read_enum(plan(index), cursor, out);
        case Op::union_of: {
            int child;
            if (!read_branch(plan(index), cursor, child)) return false;
            return read_value(plan(child).op, child, cursor, out);
        }
        case Op::decimal:
        case Op::decimal_fixed:
        case Op::uuid_fixed:
        case Op::duration:
        case Op::interval:
            return read_made_text(plan(index), cursor, out);
        case Op::array:
        case Op::map:
        case Op::record:
            break;
    }
    return cursor.fail("nested value");
}

bool RowDecoder::read_real(Op op, Cursor &cursor, Field &out) {
    out.kind = Field::Kind::real;
    if (op == Op::float64) return cursor.read_double(out.real);
    float narrow;
    if (!cursor.read_float(narrow)) return false;
    out.real = double{narrow};
    return true;
}

inline bool RowDecoder::read_integer(Op op, Cursor &cursor, Field &out) {
    const Cursor before = cursor;
    int64_t value;
    if (op == Op::int32 || op == Op::millis32) {
        int32_t narrow;
        if (!cursor.read_int(narrow)) return false;
        value = narrow;
    } else if (!cursor.read_long(value)) {
        return false;
    }
    if (op == Op::millis32 || op == Op::millis64) {
        if (value > INT64_MAX / 1000 || value < INT64_MIN / 1000) {
            cursor = before;
            out_of_range_ = true;
            return cursor.fail("timestamp out of range");
        }
        value *= 1000;
    }
    set_integer(out, value);
    return true;
}

bool RowDecoder::read_enum(const Plan &plan, Cursor &cursor, Field &out) {
    const Cursor before = cursor;
    int32_t index;
    if (!cursor.read_int(index)) return false;
    if (index < 0 || static_cast<size_t>(index) >= plan.symbols.size()) {
        cursor = before;
        return cursor.fail("invalid enum index");
    }
    set_text(out, Field::Kind::text, plan.symbols[static_cast<size_t>(index)]);
    return true;
}

bool RowDecoder::read_made_text(const Plan &plan, Cursor &cursor, Field &out) {
    if (!make_text(plan, cursor)) return false;
    set_text(out, Field::Kind::text, keep(scratch_));
    return true;
}

// Reads a value that becomes text, into scratch_.
bool RowDecoder::make_text(const Plan &plan, Cursor &cursor) {
    const Cursor before = cursor;
    if (plan.op == Op::interval) {
        int32_t months, days;
        int64_t micros;
        if (!cursor.read_int(months) || !cursor.read_int(days) || !cursor.read_long(micros)) return false;
        scratch_.clear();
        append_interval(scratch_, months, days, micros);
        return true;
    }
    std::string_view bytes;
    if (!(plan.op == Op::decimal ? cursor.read_bytes(bytes) : cursor.read_fixed(plan.size, bytes)))
        return false;
    if (plan.op == Op::uuid_fixed) {
        format_uuid(bytes, scratch_);
    } else if (plan.op == Op::duration) {
        format_duration(bytes, scratch_);
    } else {
        if (bytes.size() > max_decimal_input) {
            cursor = before;
            out_of_range_ = true;
            return cursor.fail("decimal out of range");
        }
        format_decimal(bytes, plan.scale, scratch_);
    }
    return true;
}

bool RowDecoder::read_branch(const Plan &plan, Cursor &cursor, int &child) const {
    const Cursor before = cursor;
    int64_t branch;
    if (!cursor.read_long(branch)) return false;
    if (branch < 0 || static_cast<uint64_t>(branch) >= plan.children.size()) {
        cursor = before;
        return cursor.fail("invalid union branch");
    }
    child = plan.children[static_cast<size_t>(branch)];
    return true;
}

// ---- skipping ----

bool RowDecoder::skip_value(int index, Cursor &cursor) const {
    const Plan &p = plan(index);
    std::string_view ignored;
    int64_t number;
    int child;
    switch (p.op) {
        case Op::null:
            return true;
        case Op::boolean:
            return cursor.skip(1);
        case Op::int32:
        case Op::int64:
        case Op::millis32:
        case Op::millis64:
        case Op::enumeration:
            return cursor.read_long(number);
        case Op::float32:
            return cursor.skip(4);
        case Op::float64:
            return cursor.skip(8);
        case Op::bytes:
        case Op::string:
        case Op::decimal:
            return cursor.read_bytes(ignored);
        case Op::fixed:
        case Op::decimal_fixed:
        case Op::uuid_fixed:
        case Op::duration:
            return cursor.skip(p.size);
        case Op::union_of:
            return read_branch(p, cursor, child) && skip_value(child, cursor);
        case Op::array:
        case Op::map:
            return skip_items(p, cursor);
        case Op::interval:
        case Op::record:
            for (const int field : p.children)
                if (!skip_value(field, cursor)) return false;
            return true;
    }
    return cursor.fail("unknown type");
}

// Arrays and maps come in runs, each with a count; a negative count is followed by the run's size in bytes
// (specification, "Arrays" and "Maps"). Counts are held against the bytes left, and for items without bytes
// against a limit.
bool RowDecoder::read_run(const Plan &p, Cursor &cursor, Run &run) const {
    const Cursor before = cursor;
    const auto refuse = [&] {
        cursor = before;
        return cursor.fail("invalid item count");
    };
    int64_t signed_count;
    if (!cursor.read_long(signed_count)) return false;
    run.sized = signed_count < 0;
    // Zero minus the count, without overflow for the smallest one.
    run.count = run.sized ? ~static_cast<uint64_t>(signed_count) + 1 : static_cast<uint64_t>(signed_count);
    run.size = cursor.left();
    if (run.sized) {
        int64_t given;
        if (!cursor.read_long(given)) return false;
        if (given < 0 || static_cast<uint64_t>(given) > cursor.left()) return refuse();
        run.size = static_cast<uint64_t>(given);
    }
    if (p.min_bytes > 0 && run.count > run.size / p.min_bytes) return refuse();
    if (p.min_bytes > 0) return true;
    if (run.count > max_empty_items_ || (run.empty_items += run.count) > max_empty_items_) return refuse();
    return !run.sized || run.size == 0 || refuse();
}

bool RowDecoder::skip_items(const Plan &p, Cursor &cursor) const {
    const int item = p.children[0];
    for (Run run;;) {
        if (!read_run(p, cursor, run)) return false;
        if (run.count == 0) return true;
        if (run.sized) {
            cursor.skip(static_cast<size_t>(run.size));
            continue;
        }
        if (p.min_bytes == 0) continue;
        for (uint64_t i = 0; i < run.count; ++i) {
            std::string_view key;
            if (p.op == Op::map && !cursor.read_bytes(key)) return false;
            if (!plan(item).empty && !skip_value(item, cursor)) return false;
        }
    }
}

// ---- text that the block does not hold ----

std::string_view RowDecoder::keep(std::string_view text) {
    if (chunks_.empty() || chunk_size_ - chunk_used_ < text.size()) {
        chunk_size_ = std::max(chunk_bytes, text.size());
        chunks_.emplace_back(new char[chunk_size_]);
        chunk_used_ = 0;
    }
    char *const to = chunks_.back().get() + chunk_used_;
    std::memcpy(to, text.data(), text.size());
    chunk_used_ += text.size();
    made_ += text.size();
    return {to, text.size()};
}

void RowDecoder::release() noexcept {
    // The last chunk stays for the next rows.
    if (chunks_.size() > 1) {
        std::swap(chunks_.front(), chunks_.back());
        chunks_.resize(1);
    }
    chunk_used_ = 0;
    made_ = 0;
}

}  // namespace ferry::avro
