// Implements fingerprint.hpp: one walk over the tree of a schema, and a table of 256 remainders.
#include "core/avro/fingerprint.hpp"

#include <array>
#include <unordered_set>

namespace ferry::avro {
namespace {

// Names and symbols are legal Avro names by now: nothing in them needs an escape.
std::string quoted(std::string_view name) {
    return '"' + std::string(name) + '"';
}

// Writes the canonical form. Named types are written whole where they first stand and by name afterwards.
class CanonicalWriter {
  public:
    explicit CanonicalWriter(const Schema &schema) : schema_(schema) {}

    std::string write() {
        append(schema_.root);
        return std::move(out_);
    }

  private:
    void append(int index) {
        const Node &node = schema_.at(index);
        switch (node.type) {
            case Type::record:
            case Type::enumeration:
            case Type::fixed:
                if (written_.insert(index).second)
                    append_named(node);
                else
                    out_ += quoted(node.name);
                return;
            case Type::array:
            case Type::map:
                out_ +=
                    node.type == Type::array ? R"({"type":"array","items":)" : R"({"type":"map","values":)";
                append(node.children.at(0));
                out_ += '}';
                return;
            case Type::union_of:
                append_list('[', node.children, [&](int child) { append(child); });
                out_ += ']';
                return;
            default:
                out_ += quoted(type_name(node.type));
        }
    }

    void append_named(const Node &node) {
        out_ += "{\"name\":" + quoted(node.name) + ",\"type\":" + quoted(type_name(node.type));
        if (node.type == Type::fixed) {
            out_ += ",\"size\":" + std::to_string(node.size) + '}';
        } else if (node.type == Type::enumeration) {
            out_ += ",\"symbols\":";
            append_list('[', node.symbols, [&](const std::string &symbol) { out_ += quoted(symbol); });
            out_ += "]}";
        } else {
            out_ += ",\"fields\":";
            append_list('[', node.fields, [&](const SchemaField &field) {
                out_ += "{\"name\":" + quoted(field.name) + ",\"type\":";
                append(field.node);
                out_ += '}';
            });
            out_ += "]}";
        }
    }

    template <typename Items, typename Append>
    void append_list(char open, const Items &items, Append &&append_item) {
        out_ += open;
        bool first = true;
        for (const auto &item : items) {
            if (!first) out_ += ',';
            first = false;
            append_item(item);
        }
    }

    const Schema &schema_;
    std::string out_;
    std::unordered_set<int> written_;
};

constexpr uint64_t empty_fingerprint = 0xC15D213AA4D7A795ULL;

constexpr std::array<uint64_t, 256> make_remainders() {
    std::array<uint64_t, 256> remainders{};
    for (size_t i = 0; i < remainders.size(); ++i) {
        uint64_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? empty_fingerprint : 0);
        remainders[i] = value;
    }
    return remainders;
}
constexpr std::array<uint64_t, 256> remainders = make_remainders();

}  // namespace

std::string canonical_form(const Schema &schema) {
    return CanonicalWriter(schema).write();
}

uint64_t rabin_fingerprint(std::string_view bytes) noexcept {
    uint64_t value = empty_fingerprint;
    for (const char byte : bytes)
        value = (value >> 8U) ^ remainders[(value ^ static_cast<uint8_t>(byte)) & 0xFFU];
    return value;
}

std::string schema_fingerprint(const Schema &schema) {
    static constexpr char digits[] = "0123456789abcdef";
    const uint64_t value = rabin_fingerprint(canonical_form(schema));
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4)
        text.push_back(digits[(value >> static_cast<unsigned>(shift)) & 15U]);
    return text;
}

}  // namespace ferry::avro
