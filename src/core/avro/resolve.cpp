// Implements resolve.hpp: a table of what values there are against what columns there are, asked for every
// branch of a union.
#include "core/avro/resolve.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "core/text.hpp"

namespace ferry::avro {
namespace {

// The kinds of values that a field may hold.
enum class Source : uint8_t {
    nothing,
    boolean,
    integer,
    real,
    text,
    bytes,
    symbol,
    decimal,
    uuid,
    date,
    time,
    instant,
    local,
    span,
    nested,
};

// The kinds of columns.
enum class Taker : uint8_t {
    boolean,
    integer,
    number,  // others, and names that may be numbers
    money,
    text,
    bytea,
    character,  // "char"
    uuid,
    date,
    time,
    timestamptz,
    timestamp,
    interval,
    enumeration,
    json,
    literal,  // types of the server that know nothing but their own text
    other,    // types of extensions and users: only their input functions know
    nested,
};

constexpr std::string_view with_zone = "timestamp with time zone";
constexpr std::string_view without_zone = "timestamp without time zone";

std::string_view logical_name(Logical logical) noexcept {
    static constexpr std::array<std::string_view, 11> names{"",
                                                            "decimal",
                                                            "uuid",
                                                            "date",
                                                            "time-millis",
                                                            "time-micros",
                                                            "timestamp-millis",
                                                            "timestamp-micros",
                                                            "local-timestamp-millis",
                                                            "local-timestamp-micros",
                                                            "duration"};
    return names[static_cast<size_t>(logical)];
}

std::string column_name(const Node &node) {
    std::string name(type_name(node.type));
    if (node.logical != Logical::none) name.append(" (").append(logical_name(node.logical)).append(")");
    return name;
}

// `pg_type` is what the column was that the field was written from, or "".
Source source_of(const Node &node, std::string_view pg_type) noexcept {
    switch (node.logical) {
        case Logical::decimal:
            return Source::decimal;
        case Logical::uuid:
            return node.type == Type::fixed ? Source::uuid : Source::text;
        case Logical::date:
            return Source::date;
        case Logical::time_millis:
        case Logical::time_micros:
            return Source::time;
        case Logical::timestamp_millis:
        case Logical::timestamp_micros:
            return pg_type == without_zone ? Source::local : Source::instant;
        case Logical::local_timestamp_millis:
        case Logical::local_timestamp_micros:
            return pg_type == with_zone ? Source::instant : Source::local;
        case Logical::duration:
            return Source::span;
        case Logical::none:
            break;
    }
    switch (node.type) {
        case Type::boolean:
            return Source::boolean;
        case Type::int32:
        case Type::int64:
            return Source::integer;
        case Type::float32:
        case Type::float64:
            return Source::real;
        case Type::string:
            return Source::text;
        case Type::bytes:
        case Type::fixed:
            return Source::bytes;
        case Type::enumeration:
            return Source::symbol;
        case Type::record:
            return property(node.properties, "pg.type") == interval_type ? Source::span : Source::nested;
        case Type::array:
        case Type::map:
            return Source::nested;
        default:
            return Source::nothing;
    }
}

Taker taker_of_text(const Column &column) noexcept {
    constexpr std::string_view catalog = "pg_catalog.";
    const std::string_view type = column.pg_type;
    if (!column.labels.empty()) return Taker::enumeration;
    if (column.notation == Notation::json) return Taker::json;
    if (type == "numeric") return Taker::number;
    if (type == "character varying" || type == "character") return Taker::text;
    if (type == "bit" || type == "bit varying" || type == "time with time zone") return Taker::literal;
    if (!type.starts_with(catalog)) return Taker::other;
    const std::string_view name = type.substr(catalog.size());
    if (name == "text" || name == "name") return Taker::text;
    return name.starts_with("reg") || name == "xid8" ? Taker::number : Taker::literal;
}

Taker taker_of(const Column &column) noexcept {
    switch (column.kind) {
        case Kind::boolean:
            return Taker::boolean;
        case Kind::int32:
        case Kind::int64:
            return Taker::integer;
        case Kind::float32:
        case Kind::float64:
            return Taker::number;
        case Kind::decimal:
            return column.notation == Notation::money ? Taker::money : Taker::number;
        case Kind::bytes:
            return column.notation == Notation::bytes ? Taker::character : Taker::bytea;
        case Kind::uuid:
            return Taker::uuid;
        case Kind::date:
            return Taker::date;
        case Kind::time_micros:
            return Taker::time;
        case Kind::timestamp_micros:
            return Taker::timestamptz;
        case Kind::local_timestamp_micros:
            return Taker::timestamp;
        case Kind::record:
            return column.pg_type == interval_type ? Taker::interval : Taker::nested;
        case Kind::array:
            return Taker::nested;
        case Kind::string:
            return taker_of_text(column);
    }
    return Taker::other;
}

template <typename... Kinds>
bool is_one_of(Taker taker, Kinds... kinds) noexcept {
    return ((taker == kinds) || ...);
}

// Values that are text already go wherever there is an input function.
Resolution resolve_text(Taker taker) noexcept {
    if (taker == Taker::bytea) return {NumberChange::none, TextChange::to_bytes};
    if (taker == Taker::timestamptz) return {NumberChange::none, TextChange::to_instant};
    if (taker == Taker::timestamp) return {NumberChange::none, TextChange::to_local};
    return {};
}

// Text and types whose input functions nobody knows take everything, as text.
bool takes_all(Taker taker) noexcept {
    return is_one_of(taker, Taker::text, Taker::other);
}

// nullopt where a column cannot take the values.
std::optional<Resolution> resolve(Source source, Taker taker) noexcept {
    const auto when = [](bool taken) {
        return taken ? std::optional<Resolution>(Resolution{}) : std::nullopt;
    };
    const auto number = [](NumberChange change) { return Resolution{change, TextChange::none}; };
    switch (source) {
        case Source::nothing:
        case Source::nested:
            return Resolution{};
        case Source::text:
            return resolve_text(taker);
        case Source::bytes:
            return taker == Taker::bytea ? Resolution{} : resolve_text(taker);
        case Source::boolean:
            return when(takes_all(taker) || is_one_of(taker, Taker::boolean, Taker::json));
        case Source::integer:
            return when(takes_all(taker) || is_one_of(taker, Taker::integer, Taker::number, Taker::money,
                                                      Taker::boolean, Taker::json));
        case Source::real:
            return when(takes_all(taker) || is_one_of(taker, Taker::integer, Taker::number, Taker::json));
        case Source::decimal:
            if (taker == Taker::integer) return Resolution{NumberChange::none, TextChange::to_integer};
            return when(takes_all(taker) || is_one_of(taker, Taker::number, Taker::money, Taker::json));
        case Source::symbol:
            return when(takes_all(taker) ||
                        is_one_of(taker, Taker::enumeration, Taker::character, Taker::boolean));
        case Source::uuid:
            return when(takes_all(taker) || taker == Taker::uuid);
        case Source::span:
            return when(takes_all(taker) || taker == Taker::interval);
        case Source::date:
            if (taker == Taker::date) return Resolution{};
            if (taker == Taker::timestamp) return number(NumberChange::days_to_local);
            if (taker == Taker::timestamptz) return number(NumberChange::days_to_instant);
            if (takes_all(taker)) return number(NumberChange::days_to_text);
            return std::nullopt;
        case Source::time:
            if (taker == Taker::time) return Resolution{};
            if (takes_all(taker)) return number(NumberChange::time_to_text);
            return std::nullopt;
        case Source::instant:
            if (taker == Taker::timestamptz) return Resolution{};
            if (taker == Taker::timestamp) return number(NumberChange::instant_to_local);
            if (takes_all(taker)) return number(NumberChange::instant_to_text);
            return std::nullopt;
        case Source::local:
            if (taker == Taker::timestamp) return Resolution{};
            if (taker == Taker::timestamptz) return number(NumberChange::local_to_instant);
            if (takes_all(taker)) return number(NumberChange::local_to_text);
            return std::nullopt;
    }
    return std::nullopt;
}

bool is_number(Source source) noexcept {
    return source == Source::integer || source == Source::date || source == Source::time ||
           source == Source::instant || source == Source::local;
}

std::string plain_type_name(const Column &column) {
    const std::string_view type = column.pg_type;
    constexpr std::string_view catalog = "pg_catalog.";
    return std::string(type.starts_with(catalog) ? type.substr(catalog.size()) : type);
}

Error refuse(const std::string &path, std::string_view what, const Column &target,
             std::string_view hint = {}) {
    return {Code::schema_mismatch,
            "field \"" + path + "\" of the Avro file holds " + std::string(what) + ", which type " +
                plain_type_name(target) + " cannot take",
            {},
            std::string(hint),
            0};
}

class Resolver {
  public:
    Resolver(const Schema &schema, bool has_time_zone) : schema_(schema), has_time_zone_(has_time_zone) {}

    // Values that stand in a column of their own.
    Result<Resolution> resolve_top(const SchemaField &field, const Column &target) {
        const std::string_view own = property(field.properties, "pg.type");
        Resolution all;
        std::optional<NumberChange> numbers;
        for (const int branch : branches_of(field.node)) {
            const Node &node = schema_.at(branch);
            const Source source = source_of(node, own);
            if (source == Source::nested) {
                if (Status inside = look_inside(branch, target, column_name(field)); !inside)
                    return inside.error();
                continue;
            }
            const std::optional<Resolution> one = resolve(source, taker_of(target));
            if (!one) return refuse(column_name(field), "values of type " + column_name(node), target);
            if (needs_time_zone(one->numbers) && !has_time_zone_)
                return tell_zone(column_name(field), one->numbers, target);
            if (is_number(source)) {
                if (numbers && *numbers != one->numbers)
                    return refuse(column_name(field), "numbers of several meanings", target);
                numbers = one->numbers;
            }
            if (one->texts != TextChange::none) all.texts = one->texts;
        }
        all.numbers = numbers.value_or(NumberChange::none);
        // Our own text has a zone where pg.type says so; any other text of ours is as the user wrote it.
        const bool of_zones = all.texts == TextChange::to_instant || all.texts == TextChange::to_local;
        const bool other_zones = (own == with_zone && all.texts == TextChange::to_local) ||
                                 (own == without_zone && all.texts == TextChange::to_instant);
        if (of_zones && !own.empty() && !other_zones) all.texts = TextChange::none;
        return all;
    }

  private:
    std::span<const int> branches_of(const int &node) const {
        const Node &type = schema_.at(node);
        return type.type == Type::union_of ? std::span<const int>(type.children) : std::span(&node, 1);
    }

    // Parts of arrays and records go through text, in which numbers have told what they are; but nothing can
    // be moved from one zone to another there.
    Status look_inside(int index, const Column &target, const std::string &path) {
        const Node &node = schema_.at(index);
        if (node.type == Type::array && target.kind == Kind::array) {
            const bool dimension = holds_arrays(node.children[0]) && target.parts[0].kind != Kind::array;
            return resolve_part(node.children[0], {}, dimension ? target : target.parts[0], path);
        }
        if (node.type != Type::record || target.kind != Kind::record) return Done{};
        for (const SchemaField &field : node.fields) {
            const Column *part = find_part(target, column_name(field));
            if (part == nullptr) continue;
            const std::string_view own = property(field.properties, "pg.type");
            if (Status one = resolve_part(field.node, own, *part, path + "." + column_name(field)); !one)
                return one;
        }
        return Done{};
    }

    Status resolve_part(int index, std::string_view own, const Column &target, const std::string &path) {
        for (const int branch : branches_of(index)) {
            const Node &node = schema_.at(branch);
            const Source source = source_of(node, own);
            if (source == Source::nested) {
                if (Status inside = look_inside(branch, target, path); !inside) return inside;
                continue;
            }
            const std::optional<Resolution> one = resolve(source, taker_of(target));
            if (!one) return refuse(path, "values of type " + column_name(node), target);
            if (needs_time_zone(one->numbers)) return tell_zone(path, one->numbers, target);
        }
        return Done{};
    }

    bool holds_arrays(int index) const {
        return std::ranges::any_of(branches_of(index),
                                   [this](int branch) { return schema_.at(branch).type == Type::array; });
    }

    static const Column *find_part(const Column &target, const std::string &name) {
        for (const Column &part : target.parts)
            if (part.name == name) return &part;
        for (const Column &part : target.parts)
            if (equal_ignoring_case(part.name, name)) return &part;
        return nullptr;
    }

    static Error tell_zone(const std::string &path, NumberChange change, const Column &target) {
        if (change == NumberChange::instant_to_local)
            return refuse(path, "moments in UTC", target,
                          "Name the time zone in which they are to be written with naive_time_zone.");
        return refuse(path, "times without a time zone", target,
                      "Name the time zone in which they are meant with naive_time_zone.");
    }

    const Schema &schema_;
    bool has_time_zone_;
};

}  // namespace

bool needs_time_zone(NumberChange change) noexcept {
    return change == NumberChange::days_to_instant || change == NumberChange::local_to_instant ||
           change == NumberChange::instant_to_local;
}

Result<Resolution> resolve_field(const Schema &schema, const SchemaField &field, const Column &target,
                                 bool has_time_zone) {
    return Resolver(schema, has_time_zone).resolve_top(field, target);
}

}  // namespace ferry::avro
