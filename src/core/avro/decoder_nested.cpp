// Implements the part of decoder.hpp that turns arrays, maps and records into text: of an array, composite or
// hstore where the target is one, else JSON. A view is compiled per place in the schema, because it depends
// on the target too.
#include <algorithm>

#include "core/avro/decoder.hpp"
#include "core/avro/literal.hpp"
#include "core/text.hpp"

namespace ferry::avro {
namespace {

// Memory that is kept from one nested value to the next.
constexpr size_t kept_bytes = size_t{1} << 20;

bool is_text(std::string_view bytes) noexcept {
    return bytes.find('\0') == bytes.npos && utf8_valid_prefix(bytes) == bytes.size();
}

Error mismatch(const std::string &field, std::string_view what) {
    return {
        Code::schema_mismatch, "field \"" + field + "\" of the Avro file " + std::string(what), {}, {}, 0};
}

}  // namespace

// ---- the plan ----

class RowDecoder::ViewMaker {
  public:
    ViewMaker(RowDecoder &decoder, const Schema &schema) : decoder_(decoder), schema_(schema) {}

    // The view's index; or -1, and the error is there. Without a target the value becomes JSON.
    int make(int node, const Column *target, const std::string &path) {
        const Plan &plan = decoder_.plan(node);
        View view;
        view.plan = node;
        view.json = target == nullptr;
        if (target != nullptr) {
            view.notation = target->notation;
            view.decimal_point = target->decimal_point;
        }
        bool made = true;
        switch (plan.op) {
            case Op::union_of:
                made = make_branches(view, target, path);
                break;
            case Op::array:
                made = make_array(view, target, path);
                break;
            case Op::map:
                made = make_map(view, target, path);
                break;
            case Op::record:
                made = make_record(view, target, path);
                break;
            default:
                if (target != nullptr && target->kind == Kind::decimal && plan.scale > target->scale &&
                    target->notation == Notation::money)
                    made = fail(path, "has more decimals than money has under this lc_monetary");
        }
        if (!made) return -1;
        decoder_.views_.push_back(std::move(view));
        return static_cast<int>(decoder_.views_.size() - 1);
    }

    Error error{};

  private:
    bool fail(const std::string &path, std::string_view what) {
        error = mismatch(path, what);
        return false;
    }

    // True when nested values of whatever kind become JSON there.
    static bool takes_json(const Column *target) noexcept {
        return target == nullptr || target->kind == Kind::string;
    }

    bool add_part(View &view, int node, const Column *target, const std::string &path,
                  std::string name = {}) {
        const int part = make(node, target, path);
        view.parts.push_back({part, node, std::move(name)});
        return part >= 0;
    }

    bool make_branches(View &view, const Column *target, const std::string &path) {
        return std::ranges::all_of(decoder_.plan(view.plan).children,
                                   [&](int branch) { return add_part(view, branch, target, path); });
    }

    bool make_array(View &view, const Column *target, const std::string &path) {
        const int item = schema_.at(view.plan).children[0];
        view.json = takes_json(target);
        if (view.json) return add_part(view, item, nullptr, path);
        if (target->kind != Kind::array) return refuse_nested(view, *target, path);
        view.delimiter = target->delimiter;
        // Arrays in arrays are dimensions, unless the items are arrays themselves, which takes a domain.
        const bool dimensions = is_array(item) && target->parts[0].kind != Kind::array;
        if (!add_part(view, item, dimensions ? target : target->parts.data(), path)) return false;
        if (dimensions) mark_dimension(view.parts[0].view);
        return true;
    }

    bool is_array(int node) const {
        const Plan &plan = decoder_.plan(node);
        return plan.op == Op::array ||
               (plan.op == Op::union_of &&
                std::ranges::any_of(plan.children, [this](int child) { return is_array(child); }));
    }

    void mark_dimension(int index) {
        View &view = decoder_.views_[static_cast<size_t>(index)];
        view.dimension = decoder_.plan(view.plan).op == Op::array;
        if (decoder_.plan(view.plan).op == Op::union_of)
            for (const View::Part &part : view.parts) mark_dimension(part.view);
    }

    bool make_map(View &view, const Column *target, const std::string &path) {
        static const Column text;  // what a value of hstore is
        const int value = schema_.at(view.plan).children[0];
        view.json = target == nullptr || target->notation != Notation::hstore;
        if (!view.json) return add_part(view, value, &text, path);
        if (!takes_json(target)) return refuse_nested(view, *target, path);
        return add_part(view, value, nullptr, path);
    }

    bool make_record(View &view, const Column *target, const std::string &path) {
        const std::vector<SchemaField> &fields = schema_.at(view.plan).fields;
        view.json = takes_json(target);
        if (!view.json && (target->kind != Kind::record || target->pg_type == interval_type))
            return refuse_nested(view, *target, path);
        if (!view.json) view.order.assign(target->parts.size(), -1);
        for (size_t i = 0; i < fields.size(); ++i) {
            const std::string &name = column_name(fields[i]);
            std::string where = path;
            where.append(".").append(name);
            const Column *part = view.json ? nullptr : take_part(view, *target, name, static_cast<int>(i));
            if (!view.json && part == nullptr) return fail(where, "has no place in the composite type");
            if (!add_part(view, fields[i].node, part, where, name)) return false;
        }
        bool in_order = true;
        for (size_t i = 0; i < view.order.size(); ++i)
            in_order = in_order && view.order[i] == static_cast<int>(i);
        if (in_order) view.order.clear();
        return true;
    }

    // The attribute of this name, exactly or but for case, that no field has taken yet.
    static const Column *take_part(View &view, const Column &target, const std::string &name, int field) {
        const auto find = [&](auto same) -> const Column * {
            for (size_t i = 0; i < target.parts.size(); ++i) {
                if (view.order[i] >= 0 || !same(target.parts[i].name)) continue;
                view.order[i] = field;
                return &target.parts[i];
            }
            return nullptr;
        };
        if (const Column *part = find([&](const std::string &other) { return other == name; })) return part;
        return find([&](const std::string &other) { return equal_ignoring_case(other, name); });
    }

    bool refuse_nested(const View &view, const Column &target, const std::string &path) {
        return fail(path, "holds values of type " + std::string(type_name(schema_.at(view.plan).type)) +
                              ", which type " + target.pg_type + " cannot take");
    }

    RowDecoder &decoder_;
    const Schema &schema_;
};

Result<RowDecoder> RowDecoder::compile(const Schema &schema, std::span<const int> mapping, size_t width,
                                       std::span<const Column> targets, const Limits &limits) {
    const Node &top = schema.top();
    if (top.type != Type::record)
        return Error{
            Code::unsupported,
            "rows of the Avro file are of type " + std::string(type_name(top.type)) + ", not records",
            {},
            {},
            0};
    RowDecoder made;
    made.max_empty_items_ = limits.empty_items;
    made.max_text_ = limits.text_bytes;
    for (const Node &node : schema.nodes) made.plans_.push_back(make_plan(schema, node));
    ViewMaker views(made, schema);
    std::vector<bool> taken(width, false);
    if (mapping.size() != top.fields.size() || (!targets.empty() && targets.size() != width))
        return Error{Code::internal, "mapping does not fit the schema", {}, {}, 0};
    for (size_t i = 0; i < mapping.size(); ++i) {
        const SchemaField &field = top.fields[i];
        const int target = mapping[i];
        Step step = made.make_step(schema, field.node, target);
        if (target >= 0) {
            const auto column = static_cast<size_t>(target);
            if (column >= width || taken[column])
                return Error{Code::internal, "mapping does not fit the target", {}, {}, 0};
            taken[column] = true;
            const Column *shape = targets.empty() ? nullptr : &targets[column];
            if (made.is_nested(step.plan) || (shape != nullptr && shape->notation == Notation::money)) {
                step.view = views.make(step.plan, shape, column_name(field));
                if (step.view < 0) return views.error;
            }
        }
        made.names_.push_back(field.name);
        made.steps_.push_back(step);
    }
    for (size_t i = 0; i < width; ++i)
        if (!taken[i]) made.unmapped_.push_back(static_cast<int>(i));
    return made;
}

// ---- rows ----

bool RowDecoder::read_nested(const Step &step, Cursor &cursor, Field &out) {
    // A scalar branch of a union beside nested ones stays what it is, for the type's own scanner.
    int index = step.plan;
    const View *view = &views_[static_cast<size_t>(step.view)];
    while (plan(index).op == Op::union_of) {
        int child;
        if (!read_branch(plan(index), cursor, child)) return false;
        const auto branches = std::span(plan(index).children);
        const auto at = static_cast<size_t>(std::ranges::find(branches, child) - branches.begin());
        view = &views_[static_cast<size_t>(view->parts[at].view)];
        index = child;
    }
    if (!is_nested(index) && view->decimal_point == '.')
        return read_value(plan(index).op, index, cursor, out);
    nested_.clear();
    const Cursor value = cursor;
    const Wrote wrote = write_view(static_cast<int>(view - views_.data()), cursor, nested_);
    if (wrote == Wrote::failed && not_text_) {
        out.kind = Field::Kind::bytes;
        out.text = *not_text_;
        out.token = {};
        not_text_.reset();
        cursor = value;
        return skip_value(index, cursor);
    }
    if (wrote == Wrote::failed) return false;
    if (wrote == Wrote::null) {
        out.kind = Field::Kind::null;
        return true;
    }
    out.text = keep(nested_);
    const bool json = view->json && is_nested(index);
    out.kind = json ? Field::Kind::json : Field::Kind::text;
    out.token = json ? out.text : std::string_view();
    if (nested_.capacity() > kept_bytes) nested_ = {};
    return true;
}

bool RowDecoder::is_too_long(const std::string &out, Cursor &cursor) {
    if (out.size() <= max_text_) return false;
    out_of_range_ = true;
    cursor.fail("value too long");
    return true;
}

// Appends the value: JSON as it stands in a document, everything else without the quotes that its place asks
// for. Nothing is appended for null.
RowDecoder::Wrote RowDecoder::write_view(int index, Cursor &cursor, std::string &out) {
    const View &view = views_[static_cast<size_t>(index)];
    switch (plan(view.plan).op) {
        case Op::null:
            return Wrote::null;
        case Op::union_of: {
            int64_t branch;
            const Cursor before = cursor;
            if (!cursor.read_long(branch)) return Wrote::failed;
            if (branch < 0 || static_cast<uint64_t>(branch) >= view.parts.size()) {
                cursor = before;
                cursor.fail("invalid union branch");
                return Wrote::failed;
            }
            return write_view(view.parts[static_cast<size_t>(branch)].view, cursor, out);
        }
        case Op::array:
            return write_array(view, cursor, out);
        case Op::map:
            return write_map(view, cursor, out);
        case Op::record:
            if (view.json) return write_json_object(view, cursor, out);
            return view.order.empty() ? write_in_order(view, cursor, out)
                                      : write_composite(view, cursor, out);
        default:
            return write_scalar(view, cursor, out);
    }
}

// Of an array of any form.
RowDecoder::Wrote RowDecoder::write_array(const View &view, Cursor &cursor, std::string &out) {
    const Plan &p = plan(view.plan);
    const int item = view.parts[0].view;
    out.push_back(view.json ? '[' : '{');
    bool first = true;
    for (Run run;;) {
        if (!read_run(p, cursor, run)) return Wrote::failed;
        if (run.count == 0) break;
        const size_t left = cursor.left();
        for (uint64_t i = 0; i < run.count; ++i) {
            if (!first) out.push_back(view.json ? ',' : view.delimiter);
            first = false;
            const size_t start = out.size();
            const Wrote wrote = write_view(item, cursor, out);
            if (wrote == Wrote::failed || is_too_long(out, cursor)) return Wrote::failed;
            if (wrote == Wrote::null) out += view.json ? "null" : "NULL";
            if (wrote == Wrote::text && !view.json) quote_item(out, start, view.delimiter);
        }
        if (run.sized && left - cursor.left() != run.size) {
            cursor.fail("invalid size of array items");
            return Wrote::failed;
        }
    }
    out.push_back(view.json ? ']' : '}');
    return view.dimension ? Wrote::dimension : Wrote::text;
}

// A composite with the attributes in the order of the fields.
RowDecoder::Wrote RowDecoder::write_in_order(const View &view, Cursor &cursor, std::string &out) {
    out.push_back('(');
    bool first = true;
    for (const View::Part &part : view.parts) {
        if (!first) out.push_back(',');
        first = false;
        const size_t start = out.size();
        const Wrote wrote = write_view(part.view, cursor, out);
        if (wrote == Wrote::failed || is_too_long(out, cursor)) return Wrote::failed;
        if (wrote != Wrote::null) quote_field(out, start);
    }
    out.push_back(')');
    return Wrote::text;
}

// The same in another order: first where each field stands, then one attribute after the other.
RowDecoder::Wrote RowDecoder::write_composite(const View &view, Cursor &cursor, std::string &out) {
    std::vector<Cursor> fields;
    fields.reserve(view.parts.size());
    for (const View::Part &part : view.parts) {
        fields.push_back(cursor);
        if (!skip_value(part.field, cursor)) return Wrote::failed;
    }
    out.push_back('(');
    for (size_t i = 0; i < view.order.size(); ++i) {
        if (i > 0) out.push_back(',');
        if (view.order[i] < 0) continue;
        const auto field = static_cast<size_t>(view.order[i]);
        const size_t start = out.size();
        const Wrote wrote = write_view(view.parts[field].view, fields[field], out);
        if (wrote == Wrote::failed || is_too_long(out, fields[field])) {
            cursor = fields[field];
            return Wrote::failed;
        }
        if (wrote != Wrote::null) quote_field(out, start);
    }
    out.push_back(')');
    return Wrote::text;
}

bool RowDecoder::write_json_part(int view, Cursor &cursor, std::string &out) {
    const Wrote wrote = write_view(view, cursor, out);
    if (wrote == Wrote::null) out += "null";
    return wrote != Wrote::failed && !is_too_long(out, cursor);
}

RowDecoder::Wrote RowDecoder::write_json_object(const View &view, Cursor &cursor, std::string &out) {
    out.push_back('{');
    bool first = true;
    for (const View::Part &part : view.parts) {
        if (!first) out.push_back(',');
        first = false;
        append_json_string(out, part.name);
        out.push_back(':');
        if (!write_json_part(part.view, cursor, out)) return Wrote::failed;
    }
    out.push_back('}');
    return Wrote::text;
}

// As JSON or as hstore has it.
RowDecoder::Wrote RowDecoder::write_map(const View &view, Cursor &cursor, std::string &out) {
    const Plan &p = plan(view.plan);
    if (view.json) out.push_back('{');
    bool first = true;
    for (Run run;;) {
        if (!read_run(p, cursor, run)) return Wrote::failed;
        if (run.count == 0) break;
        const size_t left = cursor.left();
        for (uint64_t i = 0; i < run.count; ++i) {
            if (!first) out.push_back(',');
            first = false;
            if (!write_key(view, cursor, out)) return Wrote::failed;
            const int value = view.parts[0].view;
            if (!(view.json ? write_json_part(value, cursor, out) : write_pair_value(value, cursor, out)))
                return Wrote::failed;
        }
        if (run.sized && left - cursor.left() != run.size) {
            cursor.fail("invalid size of map items");
            return Wrote::failed;
        }
    }
    if (view.json) out.push_back('}');
    return Wrote::text;
}

bool RowDecoder::write_key(const View &view, Cursor &cursor, std::string &out) {
    std::string_view key;
    if (!cursor.read_bytes(key)) return false;
    if (utf8_valid_prefix(key) != key.size()) {
        cursor.fail("invalid UTF-8");
        return false;
    }
    if (view.json) {
        append_json_string(out, key);
        out.push_back(':');
        return true;
    }
    const size_t start = out.size();
    out += key;
    quote_text(out, start);
    out += "=>";
    return true;
}

bool RowDecoder::write_pair_value(int view, Cursor &cursor, std::string &out) {
    const size_t start = out.size();
    const Wrote wrote = write_view(view, cursor, out);
    if (wrote == Wrote::null) out += "NULL";
    if (wrote == Wrote::text) quote_text(out, start);
    return wrote != Wrote::failed && !is_too_long(out, cursor);
}

// ---- scalars inside nested values ----

RowDecoder::Wrote RowDecoder::write_scalar(const View &view, Cursor &cursor, std::string &out) {
    const Plan &p = plan(view.plan);
    Field value;
    switch (p.op) {
        case Op::int32:
        case Op::int64:
        case Op::millis32:
        case Op::millis64:
            return write_integer(view, cursor, out) ? Wrote::text : Wrote::failed;
        case Op::bytes:
        case Op::fixed:
            if (!read_value(p.op, view.plan, cursor, value)) return Wrote::failed;
            return write_bytes(view, value.text, cursor, out);
        case Op::decimal:
        case Op::decimal_fixed:
            if (!make_text(p, cursor)) return Wrote::failed;
            if (const size_t point = scratch_.find('.'); point != std::string::npos)
                scratch_[point] = view.decimal_point;
            out += scratch_;
            return Wrote::text;
        case Op::uuid_fixed:
        case Op::duration:
        case Op::interval:
            if (!make_text(p, cursor)) return Wrote::failed;
            value.text = scratch_;
            break;
        case Op::float32:
        case Op::float64: {
            if (!read_real(p.op, cursor, value)) return Wrote::failed;
            // JSON has no words for these.
            const bool quoted = view.json && !(value.real - value.real == 0);
            if (quoted) out.push_back('"');
            if (p.op == Op::float32)
                append_real(out, static_cast<float>(value.real));
            else
                append_real(out, value.real);
            if (quoted) out.push_back('"');
            return Wrote::text;
        }
        case Op::boolean:
            if (!read_value(p.op, view.plan, cursor, value)) return Wrote::failed;
            out += value.integer != 0 ? "true" : "false";
            return Wrote::text;
        default:
            if (!read_value(p.op, view.plan, cursor, value)) return Wrote::failed;
            break;
    }
    if (view.json)
        append_json_string(out, value.text);
    else
        out += value.text;
    return Wrote::text;
}

// Whole numbers, dates and times. A time without zone is given UTC's where it goes to a column, as outside of
// nested values; types without zone take no notice.
bool RowDecoder::write_integer(const View &view, Cursor &cursor, std::string &out) {
    const Plan &p = plan(view.plan);
    Field value;
    if (!read_value(p.op, view.plan, cursor, value)) return false;
    const bool dated =
        p.logical != Logical::none && p.logical != Logical::decimal && p.logical != Logical::uuid;
    const bool quoted = view.json && dated;
    if (quoted) out.push_back('"');
    switch (p.logical) {
        case Logical::date:
            append_date(out, value.integer);
            break;
        case Logical::time_millis:
        case Logical::time_micros:
            append_time(out, value.integer);
            break;
        case Logical::timestamp_millis:
        case Logical::timestamp_micros:
            append_timestamp(out, value.integer, view.json ? 'T' : ' ', "+00:00");
            break;
        case Logical::local_timestamp_millis:
        case Logical::local_timestamp_micros:
            append_timestamp(out, value.integer, view.json ? 'T' : ' ', view.json ? "" : "+00:00");
            break;
        default:
            append_number(out, value.integer);
    }
    if (quoted) out.push_back('"');
    return true;
}

RowDecoder::Wrote RowDecoder::write_bytes(const View &view, std::string_view bytes, Cursor &cursor,
                                          std::string &out) {
    if (view.json) {
        scratch_.clear();
        append_hex(scratch_, bytes);
        append_json_string(out, scratch_);
    } else if (view.notation == Notation::hex) {
        append_hex(out, bytes);
    } else if (view.notation == Notation::bytes) {
        // PostgreSQL writes the byte zero as nothing.
        if (bytes != std::string_view("\0", 1)) out += bytes;
    } else if (is_text(bytes)) {
        out += bytes;
    } else {
        not_text_ = bytes;
        cursor.fail("bytes are not text");
        return Wrote::failed;
    }
    return Wrote::text;
}

}  // namespace ferry::avro
