// Implements row_reader.hpp. open() has checked the whole text, so reading a row only cuts it at known
// borders.
#include "core/json/row_reader.hpp"

#include <algorithm>

namespace ferry::json {

RowReader::RowReader(std::vector<std::string> columns, Unknown unknown, std::vector<std::string> refused)
    : columns_(std::move(columns)), unknown_(unknown), refused_(std::move(refused)), seen_(columns_.size()) {
    for (size_t i = 0; i < columns_.size(); ++i) by_name_.emplace(columns_[i], static_cast<int>(i));
}

Status RowReader::open(std::string_view text) {
    rewind();
    rows_.clear();
    text_ = text;
    Result<std::vector<Extent>> rows = array_elements(text_);
    if (!rows) return std::move(rows).error();
    rows_ = *std::move(rows);
    return Done{};
}

void RowReader::rewind() noexcept {
    row_ = 0;
    arena_.clear();
}

size_t RowReader::next(Batch &batch, size_t limit) {
    const size_t first = batch.records.size();
    const size_t count = limit < rows_.size() - row_ ? limit : rows_.size() - row_;
    batch.fields.resize((first + count) * columns_.size());
    for (size_t i = 0; i < count; ++i) read_row(batch, batch.fields.data() + (first + i) * columns_.size());
    return count;
}

void RowReader::read_row(Batch &batch, Field *row) {
    const Extent extent = rows_[row_++];
    Record record;
    record.number = row_;
    record.offset = extent.offset;
    record.raw = std::string_view(text_).substr(extent.offset, extent.size);
    record.first_fault = static_cast<uint32_t>(batch.faults.size());
    if (record.raw.front() == '{')
        read_members(batch, row, record.raw);
    else
        batch.faults.push_back({Code::not_an_object, -1, record.raw});
    record.faults = static_cast<uint32_t>(batch.faults.size()) - record.first_fault;
    batch.records.push_back(record);
}

void RowReader::read_members(Batch &batch, Field *row, std::string_view object) {
    ++pass_;
    guess_ = 0;
    size_t at = skip_blanks(object, 1);
    while (object[at] != '}') {
        const size_t key_end = value_end(object, at);
        std::string_view key;
        const bool spelled = text_of(object.substr(at, key_end - at), key) == Escapes::fine;
        const size_t colon = skip_blanks(object, key_end);
        const size_t start = skip_blanks(object, colon + 1);
        const size_t stop = value_end(object, start);
        const int column = spelled ? column_of(key) : -1;
        if (column >= 0) {
            if (!first_time(column)) batch.faults.push_back({Code::duplicate_key, column, key});
            put(batch, row[column], column, object.substr(start, stop - start));
        } else if (unknown_ == Unknown::reject || std::ranges::find(refused_, key) != refused_.end()) {
            batch.faults.push_back({Code::unknown_key, -1, key});
        }
        at = skip_blanks(object, stop);
        if (object[at] == ',') at = skip_blanks(object, at + 1);
    }
}

void RowReader::put(Batch &batch, Field &field, int column, std::string_view token) {
    field = Field{};
    switch (token.front()) {
        case '"':
            put_string(batch, field, column, token);
            return;
        case 'n':
            field.kind = Field::Kind::null;
            return;
        case '{':
        case '[':
            field.kind = Field::Kind::json;
            break;
        default:
            field.kind = Field::Kind::literal;
    }
    field.text = field.token = token;
}

void RowReader::put_string(Batch &batch, Field &field, int column, std::string_view token) {
    std::string_view text;
    switch (text_of(token, text)) {
        case Escapes::fine:
            field.kind = Field::Kind::text;
            field.text = text;
            field.token = token;
            return;
        case Escapes::nul:
            batch.faults.push_back({Code::nul_character, column, text});
            return;
        case Escapes::lone_surrogate:
            batch.faults.push_back({Code::invalid_encoding, column, text});
            return;
    }
}

// The column of a key, or -1. Rows mostly spell their keys in one order, so the column after the last is
// tried first.
int RowReader::column_of(std::string_view key) noexcept {
    if (guess_ < columns_.size() && columns_[guess_] == key) return static_cast<int>(guess_++);
    const auto found = by_name_.find(key);
    if (found == by_name_.end()) return -1;
    guess_ = static_cast<size_t>(found->second) + 1;
    return found->second;
}

// Whether the row under way has not had the column before.
bool RowReader::first_time(int column) noexcept {
    uint64_t &seen = seen_[static_cast<size_t>(column)];
    const bool first = seen != pass_;
    seen = pass_;
    return first;
}

// The text of a string token; its inside as written where that is not text.
Escapes RowReader::text_of(std::string_view token, std::string_view &text) {
    text = token.substr(1, token.size() - 2);
    if (text.find('\\') == std::string_view::npos) return Escapes::fine;
    char *const to = arena_.reserve(text.size());
    size_t size = 0;
    const Escapes escapes = unescape(text, to, size);
    if (escapes != Escapes::fine) return escapes;
    arena_.keep(size);
    text = {to, size};
    return escapes;
}

}  // namespace ferry::json
