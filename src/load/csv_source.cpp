// Implements csv_source.hpp.
#include "load/csv_source.hpp"

#include <algorithm>
#include <cstring>

#include "core/text.hpp"
#include "server/boundary.hpp"

namespace ferry {
namespace {

// Enough for the first record of any sane file; a longer header is read on until it is whole.
constexpr size_t first_look = size_t{64} << 10U;

const std::string *find_column(const std::vector<std::string> &columns, std::string_view name) {
    const auto exact = std::ranges::find(columns, name);
    if (exact != columns.end()) return &*exact;
    const auto alike = std::ranges::find_if(
        columns, [&](const std::string &column) { return equal_ignoring_case(column, name); });
    return alike != columns.end() ? &*alike : nullptr;
}

}  // namespace

CsvSource::CsvSource(ByteSource &input, csv::Dialect dialect) : input_(input), dialect_(std::move(dialect)) {}

void CsvSource::read_more(size_t size) {
    if (start_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + start_, end_ - start_);
        end_ -= start_;
        start_ = 0;
    }
    buffer_.resize(std::max(buffer_.size(), end_ + size));
    while (size > 0 && !at_end_) {
        check_interrupts();
        const size_t n = input_.read(buffer_.data() + end_, size);
        hash_.update({buffer_.data() + end_, n});
        at_end_ = n == 0;
        end_ += n;
        size -= n;
    }
}

std::vector<std::string> CsvSource::settle_columns(Header header, const std::vector<std::string> &columns,
                                                   const std::vector<std::string> &chosen) {
    csv::FirstRecord first;
    do {
        read_more(first_look);
        first = csv::first_record(unread(), dialect_);
    } while (!at_end_ && (first.bytes == 0 || first.bytes + 2 > end_) &&
             end_ < csv::Splitter::default_max_record);

    std::vector<std::string> named;
    bool all_known = !first.fields.empty();
    for (const std::string &field : first.fields) {
        const std::string *column = find_column(columns, trim(field));
        const bool again = column != nullptr && std::ranges::find(named, *column) != named.end();
        all_known = all_known && column != nullptr && !again;
        if (again && header == Header::present && chosen.empty()) {
            fail({Code::duplicate_key, "header names column \"" + *column + "\" more than once", "",
                  "Name the columns of the file, in its order, with the option columns."});
        }
        if (column != nullptr) named.push_back(*column);
        if (column == nullptr && header == Header::present && chosen.empty()) {
            fail({Code::unknown_key,
                  "header names column \"" + std::string(clip(field, 100)) + "\", which does not exist", "",
                  "Name the columns of the file, in its order, with the option columns."});
        }
    }
    const bool skip = header == Header::present || (header == Header::automatic && all_known);
    std::vector<std::string> result = !chosen.empty() ? chosen : skip && all_known ? named : columns;

    std::vector<int> mapping(result.size());
    for (size_t i = 0; i < mapping.size(); ++i) mapping[i] = static_cast<int>(i);
    splitter_ = std::make_unique<csv::Splitter>(dialect_, mapping, result.size());
    has_header_ = skip;
    if (skip) {
        start_ += first.bytes;
        window_start_.offset = first.bytes;
        window_start_.line = first.lines + 1;
    }
    splitter_->rewind(window_start_, {}, false);
    return result;
}

bool CsvSource::next_window(size_t size_hint) {
    start_ += splitter_->consumed();
    window_start_ = splitter_->position();
    if (at_end_ && start_ == end_) return false;
    const size_t have = end_ - start_;
    // What is left over after a window was consumed is an incomplete record: more must follow, however much
    // is here.
    if (!at_end_) read_more(std::max(size_hint, have));
    splitter_->feed(unread(), at_end_);
    return end_ > start_;
}

void CsvSource::rewind() {
    splitter_->rewind(window_start_, unread(), at_end_);
}

uint64_t CsvSource::bytes_read() const {
    return splitter_->position().offset;
}

std::string CsvSource::sha256() {
    return at_end_ ? hash_.finish() : std::string();
}

}  // namespace ferry
