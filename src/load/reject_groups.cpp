// Implements reject_groups.hpp. The statement names every operator with its schema: it runs with rights that
// are not the caller's.
#include "load/reject_groups.hpp"

#include <algorithm>
#include <memory>
#include <tuple>
#include <unordered_map>

#include "core/text.hpp"
#include "core/value/shape.hpp"
#include "load/log_owner.hpp"
#include "server/cursor.hpp"

namespace ferry {
namespace {

constexpr size_t most_patterns = 100;  // of one kind of error in one column
constexpr size_t most_groups = 1000;   // then only classes are told apart
constexpr size_t most_keys = 1000;
constexpr size_t most_row_bytes = size_t{8} << 20U;  // of sample rows, over all groups
constexpr size_t longest_example = 100, longest_word = 63, longest_sampled = 64;
constexpr const char *other_patterns = "(other)";

// Columns of the query below, in its order.
enum Column : uint8_t {
    reject_id,
    cls,
    sqlstate,
    column_name,
    column_type,
    constraint_name,
    message,
    value,
    value_length,
    short_row,
};

// The first characters of values are enough, and rows are asked for only where their structure matters.
std::unique_ptr<Cursor> select_errors(int64_t load_id) {
    const AsLogOwner rights;
    const std::vector<SqlArgument> arguments{bigint_argument(load_id)};
    return std::make_unique<Cursor>(
        "SELECT r.reject_id, k.class, k.sqlstate, k.column_name, k.column_type, k.constraint_name, "
        "pg_catalog.substr(CASE WHEN k.message_tail IS NULL THEN k.message_head ELSE "
        "pg_catalog.concat(k.message_head, v.value, k.message_tail) END, 1, 500), "
        "pg_catalog.substr(v.value, 1, 200), pg_catalog.char_length(v.value)::pg_catalog.int8, "
        "CASE WHEN k.class OPERATOR(pg_catalog.=) ANY (ARRAY['structure', 'encoding']::pg_catalog.text[]) "
        "AND pg_catalog.octet_length(r.raw) OPERATOR(pg_catalog.<=) 4096 THEN r.raw END "
        "FROM ferry.rejects r "
        "CROSS JOIN LATERAL pg_catalog.unnest(r.error_kinds) WITH ORDINALITY e (kind_id, ordinal) "
        "CROSS JOIN LATERAL (SELECT r.error_values[e.ordinal::pg_catalog.int4]) v (value) "
        "JOIN ferry.reject_kinds k ON k.kind_id OPERATOR(pg_catalog.=) e.kind_id "
        "WHERE r.load_id OPERATOR(pg_catalog.=) $1 AND r.status OPERATOR(pg_catalog.=) 'open' "
        "AND k.sqlstate OPERATOR(pg_catalog.<>) '01000' ORDER BY r.reject_id, e.ordinal",
        arguments);
}

// Bytes for people to read: what is no text is written \xNN.
std::string readable(std::string_view bytes, Encoding encoding) {
    std::string text;
    const bool utf16 = encoding == Encoding::utf16le || encoding == Encoding::utf16be;
    if (utf16 && append_utf8(encoding, bytes, text)) return std::string(clip(text, longest_example));
    while (!bytes.empty() && text.size() < longest_example) {
        const size_t valid = utf8_valid_prefix(bytes.substr(0, longest_example));
        const std::string_view piece = bytes.substr(0, std::min(valid, bytes.find('\0')));
        text += piece;
        bytes.remove_prefix(piece.size());
        if (bytes.empty() || !piece.empty()) continue;
        static constexpr char hex[] = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(bytes.front());
        text += {'\\', 'x', hex[byte >> 4U], hex[byte & 0xFU]};
        bytes.remove_prefix(1);
    }
    return std::string(clip(text, longest_example));
}

class Grouping {
  public:
    Grouping(Encoding encoding, const std::vector<std::string> &columns_of_words)
        : encoding_(encoding), words_(columns_of_words) {}
    void add(Cursor &error);
    std::vector<RejectGroup> finish();

  private:
    struct Kind {
        std::string text;  // of all that tells groups apart
        std::optional<std::string> pattern;
        bool no_value = false;
    };
    Kind kind_of(Cursor &error) const;
    RejectGroup &find(Cursor &error, Kind kind);
    void sample(RejectGroup &group, Cursor &error);

    Encoding encoding_;
    const std::vector<std::string> &words_;
    std::vector<std::unique_ptr<RejectGroup>> groups_;
    std::unordered_map<std::string, RejectGroup *> by_kind_;
    std::unordered_map<std::string, size_t> patterns_;  // by the kind without its pattern
    std::unordered_map<RejectGroup *, int64_t> last_reject_;
    size_t row_bytes_ = 0;
};

std::string joined(Cursor &error, std::initializer_list<int> columns) {
    std::string text;
    for (const int column : columns) {
        text += error.bytes(column);
        text += '\0';
    }
    return text;
}

// Values of one column differ in shape; keys, lengths and magnitudes belong together whatever their shape.
Grouping::Kind Grouping::kind_of(Cursor &error) const {
    Kind kind{joined(error, {cls, sqlstate, column_name, constraint_name}), {}, false};
    const std::string_view of = error.bytes(cls);
    // Faults that the source tells are told apart by their words.
    if ((of == "structure" && error.bytes(sqlstate) == code_info(Code::too_few_fields).sqlstate) ||
        of == "encoding")
        kind.text += error.bytes(message);
    const bool shaped = of == "check" || of == "domain" ||
                        (of == "type" && error.bytes(sqlstate) != code_info(Code::too_long).sqlstate &&
                         error.bytes(sqlstate) != code_info(Code::out_of_range).sqlstate);
    if (!shaped || error.null(value)) return kind;
    const std::string_view text = error.bytes(value);
    kind.no_value = of == "type" && value::means_no_value(text);
    const bool word = kind.no_value || std::ranges::find(words_, error.bytes(column_name)) != words_.end();
    kind.pattern = word ? std::string(clip(text, longest_word)) : value::shape_of(text);
    return kind;
}

RejectGroup &Grouping::find(Cursor &error, Kind kind) {
    std::string key = kind.text + '\0' + kind.pattern.value_or("");
    auto found = by_kind_.find(key);
    if (found != by_kind_.end()) return *found->second;
    const bool many = kind.pattern && patterns_[kind.text] >= most_patterns;
    const bool too_many = groups_.size() >= most_groups;
    if (many || too_many) {
        kind.pattern = other_patterns;
        kind.no_value = false;
        key = too_many ? std::string(error.bytes(cls)) : kind.text + '\0' + '\0';
        found = by_kind_.find(key);
        if (found != by_kind_.end()) return *found->second;
    }
    ++patterns_[kind.text];
    RejectGroup &group = *groups_.emplace_back(std::make_unique<RejectGroup>());
    by_kind_.emplace(std::move(key), &group);
    group.cls = error.bytes(cls);
    group.sqlstate = error.bytes(sqlstate);
    if (!too_many) {
        group.column = error.bytes(column_name);
        group.constraint = error.bytes(constraint_name);
        group.column_type = error.bytes(column_type);
    }
    group.pattern = std::move(kind.pattern);
    group.no_value = kind.no_value;
    group.example_reject = error.number(reject_id);
    group.message = error.bytes(message);
    if (!error.null(value))
        group.example = clip(error.bytes(value), longest_example);
    else if (!error.null(short_row))
        group.example = readable(error.bytes(short_row), encoding_);
    return group;
}

void Grouping::sample(RejectGroup &group, Cursor &error) {
    if (group.cls == "type" && !error.null(value)) {
        group.longest = std::max(group.longest, error.number(value_length));
        group.values.add(clip(error.bytes(value), longest_sampled));
    }
    if (group.cls == "foreign_key" && !error.null(value)) {
        if (group.keys.size() < most_keys)
            group.keys.emplace(error.bytes(value));
        else if (!group.keys.contains(std::string(error.bytes(value))))
            group.more_keys = true;
    }
    if (!error.null(short_row) && row_bytes_ < most_row_bytes) {
        row_bytes_ += error.bytes(short_row).size();
        group.rows_of_csv.add(error.bytes(short_row));
    }
}

void Grouping::add(Cursor &error) {
    RejectGroup &group = find(error, kind_of(error));
    int64_t &last = last_reject_[&group];
    if (last != error.number(reject_id)) ++group.rows;
    last = error.number(reject_id);
    sample(group, error);
}

std::vector<RejectGroup> Grouping::finish() {
    std::vector<RejectGroup> groups;
    for (const auto &group : groups_) groups.push_back(std::move(*group));
    const auto order = [](const RejectGroup &g) {
        return std::tuple(-static_cast<int64_t>(g.rows), std::tie(g.cls, g.column, g.constraint, g.sqlstate),
                          g.pattern.value_or(""), g.example_reject);
    };
    std::ranges::sort(groups, {}, order);
    return groups;
}

}  // namespace

void Sample::add(std::string_view item) {
    if (seen_++ % stride_ != 0) return;
    items_.emplace_back(item);
    if (items_.size() < most_) return;
    for (size_t i = 1; 2 * i < items_.size(); ++i) items_[i] = std::move(items_[2 * i]);
    items_.resize((items_.size() + 1) / 2);
    stride_ *= 2;
}

std::vector<RejectGroup> group_rejects(const LoggedLoad &load,
                                       const std::vector<std::string> &columns_of_words) {
    const std::unique_ptr<Cursor> errors = select_errors(load.load_id);
    Grouping grouping(load.encoding, columns_of_words);
    while (errors->next()) grouping.add(*errors);
    errors->close();
    return grouping.finish();
}

}  // namespace ferry
