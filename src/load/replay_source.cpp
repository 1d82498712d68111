// Implements replay_source.hpp. The statement names every operator with its schema: it runs with rights that
// are not the caller's.
#include "load/replay_source.hpp"

#include <algorithm>
#include <cstring>

#include "core/text.hpp"
#include "core/value/number_format.hpp"
#include "load/csv_source.hpp"
#include "load/log_owner.hpp"

namespace ferry {
namespace {

enum Column : uint8_t { number_column, line_column, offset_column, raw_column };

std::unique_ptr<Cursor> select_rows(ChosenRejects rejects) {
    const AsLogOwner rights;
    const std::vector<SqlArgument> arguments{bigint_argument(rejects.only.value_or(rejects.load_id))};
    const std::string which = rejects.only ? "r.reject_id OPERATOR(pg_catalog.=) $1 "
                                           : "r.load_id OPERATOR(pg_catalog.=) $1 "
                                             "AND r.status OPERATOR(pg_catalog.=) 'open' ";
    return std::make_unique<Cursor>(
        "SELECT r.record_number, r.line_number, r.byte_offset, r.raw FROM ferry.rejects r WHERE " + which +
            "AND r.raw IS NOT NULL ORDER BY r.reject_id",
        arguments);
}

// One field too few for a row of nothing: it is told as a fault, never passed over.
void append_nothing(Batch &batch, const LoggedRow &row, std::string_view raw) {
    Record record;
    record.number = row.number;
    record.line = row.line;
    record.offset = row.offset;
    record.raw = raw;
    record.first_fault = static_cast<uint32_t>(batch.faults.size());
    record.faults = 1;
    batch.faults.push_back({Code::too_few_fields, -1, record.raw});
    batch.records.push_back(record);
    batch.fields.resize(batch.fields.size() + batch.width);
}

std::string utf16_text(const std::string &raw, Encoding encoding) {
    class Bytes final : public ByteSource {
      public:
        explicit Bytes(std::string_view bytes) : left_(bytes) {}
        size_t read(char *to, size_t size) override {
            const size_t n = std::min(size, left_.size());
            std::memcpy(to, left_.data(), n);
            left_.remove_prefix(n);
            return n;
        }

      private:
        std::string_view left_;
    };
    Bytes bytes(raw);
    Utf16Source source(bytes, encoding);
    std::string text(max_utf8_size(raw.size()) + 4, '\0');
    size_t size = 0;
    while (const size_t n = source.read(text.data() + size, text.size() - size)) size += n;
    text.resize(size);
    return text;
}

std::vector<int> one_to_one(size_t width) {
    std::vector<int> mapping(width);
    for (size_t i = 0; i < width; ++i) mapping[i] = static_cast<int>(i);
    return mapping;
}

}  // namespace

ReplaySource::ReplaySource(ChosenRejects rejects, FieldMending mending)
    : rows_(select_rows(rejects)), mending_(std::move(mending)) {}

bool ReplaySource::next_window(size_t size_hint) {
    window_.clear();
    kept_.clear();
    next_ = 0;
    for (size_t size = 0; size < size_hint && rows_->next();) {
        LoggedRow &row = window_.emplace_back();
        row.number = static_cast<uint64_t>(rows_->number(number_column));
        row.line = static_cast<uint64_t>(rows_->number(line_column));
        row.offset = static_cast<uint64_t>(rows_->number(offset_column));
        row.raw = rows_->bytes(raw_column);
        size += row.raw.size() + sizeof row;
        bytes_ += row.raw.size();
        check_interrupts();
    }
    if (window_.empty()) return false;
    open_window();
    return true;
}

std::string_view ReplaySource::keep(std::string_view text) {
    if (text.empty()) return text;
    char *const to = kept_.reserve(text.size());
    std::memcpy(to, text.data(), text.size());
    kept_.keep(text.size());
    return {to, text.size()};
}

void ReplaySource::mend(Batch &batch, size_t first) {
    if (mending_.also_null.empty() && !mending_.decimal) return;
    std::string number;
    for (size_t i = first * batch.width; i < batch.fields.size(); ++i) {
        Field &field = batch.fields[i];
        if (field.kind != Field::Kind::text) continue;
        if (std::ranges::find(mending_.also_null, field.text) != mending_.also_null.end()) {
            field = {};
            field.kind = Field::Kind::null;
        } else if (mending_.decimal && mending_.numbers[i % batch.width] != Numbers::none &&
                   value::read_number(field.text, *mending_.decimal, number)) {
            if (mending_.numbers[i % batch.width] == Numbers::whole) value::drop_empty_fraction(number);
            field.text = keep(number);
        }
    }
}

CsvReplaySource::CsvReplaySource(const LoggedLoad &load, FieldMending mending, std::optional<int64_t> only)
    : ReplaySource({load.load_id, only}, std::move(mending)),
      load_(load),
      // A record that was too long is logged cut at the limit, and must not pass for a whole one.
      splitter_(dialect_in(load.dialect, load.encoding), one_to_one(load.columns.size()), load.columns.size(),
                csv::Splitter::default_max_record - 1) {
    splitter_.set_encoding(single_byte(load.encoding) ? load.encoding : Encoding::utf8);
    splitter_.set_salvage(load.salvage);
}

void CsvReplaySource::rewind() {
    ReplaySource::rewind();
    inside_ = false;
}

size_t CsvReplaySource::fill(Batch &batch, size_t limit) {
    const size_t first = batch.records.size();
    while (batch.records.size() - first < limit && next_ < window_.size()) {
        check_interrupts();
        if (!inside_) begin_row(window_[next_]);
        if (!read_record(batch)) {
            inside_ = false;
            ++next_;
        }
    }
    if (load_.trims) {
        for (size_t i = first * batch.width; i < batch.fields.size(); ++i)
            if (batch.fields[i].kind == Field::Kind::text) batch.fields[i].text = trim(batch.fields[i].text);
    }
    mend(batch, first);
    return batch.records.size() - first;
}

// The line end makes a row of its own even of an empty one.
void CsvReplaySource::begin_row(LoggedRow &row) {
    if (row.text.empty()) {
        row.text = is_utf16() ? utf16_text(row.raw, load_.encoding) : std::move(row.raw);
        row.text += '\n';
    }
    const csv::Position position{.record = row.number - 1, .line = row.line, .offset = row.offset};
    splitter_.rewind(position, row.text, true);
    inside_ = true;
}

// The row under way as it came.
std::string_view CsvReplaySource::whole_row() const {
    const LoggedRow &row = window_[next_];
    return is_utf16() ? std::string_view(row.raw) : std::string_view(row.text).substr(0, row.text.size() - 1);
}

// Reads one record of the row under way. False at its end.
bool CsvReplaySource::read_record(Batch &batch) {
    LoggedRow &row = window_[next_];
    const bool first = splitter_.consumed() == 0;
    const size_t record = batch.records.size();
    const size_t repairs = batch.repairs.size();
    if (splitter_.next(batch, 1) == 0) {
        if (first) append_nothing(batch, row, whole_row());
        return false;
    }
    const bool whole = first && splitter_.consumed() >= row.text.size();
    splits_ = splits_ || !whole;
    keep_texts(batch, record, repairs);
    tell_original(batch.records[record], whole);
    return splitter_.consumed() < row.text.size();
}

// The splitter forgets what it unquoted when it goes on to the next row.
void CsvReplaySource::keep_texts(Batch &batch, size_t record, size_t repairs) {
    const std::string_view text = window_[next_].text;
    for (Field &field : batch.row(record))
        if (field.kind == Field::Kind::text && !offset_within(text, field.text))
            field.text = keep(field.text);
    for (size_t i = repairs; i < batch.repairs.size(); ++i)
        batch.repairs[i].text = keep(batch.repairs[i].text);
}

// A record of a row that was split has its own place in the file, and all the bytes that it came with.
void CsvReplaySource::tell_original(Record &record, bool whole) {
    const LoggedRow &row = window_[next_];
    record.number = row.number;
    if (whole) {
        record.raw = whole_row();
    } else if (is_utf16()) {
        const std::string_view before =
            std::string_view(row.text).substr(0, static_cast<size_t>(record.offset - row.offset));
        record.offset = row.offset + utf16_size(before);
        record.raw = keep(utf16_bytes(record.raw, load_.encoding));
    }
}

std::vector<std::optional<size_t>> CsvReplaySource::locate(const Record &record,
                                                           std::span<const Field> row) const {
    return csv_places(record.raw, {load_.dialect, row.size(), load_.encoding, load_.salvage});
}

JsonReplaySource::JsonReplaySource(const LoggedLoad &load, std::vector<std::string> columns,
                                   FieldMending mending, std::optional<int64_t> only)
    : ReplaySource({load.load_id, only}, std::move(mending)),
      reader_(std::move(columns), load.ignores_unknown ? json::Unknown::ignore : json::Unknown::reject) {}

void JsonReplaySource::open_window() {
    std::string text = "[";
    for (const LoggedRow &row : window_) text += (text.size() == 1 ? "" : ",") + row.raw;
    text += "]";
    done_or_fail(reader_.open(text));
}

size_t JsonReplaySource::fill(Batch &batch, size_t limit) {
    const size_t first = batch.records.size();
    const size_t count = reader_.next(batch, limit);
    for (size_t i = first; i < first + count; ++i, ++next_) {
        batch.records[i].number = window_[next_].number;
        batch.records[i].offset = window_[next_].offset;
    }
    mend(batch, first);
    return count;
}

void JsonReplaySource::rewind() {
    ReplaySource::rewind();
    reader_.rewind();
}

}  // namespace ferry
