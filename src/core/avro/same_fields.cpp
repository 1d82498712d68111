// Implements same_fields() of schema.hpp: two schemas walked side by side.
#include <algorithm>

#include "core/avro/schema.hpp"

namespace ferry::avro {
namespace {

// The type that values are of, without null and the text branch.
int plain_type(const Schema &schema, int node) {
    const Node &type = schema.at(node);
    if (type.type != Type::union_of) return node;
    for (const int branch : type.children)
        if (schema.at(branch).type != Type::null) return branch;
    return node;
}

class Comparison {
  public:
    Comparison(const Schema &a, const Schema &b) : a_(a), b_(b) {}

    bool same_records(const Node &a, const Node &b) const {
        return std::ranges::equal(a.fields, b.fields, [this](const SchemaField &f, const SchemaField &g) {
            for (const char *key : {"pg.name", "pg.type", "pg.typmod", "pg.domain"})
                if (property(f.properties, key) != property(g.properties, key)) return false;
            return same_types(f.node, g.node);
        });
    }

  private:
    bool same_types(int left, int right) const {
        const Node &a = a_.at(plain_type(a_, left));
        const Node &b = b_.at(plain_type(b_, right));
        if (a.type != b.type || a.logical != b.logical || a.precision != b.precision || a.scale != b.scale)
            return false;
        if (a.type == Type::record) return same_records(a, b);
        return a.type != Type::array || same_types(a.children[0], b.children[0]);
    }

    const Schema &a_, &b_;
};

}  // namespace

bool same_fields(const Schema &a, const Schema &b) {
    return a.top().type == Type::record && b.top().type == Type::record &&
           Comparison(a, b).same_records(a.top(), b.top());
}

}  // namespace ferry::avro
