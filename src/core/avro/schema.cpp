// Implements the reading half of schema.hpp over simdjson's DOM. Types are measured as they close, so that a
// schema which is small as text but huge once expanded is refused before anyone walks it.
#include "core/avro/schema.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "core/avro/names.hpp"

namespace ferry::avro {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::array<std::string_view, 14> type_names{"null",   "boolean", "int",    "long",   "float",
                                                      "double", "bytes",   "string", "record", "enum",
                                                      "array",  "map",     "union",  "fixed"};
constexpr size_t primitives = 8;

// Sums of measures stop here: far above every limit, far below overflow.
constexpr uint64_t saturated = uint64_t{1} << 48;

// One level of schema takes up to three levels of JSON (record, fields, field); the rest is for properties.
constexpr int json_levels_per_level = 4;
constexpr int json_levels_spare = 64;

constexpr uint64_t max_fixed_size = INT32_MAX;

uint64_t add(uint64_t a, uint64_t b) noexcept {
    return std::min(saturated, a + b);
}

// How many decimal digits always fit a two's complement number of so many bytes (specification, "Decimal").
uint64_t digits_of_fixed(uint64_t bytes) noexcept {
    return bytes == 0 ? 0 : static_cast<uint64_t>(static_cast<double>(8 * bytes - 1) * 0.30102999566398120);
}

std::string join(const std::string &space, std::string_view name) {
    return space.empty() ? std::string(name) : space + "." + std::string(name);
}

std::string_view space_of(std::string_view full_name) noexcept {
    const size_t dot = full_name.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : full_name.substr(0, dot);
}

std::string quote(std::string_view text) {
    return "\"" + std::string(text.substr(0, 128)) + "\"";
}

// Reads one schema. A parse_ function returns the index of its node, or -1 once an error is recorded.
class SchemaParser {
  public:
    explicit SchemaParser(const Limits &limits) : limits_(limits) {}

    Result<Schema> parse(std::string_view json) {
        if (json.size() > limits_.schema_bytes)
            return fault("schema exceeds " + std::to_string(limits_.schema_bytes) + " bytes");
        simdjson::dom::parser parser(std::max<size_t>(limits_.schema_bytes, 64));
        const size_t json_depth =
            static_cast<size_t>(limits_.depth) * json_levels_per_level + json_levels_spare;
        if (parser.allocate(std::max<size_t>(json.size(), 64), json_depth) != simdjson::SUCCESS)
            return Error{Code::out_of_memory, "out of memory for a schema", {}, {}, 0};
        element root;
        if (const auto code = parser.parse(json.data(), json.size()).get(root); code != simdjson::SUCCESS)
            return fault(std::string("schema is not valid JSON: ") + describe(code));
        if (!check_keys(root)) return *error_;
        const int node = parse_type(root, {}, 1);
        if (node < 0) return *error_;
        schema_.root = node;
        return std::move(schema_);
    }

  private:
    static const char *describe(simdjson::error_code code) noexcept {
        if (code == simdjson::DEPTH_ERROR) return "nested too deeply";
        if (code == simdjson::UTF8_ERROR) return "invalid UTF-8";
        return code == simdjson::EMPTY ? "empty" : "syntax error";
    }

    Error fault(std::string message) const {
        Error error{Code::corrupt_file, std::move(message), {}, {}, 0};
        if (!path_.empty()) {
            std::string where;
            for (const std::string_view part : path_)
                where += (where.empty() ? "" : ".") + std::string(part.substr(0, 128));
            error.detail = "The fault is at field \"" + where + "\".";
        }
        return error;
    }

    int fail(std::string message) {
        if (!error_) error_ = std::make_unique<Error>(fault(std::move(message)));
        return -1;
    }

    Node &node(int index) { return schema_.nodes[static_cast<size_t>(index)]; }

    // No object may have a key twice: readers differ in which one counts. JSON depth bounds the recursion.
    bool check_keys(element value) {
        array items;
        if (value.get(items) == simdjson::SUCCESS) {
            for (const element item : items)
                if (!check_keys(item)) return false;
            return true;
        }
        object members;
        if (value.get(members) != simdjson::SUCCESS) return true;
        std::unordered_set<std::string_view> keys;
        for (const auto member : members) {
            if (!keys.insert(member.key).second) {
                fail("schema has key " + quote(member.key) + " twice in one object");
                return false;
            }
            if (!check_keys(member.value)) return false;
        }
        return true;
    }

    int parse_type(element value, const std::string &space, int depth) {
        if (depth > limits_.depth)
            return fail("schema is nested deeper than " + std::to_string(limits_.depth) + " levels");
        std::string_view name;
        if (value.get(name) == simdjson::SUCCESS) return parse_reference(name, space);
        array branches;
        if (value.get(branches) == simdjson::SUCCESS) return parse_union(branches, space, depth);
        object members;
        if (value.get(members) == simdjson::SUCCESS) return parse_object(members, space, depth);
        return fail("schema must be a string, an array or an object");
    }

    int parse_reference(std::string_view name, const std::string &space) {
        for (size_t i = 0; i < primitives; ++i)
            if (name == type_names[i]) return add_primitive(static_cast<Type>(i));
        const bool qualified = name.find('.') != std::string_view::npos;
        auto found = names_.find(qualified ? std::string(name) : join(space, name));
        // Newer writers look outside every namespace next, and some files rely on it.
        if (found == names_.end() && !qualified) found = names_.find(std::string(name));
        if (found == names_.end()) return fail("unknown type " + quote(name) + " in the schema");
        if (open_.contains(found->second)) return fail("type " + quote(found->first) + " contains itself");
        return found->second;
    }

    int add_primitive(Type type) {
        const int index = open_node(type);
        return index < 0 ? -1 : close_node(index);
    }

    int open_node(Type type) {
        if (schema_.nodes.size() >= limits_.nodes) return fail(too_many_types());
        schema_.nodes.emplace_back();
        schema_.nodes.back().type = type;
        return static_cast<int>(schema_.nodes.size() - 1);
    }

    std::string too_many_types() const {
        return "schema expands to more than " + std::to_string(limits_.nodes) + " types";
    }

    // Measures a node whose parts are complete.
    int close_node(int index) {
        Node &done = node(index);
        uint64_t sum = 0;
        uint64_t least = saturated;
        const auto count_in = [&](int child) {
            const Node &part = node(child);
            done.weight = add(done.weight, part.weight);
            done.height = std::max(done.height, part.height + 1);
            sum = add(sum, part.min_bytes);
            least = std::min(least, part.min_bytes);
        };
        for (const SchemaField &field : done.fields) count_in(field.node);
        for (const int child : done.children) count_in(child);
        done.min_bytes = min_bytes(done, sum, least);
        if (done.weight > limits_.nodes) return fail(too_many_types());
        if (done.height > limits_.depth)
            return fail("schema is nested deeper than " + std::to_string(limits_.depth) + " levels");
        return index;
    }

    static uint64_t min_bytes(const Node &done, uint64_t sum, uint64_t least) noexcept {
        switch (done.type) {
            case Type::null:
                return 0;
            case Type::float32:
                return 4;
            case Type::float64:
                return 8;
            case Type::fixed:
                return done.size;
            case Type::record:
                return sum;
            case Type::union_of:
                return add(1, least);
            default:
                return 1;
        }
    }

    int parse_union(array branches, const std::string &space, int depth) {
        const int index = open_node(Type::union_of);
        if (index < 0) return -1;
        std::unordered_set<std::string> seen;
        for (const element branch : branches) {
            const int child = parse_type(branch, space, depth + 1);
            if (child < 0) return -1;
            const Node &part = node(child);
            if (part.type == Type::union_of) return fail("union contains a union");
            // One of each unnamed type, and named types by their names (specification, "Unions").
            std::string key = part.name.empty() ? std::string(type_name(part.type)) : part.name;
            if (!seen.insert(key).second) return fail("union contains type " + quote(key) + " twice");
            node(index).children.push_back(child);
        }
        if (seen.empty()) return fail("union has no branches");
        return close_node(index);
    }

    int parse_object(object members, const std::string &space, int depth) {
        element type;
        if (members.at_key("type").get(type) != simdjson::SUCCESS)
            return fail("schema object has no \"type\"");
        std::string_view name;
        if (type.get(name) != simdjson::SUCCESS) return parse_type(type, space, depth + 1);
        if (name == "record" || name == "error" || name == "enum" || name == "fixed") {
            if (const int known = find_same(members, space); known >= 0) return known;
            if (name == "enum") return parse_enum(members, space);
            return name == "fixed" ? parse_fixed(members, space) : parse_record(members, space, depth);
        }
        if (name == "array") return parse_collection(Type::array, "items", members, space, depth);
        if (name == "map") return parse_collection(Type::map, "values", members, space, depth);
        const size_t nodes_before = schema_.nodes.size();
        const int index = parse_reference(name, space);
        // Attributes belong to the type that they stand on, never to a named type defined elsewhere.
        if (index >= 0 && static_cast<size_t>(index) == nodes_before) read_attributes(index, members);
        return index;
    }

    int parse_collection(Type type, std::string_view key, object members, const std::string &space,
                         int depth) {
        element items;
        if (members.at_key(key).get(items) != simdjson::SUCCESS)
            return fail(std::string(type_name(type)) + " has no " + quote(key));
        const int index = open_node(type);
        if (index < 0) return -1;
        const int child = parse_type(items, space, depth + 1);
        if (child < 0) return -1;
        node(index).children.push_back(child);
        read_attributes(index, members);
        return close_node(index);
    }

    // The full name of a record, enum or fixed (specification, "Names"); empty when it has none.
    static std::string full_name(object members, const std::string &space) {
        std::string_view name;
        if (members.at_key("name").get(name) != simdjson::SUCCESS) return {};
        if (name.find('.') != std::string_view::npos) return std::string(name);
        std::string_view given;
        const bool own_space = members.at_key("namespace").get(given) == simdjson::SUCCESS;
        return join(own_space ? std::string(given) : space, name);
    }

    // Some writers repeat a definition wherever its type is used. Word for word the same, it is the same
    // type; -1 for anything else.
    int find_same(object members, const std::string &space) {
        const auto known = definitions_.find(full_name(members, space));
        if (known == definitions_.end() || open_.contains(known->second.node)) return -1;
        const bool same = simdjson::minify(known->second.members) == simdjson::minify(members);
        return same ? known->second.node : -1;
    }

    // Opens a record, enum or fixed under its full name.
    int open_named(Type type, object members, const std::string &space) {
        if (std::string_view name; members.at_key("name").get(name) != simdjson::SUCCESS)
            return fail(std::string(type_name(type)) + " has no \"name\"");
        std::string full = full_name(members, space);
        if (!is_legal_full_name(full)) return fail("illegal name " + quote(full) + " in the schema");
        const bool primitive = std::find(type_names.begin(), type_names.begin() + primitives, full) !=
                               type_names.begin() + primitives;
        if (primitive) return fail("type name " + quote(full) + " is reserved");
        const int index = open_node(type);
        if (index < 0) return -1;
        if (!names_.emplace(full, index).second) return fail("type " + quote(full) + " is defined twice");
        definitions_.emplace(full, Definition{index, members});
        node(index).name = full;
        return read_aliases(members, std::string(space_of(full)), node(index).aliases) ? index : -1;
    }

    int parse_record(object members, const std::string &space, int depth) {
        const int index = open_named(Type::record, members, space);
        if (index < 0) return -1;
        array fields;
        if (members.at_key("fields").get(fields) != simdjson::SUCCESS)
            return fail("record " + quote(node(index).name) + " has no \"fields\"");
        open_.insert(index);
        const std::string own_space(space_of(node(index).name));
        std::unordered_set<std::string_view> seen;
        for (const element item : fields)
            if (!parse_field(item, index, own_space, depth, seen)) return -1;
        open_.erase(index);
        read_attributes(index, members);
        return close_node(index);
    }

    bool parse_field(element item, int record, const std::string &space, int depth,
                     std::unordered_set<std::string_view> &seen) {
        object members;
        std::string_view name;
        if (item.get(members) != simdjson::SUCCESS || members.at_key("name").get(name) != simdjson::SUCCESS)
            return fail("field of a record has no \"name\"") >= 0;
        path_.push_back(name);
        if (!is_legal_name(name)) return fail("illegal name " + quote(name) + " in the schema") >= 0;
        if (!seen.insert(name).second) return fail("record has field " + quote(name) + " twice") >= 0;
        element type;
        if (members.at_key("type").get(type) != simdjson::SUCCESS)
            return fail("field " + quote(name) + " has no \"type\"") >= 0;
        SchemaField field;
        field.name = name;
        field.node = parse_type(type, space, depth + 1);
        if (field.node < 0 || !read_aliases(members, {}, field.aliases)) return false;
        if (element value; members.at_key("default").get(value) == simdjson::SUCCESS) {
            field.has_default = true;
            field.default_json = simdjson::minify(value);
        }
        read_properties(members, field.properties);
        node(record).fields.push_back(std::move(field));
        path_.pop_back();
        return true;
    }

    int parse_enum(object members, const std::string &space) {
        const int index = open_named(Type::enumeration, members, space);
        if (index < 0) return -1;
        array symbols;
        if (members.at_key("symbols").get(symbols) != simdjson::SUCCESS)
            return fail("enum " + quote(node(index).name) + " has no \"symbols\"");
        std::unordered_set<std::string_view> seen;
        for (const element item : symbols) {
            std::string_view symbol;
            if (item.get(symbol) != simdjson::SUCCESS || !is_legal_name(symbol))
                return fail("illegal symbol in enum " + quote(node(index).name));
            if (!seen.insert(symbol).second)
                return fail("enum " + quote(node(index).name) + " has symbol " + quote(symbol) + " twice");
            node(index).symbols.emplace_back(symbol);
        }
        read_attributes(index, members);
        return close_node(index);
    }

    int parse_fixed(object members, const std::string &space) {
        const int index = open_named(Type::fixed, members, space);
        if (index < 0) return -1;
        int64_t size = 0;
        if (members.at_key("size").get(size) != simdjson::SUCCESS || size < 0 ||
            static_cast<uint64_t>(size) > max_fixed_size)
            return fail("fixed " + quote(node(index).name) + " has no valid \"size\"");
        node(index).size = static_cast<uint64_t>(size);
        read_attributes(index, members);
        return close_node(index);
    }

    bool read_aliases(object members, const std::string &space, std::vector<std::string> &out) {
        element value;
        if (members.at_key("aliases").get(value) != simdjson::SUCCESS) return true;
        array items;
        if (value.get(items) != simdjson::SUCCESS) return fail("\"aliases\" must be an array") >= 0;
        for (const element item : items) {
            std::string_view alias;
            if (item.get(alias) != simdjson::SUCCESS) return fail("alias must be a string") >= 0;
            out.push_back(alias.find('.') == std::string_view::npos ? join(space, alias)
                                                                    : std::string(alias));
        }
        return true;
    }

    void read_attributes(int index, object members) {
        read_logical_type(node(index), members);
        read_properties(members, node(index).properties);
    }

    static void read_properties(object members, Properties &out) {
        static constexpr std::array<std::string_view, 15> reserved{
            "type",   "name", "namespace", "aliases", "fields",      "default",   "symbols", "items",
            "values", "size", "order",     "doc",     "logicalType", "precision", "scale"};
        for (const auto member : members) {
            if (std::find(reserved.begin(), reserved.end(), member.key) != reserved.end()) continue;
            std::string_view text;
            const bool is_text = member.value.get(text) == simdjson::SUCCESS;
            out.emplace(member.key, is_text ? std::string(text) : simdjson::minify(member.value));
        }
    }

    // A logical type that is unknown or does not suit its base is ignored (specification, "Logical Types").
    static void read_logical_type(Node &node, object members) {
        std::string_view name;
        if (members.at_key("logicalType").get(name) != simdjson::SUCCESS) return;
        if (name == "decimal") return read_decimal(node, members);
        if (name == "uuid" && (node.type == Type::string || (node.type == Type::fixed && node.size == 16)))
            node.logical = Logical::uuid;
        if (name == "duration" && node.type == Type::fixed && node.size == 12)
            node.logical = Logical::duration;
        if (node.type == Type::int32 && name == "date") node.logical = Logical::date;
        if (node.type == Type::int32 && name == "time-millis") node.logical = Logical::time_millis;
        if (node.type != Type::int64) return;
        if (name == "time-micros") node.logical = Logical::time_micros;
        if (name == "timestamp-millis") node.logical = Logical::timestamp_millis;
        if (name == "timestamp-micros") node.logical = Logical::timestamp_micros;
        if (name == "local-timestamp-millis") node.logical = Logical::local_timestamp_millis;
        if (name == "local-timestamp-micros") node.logical = Logical::local_timestamp_micros;
    }

    static void read_decimal(Node &node, object members) {
        if (node.type != Type::bytes && node.type != Type::fixed) return;
        int64_t precision = 0;
        int64_t scale = 0;
        if (members.at_key("precision").get(precision) != simdjson::SUCCESS) return;
        element given;
        if (members.at_key("scale").get(given) == simdjson::SUCCESS && given.get(scale) != simdjson::SUCCESS)
            return;
        if (precision < 1 || precision > INT32_MAX || scale < 0 || scale > precision) return;
        if (node.type == Type::fixed && static_cast<uint64_t>(precision) > digits_of_fixed(node.size)) return;
        node.logical = Logical::decimal;
        node.precision = static_cast<int>(precision);
        node.scale = static_cast<int>(scale);
    }

    // Where a named type is defined; borrowed from the DOM.
    struct Definition {
        int node;
        object members;
    };

    const Limits &limits_;
    Schema schema_;
    std::unique_ptr<Error> error_;
    std::unordered_map<std::string, int> names_;
    std::unordered_map<std::string, Definition> definitions_;
    std::unordered_set<int> open_;        // records whose fields are being read
    std::vector<std::string_view> path_;  // fields on the way to where we are; borrowed from the DOM
};

}  // namespace

std::string_view type_name(Type type) noexcept {
    return type_names[static_cast<size_t>(type)];
}

Result<Schema> parse_schema(std::string_view json, const Limits &limits) {
    return SchemaParser(limits).parse(json);
}

std::string_view property(const Properties &properties, std::string_view key) {
    const auto found = properties.find(key);
    return found != properties.end() ? std::string_view(found->second) : std::string_view();
}

const std::string &column_name(const SchemaField &field) {
    const auto own = field.properties.find("pg.name");
    return own != field.properties.end() ? own->second : field.name;
}

}  // namespace ferry::avro
