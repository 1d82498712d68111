// Reads and writes Avro files with avro-c. README.md describes the commands and the lines.
#include <avro.h>
#include <simdjson.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using Json = simdjson::dom::element;

void check(int status, const char *what) {
    if (status != 0) throw std::runtime_error(std::string(what) + ": " + avro_strerror());
}

// ---- values to lines ----

void show_hex(const void *data, size_t size, std::string &out) {
    static constexpr char digits[] = "0123456789abcdef";
    out += '"';
    for (const auto *at = static_cast<const unsigned char *>(data), *end = at + size; at != end; ++at) {
        out += digits[*at >> 4];
        out += digits[*at & 15];
    }
    out += '"';
}

template <class Bits, class Real>
void show_real(Real value, std::string &out) {
    if (std::isnan(value)) {
        out += "\"NaN\"";
        return;
    }
    char text[20];
    const auto bits = static_cast<unsigned long long>(std::bit_cast<Bits>(value));
    std::snprintf(text, sizeof(text), "\"%0*llx\"", static_cast<int>(2 * sizeof(Bits)), bits);
    out += text;
}

void show_text(std::string_view text, std::string &out) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (static_cast<unsigned char>(c) >= ' ') {
            out += c;
        } else if (const char *at = std::strchr("b\bf\fn\nr\rt\t", c); at != nullptr && c != '\0') {
            out += {'\\', at[-1]};
        } else {
            char escape[8];
            std::snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(c));
            out += escape;
        }
    }
    out += '"';
}

std::string full_name(avro_schema_t schema) {
    if (is_avro_link(schema)) schema = avro_schema_link_target(schema);
    const char *space = is_avro_named_type(schema) ? avro_schema_namespace(schema) : nullptr;
    return (space != nullptr && *space != '\0' ? std::string(space) + "." : "") +
           avro_schema_type_name(schema);
}

void show(const avro_value_t *value, std::string &out);

void show_parts(const avro_value_t *value, bool named, std::string &out) {
    size_t count = 0;
    check(avro_value_get_size(value, &count), "size");
    out += named ? '{' : '[';
    for (size_t i = 0; i < count; ++i) {
        avro_value_t part;
        const char *name = nullptr;
        check(avro_value_get_by_index(value, i, &part, &name), "part");
        if (i > 0) out += ',';
        if (named) {
            show_text(name, out);
            out += ':';
        }
        show(&part, out);
    }
    out += named ? '}' : ']';
}

void show_map(const avro_value_t *value, std::string &out) {
    size_t count = 0;
    check(avro_value_get_size(value, &count), "size");
    std::map<std::string, avro_value_t> sorted;
    for (size_t i = 0; i < count; ++i) {
        avro_value_t part;
        const char *key = nullptr;
        check(avro_value_get_by_index(value, i, &part, &key), "part");
        sorted.emplace(key, part);
    }
    out += '{';
    for (const char *comma = ""; const auto &[key, part] : sorted) {
        out += comma;
        comma = ",";
        show_text(key, out);
        out += ':';
        show(&part, out);
    }
    out += '}';
}

void show_union(const avro_value_t *value, std::string &out) {
    int at = 0;
    avro_value_t branch;
    check(avro_value_get_discriminant(value, &at), "branch");
    check(avro_value_get_current_branch(value, &branch), "branch");
    if (avro_value_get_type(&branch) == AVRO_NULL) {
        out += "null";
        return;
    }
    out += '{';
    show_text(full_name(avro_schema_union_branch(avro_value_get_schema(value), at)), out);
    out += ':';
    show(&branch, out);
    out += '}';
}

void show(const avro_value_t *value, std::string &out) {
    switch (avro_value_get_type(value)) {
        case AVRO_NULL:
            out += "null";
            return;
        case AVRO_BOOLEAN: {
            int flag = 0;
            check(avro_value_get_boolean(value, &flag), "boolean");
            out += flag != 0 ? "true" : "false";
            return;
        }
        case AVRO_INT32: {
            int32_t number = 0;
            check(avro_value_get_int(value, &number), "int");
            out += std::to_string(number);
            return;
        }
        case AVRO_INT64: {
            int64_t number = 0;
            check(avro_value_get_long(value, &number), "long");
            out += '"' + std::to_string(number) + '"';
            return;
        }
        case AVRO_FLOAT: {
            float number = 0;
            check(avro_value_get_float(value, &number), "float");
            return show_real<uint32_t>(number, out);
        }
        case AVRO_DOUBLE: {
            double number = 0;
            check(avro_value_get_double(value, &number), "double");
            return show_real<uint64_t>(number, out);
        }
        case AVRO_BYTES:
        case AVRO_FIXED: {
            const void *data = nullptr;
            size_t size = 0;
            if (avro_value_get_type(value) == AVRO_BYTES)
                check(avro_value_get_bytes(value, &data, &size), "bytes");
            else
                check(avro_value_get_fixed(value, &data, &size), "fixed");
            return show_hex(data, size, out);
        }
        case AVRO_STRING: {
            const char *text = nullptr;
            size_t size = 0;  // with the NUL behind it
            check(avro_value_get_string(value, &text, &size), "string");
            return show_text({text, size - 1}, out);
        }
        case AVRO_ENUM: {
            int at = 0;
            check(avro_value_get_enum(value, &at), "enum");
            return show_text(avro_schema_enum_get(avro_value_get_schema(value), at), out);
        }
        case AVRO_UNION:
            return show_union(value, out);
        case AVRO_ARRAY:
            return show_parts(value, false, out);
        case AVRO_MAP:
            return show_map(value, out);
        case AVRO_RECORD:
            return show_parts(value, true, out);
        default:
            throw std::runtime_error("no canonical form");
    }
}

// A value of a schema; both go when it goes.
class Value {
  public:
    explicit Value(avro_schema_t schema) : schema_(schema), iface_(avro_generic_class_from_schema(schema)) {
        if (iface_ == nullptr) throw std::runtime_error(std::string("class: ") + avro_strerror());
        check(avro_generic_value_new(iface_, &value_), "value");
    }
    Value(const Value &) = delete;
    ~Value() {
        avro_value_decref(&value_);
        avro_value_iface_decref(iface_);
        avro_schema_decref(schema_);
    }
    avro_value_t *get() { return &value_; }

  private:
    avro_schema_t schema_;
    avro_value_iface_t *iface_;
    avro_value_t value_{};
};

void read(const char *path, const char *lines) {
    std::ofstream out(lines, std::ios::binary);
    try {
        avro_file_reader_t reader = nullptr;
        check(avro_file_reader(path, &reader), "open");
        Value value(avro_file_reader_get_writer_schema(reader));
        int status = 0;
        std::string line;
        while ((status = avro_file_reader_read_value(reader, value.get())) == 0) {
            line.clear();
            show(value.get(), line);
            out << line << '\n';
        }
        if (status != EOF) check(status, "read");
        avro_file_reader_close(reader);
    } catch (const std::exception &error) {
        out << "! " << error.what() << '\n';
    }
}

// ---- lines to values ----

std::string bytes_of(std::string_view hex) {
    std::string out;
    for (size_t i = 0; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return out;
}

float float_of(std::string_view hex) {
    if (hex == "NaN") return std::numeric_limits<float>::quiet_NaN();
    return std::bit_cast<float>(static_cast<uint32_t>(std::stoul(std::string(hex), nullptr, 16)));
}

double double_of(std::string_view hex) {
    if (hex == "NaN") return std::numeric_limits<double>::quiet_NaN();
    return std::bit_cast<double>(uint64_t{std::stoull(std::string(hex), nullptr, 16)});
}

void fill(avro_value_t *value, Json json);

void fill_union(avro_value_t *value, Json json) {
    avro_schema_t schema = avro_value_get_schema(value);
    std::string_view name = "null";
    Json inner = json;
    if (!json.is_null()) {
        const auto member = *json.get_object().value().begin();
        name = member.key;
        inner = member.value;
    }
    for (size_t i = 0; i < avro_schema_union_size(schema); ++i) {
        if (full_name(avro_schema_union_branch(schema, static_cast<int>(i))) != name) continue;
        avro_value_t branch;
        check(avro_value_set_branch(value, static_cast<int>(i), &branch), "branch");
        return fill(&branch, inner);
    }
    throw std::runtime_error("no such branch: " + std::string(name));
}

void fill(avro_value_t *value, Json json) {
    const auto text = [&] { return json.get_string().value(); };
    switch (avro_value_get_type(value)) {
        case AVRO_NULL:
            return check(avro_value_set_null(value), "null");
        case AVRO_BOOLEAN:
            return check(avro_value_set_boolean(value, json.get_bool().value()), "boolean");
        case AVRO_INT32:
            return check(avro_value_set_int(value, static_cast<int32_t>(json.get_int64().value())), "int");
        case AVRO_INT64:
            return check(avro_value_set_long(value, std::stoll(std::string(text()))), "long");
        case AVRO_FLOAT:
            return check(avro_value_set_float(value, float_of(text())), "float");
        case AVRO_DOUBLE:
            return check(avro_value_set_double(value, double_of(text())), "double");
        case AVRO_BYTES: {
            std::string data = bytes_of(text());
            return check(avro_value_set_bytes(value, data.data(), data.size()), "bytes");
        }
        case AVRO_FIXED: {
            std::string data = bytes_of(text());
            return check(avro_value_set_fixed(value, data.data(), data.size()), "fixed");
        }
        case AVRO_STRING: {
            const std::string copy(text());
            // The library's size counts the NUL behind the text.
            return check(avro_value_set_string_len(value, copy.c_str(), copy.size() + 1), "string");
        }
        case AVRO_ENUM: {
            const std::string symbol(text());
            return check(avro_value_set_enum(value, avro_schema_enum_get_by_name(avro_value_get_schema(value),
                                                                                 symbol.c_str())),
                         "enum");
        }
        case AVRO_UNION:
            return fill_union(value, json);
        case AVRO_ARRAY:
            for (const Json item : json.get_array()) {
                avro_value_t part;
                check(avro_value_append(value, &part, nullptr), "item");
                fill(&part, item);
            }
            return;
        case AVRO_MAP:
            for (const auto &[key, member] : json.get_object()) {
                avro_value_t part;
                check(avro_value_add(value, std::string(key).c_str(), &part, nullptr, nullptr), "entry");
                fill(&part, member);
            }
            return;
        case AVRO_RECORD:
            for (const auto &[name, member] : json.get_object()) {
                avro_value_t part;
                check(avro_value_get_by_name(value, std::string(name).c_str(), &part, nullptr), "field");
                fill(&part, member);
            }
            return;
        default:
            throw std::runtime_error("no canonical form");
    }
}

void write(const char *schema_file, const char *lines, const char *codec, const char *path) {
    std::ifstream source(schema_file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(source), {}};
    avro_schema_t schema = nullptr;
    check(avro_schema_from_json_length(text.data(), text.size(), &schema), "schema");
    avro_file_writer_t writer = nullptr;
    check(avro_file_writer_create_with_codec(path, schema, &writer, codec, 65536), "create");
    Value value(schema);
    std::ifstream rows(lines, std::ios::binary);
    simdjson::dom::parser parser;
    for (std::string line; std::getline(rows, line);) {
        check(avro_value_reset(value.get()), "reset");
        fill(value.get(), parser.parse(line).value());
        check(avro_file_writer_append_value(writer, value.get()), "append");
    }
    check(avro_file_writer_close(writer), "close");
}

}  // namespace

int main(int count, char **arguments) try {
    const bool reads = count > 1 && std::string_view(arguments[1]) == "read";
    for (int at = 2; at < count; at += reads ? 2 : 4) {
        char **group = arguments + at;
        if (reads)
            read(group[0], group[1]);
        else
            write(group[0], group[1], group[2], group[3]);
    }
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
