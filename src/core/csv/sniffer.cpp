// Implements sniffer.hpp. Every dialect that the sample's characters allow is tried on the same records with
// the lenient reading of salvage.hpp; the one that scores best is then looked at more closely.
#include "core/csv/sniffer.hpp"

#include <algorithm>
#include <array>

#include "core/csv/salvage.hpp"
#include "core/text.hpp"

namespace ferry::csv {
namespace {

constexpr size_t most_records = 2000;                  // that are read to score a dialect
constexpr size_t most_bytes = size_t{512} << 10U;      // likewise
constexpr size_t most_typed = 200;                     // records whose fields are given a kind while scoring
constexpr size_t most_counted = 1024;                  // numbers of fields that are told apart
constexpr size_t longest_quoted = size_t{128} << 10U;  // a quote open for longer is none
constexpr size_t longest_cut = size_t{16} << 10U;      // a quote open at the sample's end may be cut off

// Delimiters in the order of preference, with what a dialect that uses them is worth, all else being equal.
struct Choice {
    char delimiter;
    double worth;
};
constexpr std::array<Choice, 8> choices{
    {{',', 1.0}, {';', 0.99}, {'\t', 0.99}, {'|', 0.98}, {':', 0.55}, {'^', 0.9}, {'~', 0.9}, {' ', 0.7}}};

constexpr std::array<std::string_view, 6> null_tokens{"\\N", "NULL", "null", "NA", "None", "-"};

bool digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// ---- kinds of values ----

enum class Kind : uint8_t { empty, number, temporal, text };

bool typed(Kind kind) noexcept {
    return kind == Kind::number || kind == Kind::temporal;
}

// A sign, digits in groups that one '.' or ',' divides, an exponent.
bool is_number(std::string_view text) noexcept {
    size_t i = text[0] == '-' || text[0] == '+' ? 1 : 0;
    size_t digits = 0;
    bool divided = true;  // a divider must not come first but before a fraction
    for (; i < text.size(); ++i) {
        if (digit(text[i])) {
            ++digits;
            divided = false;
        } else if ((text[i] == '.' || text[i] == ',') && (!divided || digits == 0)) {
            if (digits == 0 && divided && i > 1) return false;
            divided = true;
        } else {
            break;
        }
    }
    if (digits == 0) return false;
    if (i == text.size()) return true;
    if (text[i] != 'e' && text[i] != 'E') return false;
    if (++i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (i == text.size()) return false;
    return std::all_of(text.begin() + static_cast<ptrdiff_t>(i), text.end(), digit);
}

// Digits in at least two groups, divided as dates and times are.
bool is_temporal(std::string_view text) noexcept {
    if (text.size() < 4 || text.size() > 35 || !digit(text[0])) return false;
    size_t dividers = 0;
    bool after_digit = false;
    for (const char c : text) {
        if (digit(c)) {
            after_digit = true;
            continue;
        }
        if (!after_digit && c != ' ' && c != '+' && c != '-') return false;
        after_digit = c == 'Z';
        dividers += c == '-' || c == '/' || c == ':' || c == '.' ? 1 : 0;
        if (std::string_view("-/.:T Z+").find(c) == std::string_view::npos) return false;
    }
    return dividers >= 1;
}

Kind kind_of(std::string_view text) noexcept {
    text = trim(text);
    if (text.empty()) return Kind::empty;
    if (is_number(text)) return Kind::number;
    return is_temporal(text) ? Kind::temporal : Kind::text;
}

// ---- reading the sample ----

std::string_view without_mark(std::string_view text) noexcept {
    const bool mark = text.substr(0, byte_order_mark.size()) == byte_order_mark;
    return mark ? text.substr(byte_order_mark.size()) : text;
}

// Reads records of a sample leniently, blank lines left out.
class RecordReader {
  public:
    RecordReader(std::string_view sample, bool whole, const Dialect &dialect) noexcept
        : sample_(sample), whole_(whole), reader_(sample, dialect, CloseAt::field_end) {}

    // Replaces `fields` by those of the next record. False at the end, and before a record that may be cut
    // off, unless it is the first.
    bool next(std::vector<LooseField> &fields) {
        fields.clear();
        pass_line_ends();
        if (at_ >= sample_.size()) return false;
        reader_.set_limit(at_ + longest_quoted);
        const size_t start = at_;
        do {
            fields.push_back(reader_.read(at_));
            at_ = fields.back().end + 1;
        } while (at_ <= sample_.size() && !line_end(sample_[at_ - 1]));
        const bool open = fields.back().open && sample_.size() - start < longest_cut;
        const bool cut = !whole_ && (at_ > sample_.size() || open);
        return records_++ == 0 || !cut;
    }

    size_t at() const noexcept { return std::min(at_, sample_.size()); }
    size_t blank_lines() const noexcept { return blank_lines_; }
    // Line ends between records by kind.
    size_t line_feeds() const noexcept { return line_feeds_; }
    size_t pairs() const noexcept { return pairs_; }
    size_t carriage_returns() const noexcept { return carriage_returns_; }

  private:
    static bool line_end(char c) noexcept { return c == '\n' || c == '\r'; }

    // Goes to the next byte that is no line end. The record's own line end is the first, if at_ is behind it.
    void pass_line_ends() noexcept {
        size_t ends = 0;
        const bool behind = at_ > 0;
        if (behind) --at_;
        for (; at_ < sample_.size() && line_end(sample_[at_]); ++at_, ++ends) {
            const bool pair = sample_[at_] == '\r' && at_ + 1 < sample_.size() && sample_[at_ + 1] == '\n';
            if (pair) ++at_;
            ++(pair ? pairs_ : sample_[at_] == '\n' ? line_feeds_ : carriage_returns_);
        }
        blank_lines_ += ends - (behind && ends > 0 ? 1 : 0);
    }

    std::string_view sample_;
    bool whole_;
    LooseReader reader_;
    size_t at_ = 0;  // behind the last field's delimiter or line end
    size_t records_ = 0;
    size_t blank_lines_ = 0, line_feeds_ = 0, pairs_ = 0, carriage_returns_ = 0;
};

// ---- scoring a dialect ----

struct Score {
    Dialect dialect;
    size_t records = 0;
    size_t fields = 0;                  // of most records
    size_t agreeing = 0;                // records that have so many
    size_t quoted = 0, bad_quotes = 0;  // fields that speak for the dialect's quote, and against it
    size_t pairs = 0;                   // escapes inside quotes
    double value = 0;

    double consistency() const noexcept {
        return records == 0 ? 0 : static_cast<double>(agreeing) / static_cast<double>(records);
    }
};

// What was counted on the way through the sample.
struct Tally {
    std::vector<size_t> records_of;  // by number of fields
    size_t typed_fields = 0, told_fields = 0;
    size_t all_fields = 0;
    size_t known_names = 0;  // in the first record
    size_t first_fields = 0;
};

// Counts what speaks for the dialect's quote, or for having none, and what against.
void count_quotes(const LooseField &field, Score &score) {
    bool good = field.quoted && !field.open && field.strays == 0;
    bool bad = field.open || field.strays > 0;
    if (score.dialect.quote == no_quote) {
        const size_t quote = field.text.find('"');
        good = quote != std::string_view::npos && quote > 0;
        bad = quote == 0 || field.text.starts_with('\'');
    }
    score.quoted += good ? 1 : 0;
    score.bad_quotes += bad ? 1 : 0;
}

void count_record(const std::vector<LooseField> &fields, const Request &request, Tally &tally, Score &score) {
    const size_t n = std::min(fields.size(), most_counted);
    if (tally.records_of.size() <= n) tally.records_of.resize(n + 1);
    ++tally.records_of[n];
    tally.all_fields += fields.size();
    if (score.records == 0) {
        tally.first_fields = fields.size();
        for (const LooseField &field : fields)
            tally.known_names += find_name(request.columns, field.text) >= 0 ? 1 : 0;
    }
    for (const LooseField &field : fields) {
        count_quotes(field, score);
        score.pairs += field.pairs;
        if (score.records >= most_typed) continue;
        const Kind kind = kind_of(field.text);
        tally.typed_fields += typed(kind) ? 1 : 0;
        tally.told_fields += kind != Kind::empty ? 1 : 0;
    }
    ++score.records;
}

double distance(size_t a, size_t b) noexcept {
    return static_cast<double>(a > b ? a - b : b - a);
}

double share(size_t part, size_t all) noexcept {
    return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

// The number of fields that most records have; of equals the one closest to the target's, then the larger.
size_t most_common(const Tally &tally, size_t width) noexcept {
    size_t best = 0;
    for (size_t n = 1; n < tally.records_of.size(); ++n) {
        if (tally.records_of[n] == 0) continue;
        const bool more = best == 0 || tally.records_of[n] > tally.records_of[best];
        const bool same = best != 0 && tally.records_of[n] == tally.records_of[best];
        const bool closer = width == 0 || distance(n, width) <= distance(best, width);
        if (more || (same && closer)) best = n;
    }
    return best;
}

double rate(const Score &score, const Tally &tally, const Request &request) noexcept {
    double value = score.consistency();
    const auto fields = static_cast<double>(score.fields);
    if (request.width > 0)
        value *= 0.3 + 0.7 / (1 + distance(score.fields, request.width));
    else
        value *= score.fields == 1 ? 0.35 : fields / (fields + 1);
    value *= 0.6 + 0.4 * share(tally.typed_fields, tally.told_fields);
    value *= 1 + share(tally.known_names, tally.first_fields);
    if (score.dialect.quote != no_quote) value *= 1 + 0.2 * share(score.quoted, tally.all_fields);
    value *= 1 - 0.5 * share(score.bad_quotes, score.bad_quotes + score.quoted);
    return value;
}

Score try_dialect(std::string_view sample, bool whole, Dialect dialect, const Request &request) {
    Score score{.dialect = std::move(dialect)};
    Tally tally;
    std::vector<LooseField> fields;
    RecordReader reader(sample, whole, score.dialect);
    while (score.records < most_records && reader.at() < most_bytes && reader.next(fields))
        count_record(fields, request, tally, score);
    score.fields = most_common(tally, request.width);
    if (score.fields > 0) score.agreeing = tally.records_of[score.fields];
    score.value = rate(score, tally, request);
    return score;
}

// ---- choosing ----

bool occurs(std::string_view sample, char c) noexcept {
    return sample.find(c) != std::string_view::npos;
}

// Delimiters worth a try: those that occur, and one that does not, which stands for a file of one column.
std::vector<Choice> delimiters_to_try(std::string_view sample, const Request &request) {
    if (request.delimiter) return {{*request.delimiter, 1}};
    std::vector<Choice> result;
    bool one_column = false;
    for (const Choice choice : choices) {
        if (choice.delimiter == request.quote) continue;
        const bool idle = !occurs(sample, choice.delimiter);
        if (!idle || !one_column) result.push_back(choice);
        one_column = one_column || idle;
    }
    return result;
}

// The usual quote first, which does no harm where there is none.
std::vector<char> quotes_to_try(std::string_view sample, const Request &request) {
    if (request.quote) return {*request.quote};
    std::vector<char> result{'"'};
    if (occurs(sample, '\'')) result.push_back('\'');
    if (occurs(sample, '"')) result.push_back(no_quote);
    return result;
}

std::vector<char> escapes_to_try(std::string_view sample, char quote, const Request &request) {
    if (request.escape) return {*request.escape};
    std::vector<char> result{quote};
    const std::array<char, 2> escaped{'\\', quote};
    if (sample.find(std::string_view(escaped.data(), 2)) != std::string_view::npos) result.push_back('\\');
    return result;
}

struct Ranking {
    Score best;
    double second = 0;  // the value of the best one with another delimiter
};

Ranking rank(std::string_view sample, bool whole, const Request &request) {
    Ranking ranking;
    bool first = true;
    for (const Choice choice : delimiters_to_try(sample, request))
        for (const char quote : quotes_to_try(sample, request)) {
            if (choice.delimiter == quote) continue;
            for (const char escape : escapes_to_try(sample, quote, request)) {
                Score score = try_dialect(sample, whole, {choice.delimiter, quote, escape, ""}, request);
                score.value *= choice.worth;
                const bool same = score.dialect.delimiter == ranking.best.dialect.delimiter;
                if (first || score.value > ranking.best.value) {
                    if (!first && !same) ranking.second = ranking.best.value;
                    ranking.best = std::move(score);
                    first = false;
                } else if (!same) {
                    ranking.second = std::max(ranking.second, score.value);
                }
            }
        }
    return ranking;
}

// ---- columns: kinds, null string, header ----

struct Column {
    std::array<size_t, 4> kinds{};  // by Kind, tokens left out
    std::array<size_t, null_tokens.size()> tokens{};
    Kind first = Kind::empty;  // of the first record
    size_t of(Kind kind) const noexcept { return kinds[static_cast<size_t>(kind)]; }
    size_t typed() const noexcept { return of(Kind::number) + of(Kind::temporal); }
    // Nine of ten values that are there have a type.
    bool mostly_typed() const noexcept { return typed() >= 2 && typed() >= 9 * of(Kind::text); }
};

struct Columns {
    std::vector<Column> columns;
    std::vector<std::string> first;       // fields of the first record, unquoted
    std::vector<LooseField> first_loose;  // the same as they stand in the sample
    size_t blanks = 0, delimiters = 0;
    size_t records = 0;
};

void look_at_first(const std::vector<LooseField> &fields, const Dialect &dialect, Columns &out) {
    for (const LooseField &field : fields) {
        std::string &text = out.first.emplace_back(field.text.size(), '\0');
        text.resize(unescape_loosely(field.text, dialect, text.data()));
    }
    if (fields.size() != out.columns.size()) return;
    out.first_loose = fields;
    for (size_t i = 0; i < fields.size(); ++i) out.columns[i].first = kind_of(fields[i].text);
}

void look_at_record(const std::vector<LooseField> &fields, Columns &out) {
    for (size_t i = 0; i < fields.size(); ++i) {
        Column &column = out.columns[i];
        const auto *const token =
            fields[i].quoted ? null_tokens.end() : std::ranges::find(null_tokens, trim(fields[i].text));
        if (token != null_tokens.end())
            ++column.tokens[static_cast<size_t>(token - null_tokens.begin())];
        else
            ++column.kinds[static_cast<size_t>(kind_of(fields[i].text))];
    }
}

// Reads the sample once more in the dialect that was chosen; records of another number of fields say nothing.
Columns look_at_columns(std::string_view sample, bool whole, const Score &score, Sniffed &out) {
    Columns result;
    result.columns.resize(score.fields);
    std::vector<LooseField> fields;
    RecordReader reader(sample, whole, score.dialect);
    for (; reader.next(fields); ++result.records) {
        for (size_t i = 0; i + 1 < fields.size(); ++i) {
            const size_t next = fields[i].end + 1;
            result.blanks += next < sample.size() && sample[next] == ' ' ? 1 : 0;
            ++result.delimiters;
        }
        if (result.records == 0)
            look_at_first(fields, score.dialect, result);
        else if (fields.size() == score.fields)
            look_at_record(fields, result);
    }
    out.blank_lines = reader.blank_lines();
    const std::array<size_t, 3> ends{reader.line_feeds(), reader.pairs(), reader.carriage_returns()};
    const auto kinds = std::ranges::count_if(ends, [](size_t n) { return n > 0; });
    const auto most = std::ranges::max_element(ends) - ends.begin();
    out.line_end = kinds == 0 ? LineEnd::none : kinds > 1 ? LineEnd::mixed : static_cast<LineEnd>(most + 1);
    return result;
}

// How often a token stands for NULL: in typed columns; 0 where it stands among texts too. \N is no text.
size_t times_null(const Columns &columns, size_t token) noexcept {
    size_t times = 0;
    for (const Column &column : columns.columns) {
        if (column.mostly_typed() || null_tokens[token] == "\\N")
            times += column.tokens[token];
        else if (column.tokens[token] > 0)
            return 0;
    }
    return times;
}

void find_null_string(const Columns &columns, Sniffed &out) {
    size_t empty = 0;
    for (const Column &column : columns.columns)
        if (column.mostly_typed()) empty += column.of(Kind::empty);
    size_t best = std::max<size_t>(empty, 1);
    for (size_t token = 0; token < null_tokens.size(); ++token) {
        const size_t times = times_null(columns, token);
        Dialect dialect = out.dialect;
        dialect.null_string = null_tokens[token];
        if (times <= best || !check(dialect)) continue;
        best = times;
        out.dialect = std::move(dialect);
    }
    if (!out.dialect.null_string.empty())
        out.why.push_back("null string '" + out.dialect.null_string + "': " + std::to_string(best) +
                          " times, only in columns of numbers or times");
}

// True when the first record's fields are all text, over at least one column that has a type.
bool looks_like_names(const Columns &columns) noexcept {
    if (columns.first.size() != columns.columns.size() || columns.columns.empty()) return false;
    bool over_typed = false;
    for (const Column &column : columns.columns) {
        if (column.first != Kind::text) return false;
        over_typed = over_typed || column.mostly_typed();
    }
    return over_typed;
}

std::string quoted(std::string_view text) {
    return "\"" + std::string(clip(text, 60)) + "\"";
}

void find_header(const Columns &columns, const Request &request, Sniffed &out) {
    std::vector<int> named;
    size_t unknown = 0;
    std::string_view first_unknown;
    for (const std::string &field : columns.first) {
        const int column = find_name(request.columns, field);
        const bool good = column >= 0 && std::ranges::find(named, column) == named.end();
        if (good) named.push_back(column);
        if (!good && unknown++ == 0) first_unknown = field;
    }
    if (columns.first.empty()) return;
    if (unknown == 0) {
        out.has_header = true;
        out.why.push_back("header: all " + std::to_string(named.size()) +
                          " fields of the first record name columns");
        return;
    }
    out.suspected_header = looks_like_names(columns);
    if (out.suspected_header)
        out.why.push_back(
            "no header, though the first record looks like one: " + quoted(first_unknown) + " is no column" +
            (named.empty() ? "" : ", but " + std::to_string(named.size()) + " other fields are"));
}

// ---- putting it together ----

std::string shown(char c) {
    if (c == '\t') return "tab";
    if (c == ' ') return "blank";
    return "'" + std::string(1, c) + "'";
}

void tell_dialect(const Score &score, const Request &request, Sniffed &out) {
    const std::string of = std::to_string(score.agreeing) + " of " + std::to_string(score.records) +
                           " records have " + std::to_string(score.fields) +
                           (score.fields == 1 ? " field" : " fields");
    out.why.push_back("delimiter " + shown(score.dialect.delimiter) +
                      (request.delimiter ? " (given): " : ": ") + of);
    if (!request.quote && score.dialect.quote == no_quote)
        out.why.emplace_back("no quote: quotes stand inside fields only");
    else if (!request.quote && score.quoted > 0)
        out.why.push_back("quote " + shown(score.dialect.quote) + ": " + std::to_string(score.quoted) +
                          " fields are quoted");
    if (!request.escape && score.dialect.escape == '\\')
        out.why.push_back("escape '\\': " + std::to_string(score.pairs) + " times inside quotes");
}

// What is given, and RFC 4180 for the rest, such that check() is content if it can be.
Dialect defaults(const Request &request) {
    Dialect dialect;
    if (request.delimiter) dialect.delimiter = *request.delimiter;
    if (request.quote) dialect.quote = *request.quote;
    if (!request.delimiter && dialect.quote == dialect.delimiter) dialect.delimiter = ';';
    if (!request.quote && dialect.quote == dialect.delimiter) dialect.quote = '\'';
    dialect.escape = request.escape.value_or(dialect.quote);
    dialect.null_string = request.null_string.value_or("");
    return dialect;
}

// The share of records that agree, less where another delimiter does nearly as well or records are few.
double confidence_of(const Ranking &ranking) noexcept {
    const Score &best = ranking.best;
    const double lead = best.value <= 0 ? 0 : (best.value - ranking.second) / best.value;
    const double few = best.records >= 5 ? 1 : 0.5 + 0.1 * static_cast<double>(best.records - 1);
    return best.consistency() * few * (0.5 + 0.5 * std::min(1.0, 2 * lead));
}

}  // namespace

int find_name(std::span<const std::string> columns, std::string_view field) noexcept {
    const auto index = [&columns](const auto &found) {
        return found == columns.end() ? -1 : static_cast<int>(found - columns.begin());
    };
    const auto same = [](char a, char b) {
        const auto plain = [](char c) { return c == ' ' || c == '-' ? '_' : c; };
        const char x = plain(a);
        const char y = plain(b);
        return equal_ignoring_case({&x, 1}, {&y, 1});
    };
    if (const int exact = index(std::ranges::find(columns, field)); exact >= 0) return exact;
    const int alike = index(std::ranges::find_if(
        columns, [field](const std::string &column) { return equal_ignoring_case(column, field); }));
    if (alike >= 0) return alike;
    field = trim(field);
    return index(std::ranges::find_if(columns, [field, same](const std::string &column) {
        return std::ranges::equal(column, field, same);
    }));
}

Sniffed sniff(std::string_view sample, bool whole, const Request &request) {
    Sniffed out;
    out.dialect = defaults(request);
    const std::string_view text = without_mark(sample);
    const Ranking ranking = rank(text, whole, request);
    const Score &best = ranking.best;
    if (best.records == 0 || best.fields == 0) {
        out.why.emplace_back("nothing to go by: the sample has no record");
        return out;
    }
    out.dialect.delimiter = best.dialect.delimiter;
    out.dialect.quote = best.dialect.quote;
    out.dialect.escape = best.dialect.escape;
    out.fields = best.fields;
    out.confidence = confidence_of(ranking);
    tell_dialect(best, request, out);
    Columns columns = look_at_columns(text, whole, best, out);
    find_header(columns, request, out);
    if (!out.has_header && !out.suspected_header) look_at_record(columns.first_loose, columns);
    if (!request.null_string) find_null_string(columns, out);
    if (out.dialect.delimiter != ' ' && columns.delimiters > 0 &&
        columns.blanks * 10 >= columns.delimiters * 9) {
        out.blank_after_delimiter = true;
        out.why.push_back("blank after delimiters: " + std::to_string(columns.blanks) + " of " +
                          std::to_string(columns.delimiters));
    }
    return out;
}

}  // namespace ferry::csv
