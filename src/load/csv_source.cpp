// Implements csv_source.hpp.
#include "load/csv_source.hpp"

#include <algorithm>
#include <cstring>

#include "core/compress/gunzip.hpp"
#include "core/compress/unzstd.hpp"
#include "core/text.hpp"
#include "server/boundary.hpp"

namespace ferry {
namespace {

// Enough to find a dialect by; a longer header is read on until it is whole.
constexpr size_t first_look = size_t{256} << 10U;

std::string read_head(ByteSource &input, size_t size) {
    std::string head(size, '\0');
    size_t done = 0;
    while (done < size) {
        const size_t n = input.read(head.data() + done, size - done);
        if (n == 0) break;
        done += n;
    }
    head.resize(done);
    return head;
}

}  // namespace

std::vector<std::optional<size_t>> csv_places(std::string_view raw, const csv::Reading &reading) {
    csv::Places found;
    csv::locate_fields(raw, reading, found);
    std::vector<std::optional<size_t>> places(found.starts.begin(), found.starts.end());
    places.resize(reading.expected);
    places.push_back(found.fault);
    return places;
}

csv::Dialect dialect_in(const csv::Dialect &dialect, Encoding encoding) {
    csv::Dialect written = dialect;
    if (!single_byte(encoding)) return written;
    written.null_string.clear();
    if (!append_encoded(encoding, dialect.null_string, written.null_string)) {
        fail({Code::invalid_option,
              "null string \"" + dialect.null_string + "\" cannot be written in encoding " +
                  std::string(encoding_name(encoding)),
              "", ""});
    }
    return written;
}

size_t CsvSource::Counted::read(char *to, size_t size) {
    check_interrupts();
    const size_t n = input_.read(to, size);
    hash_.update({to, n});
    bytes_ += n;
    at_end_ = at_end_ || n == 0;
    return n;
}

size_t CsvSource::Replayed::read(char *to, size_t size) {
    if (given_ == head_.size()) return rest_.read(to, size);
    const size_t n = std::min(size, head_.size() - given_);
    std::memcpy(to, head_.data() + given_, n);
    given_ += n;
    return n;
}

CsvSource::CsvSource(ByteSource &input, CsvOptions options)
    : counted_(input), options_(std::move(options)), bytes_(&counted_) {}

// Compression is told by the first bytes, never by a name.
void CsvSource::unpack() {
    std::string head = read_head(*bytes_, compression_magic_size);
    compression_ = detect_compression(head);
    chain_.push_back(std::make_unique<Replayed>(std::move(head), *bytes_));
    if (compression_ == Compression::gzip) chain_.push_back(std::make_unique<GunzipSource>(*chain_.back()));
    if (compression_ == Compression::zstd) chain_.push_back(std::make_unique<UnzstdSource>(*chain_.back()));
    bytes_ = chain_.back().get();
    if (compression_ != Compression::none)
        findings_.push_back(compression_ == Compression::gzip ? "the input is compressed with gzip"
                                                              : "the input is compressed with zstd");
}

void CsvSource::decode() {
    std::string head = read_head(*bytes_, first_look);
    const Guess guess = guess_encoding(head, head.size() < first_look);
    encoding_ = guess.mark > 0 ? guess.encoding : options_.encoding.value_or(guess.encoding);
    if (guess.mark > 0 || !options_.encoding) findings_.push_back(guess.why);
    chain_.push_back(std::make_unique<Replayed>(std::move(head), *bytes_));
    if (is_utf16()) chain_.push_back(std::make_unique<Utf16Source>(*chain_.back(), encoding_));
    bytes_ = chain_.back().get();
}

void CsvSource::find_dialect(const std::vector<std::string> &columns) {
    if (options_.delimiter && options_.quote && options_.escape && options_.null_string) {
        dialect_ = {*options_.delimiter, *options_.quote, *options_.escape, *options_.null_string};
    } else {
        const csv::Request request{options_.delimiter,   options_.quote, options_.escape,
                                   options_.null_string, columns.size(), columns};
        const csv::Sniffed sniffed = csv::sniff(unread(), at_end_, request);
        dialect_ = sniffed.dialect;
        trims_ = sniffed.blank_after_delimiter;
        findings_.insert(findings_.end(), sniffed.why.begin(), sniffed.why.end());
    }
    done_or_fail(csv::check(dialect_));
}

// Reads at least `size` bytes more, if there are so many.
void CsvSource::read_more(size_t size) {
    if (start_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + start_, end_ - start_);
        end_ -= start_;
        start_ = 0;
    }
    buffer_.resize(std::max(buffer_.size(), end_ + size));
    while (size > 0 && !at_end_) {
        check_interrupts();
        const size_t n = bytes_->read(buffer_.data() + end_, size);
        at_end_ = n == 0;
        end_ += n;
        size -= n;
    }
}

std::vector<std::string> CsvSource::settle_columns(const std::vector<std::string> &columns,
                                                   const std::vector<std::string> &chosen) {
    unpack();
    decode();
    read_more(first_look);
    find_dialect(chosen.empty() ? columns : chosen);
    std::vector<std::string> result = match_header(columns, chosen);
    std::vector<int> mapping(result.size());
    for (size_t i = 0; i < mapping.size(); ++i) mapping[i] = static_cast<int>(i);
    splitter_ = std::make_unique<csv::Splitter>(dialect_in(dialect_, encoding_), mapping, result.size());
    splitter_->set_encoding(single_byte(encoding_) ? encoding_ : Encoding::utf8);
    splitter_->set_salvage(options_.salvage);
    splitter_->rewind(window_start_, {}, false);
    return result;
}

// The columns of the file, by its header if it has one; stands behind the header then.
std::vector<std::string> CsvSource::match_header(const std::vector<std::string> &columns,
                                                 const std::vector<std::string> &chosen) {
    csv::FirstRecord first = csv::first_record(unread(), dialect_);
    while (!at_end_ && (first.bytes == 0 || first.bytes + 2 > end_) &&
           end_ < csv::Splitter::default_max_record) {
        read_more(end_);
        first = csv::first_record(unread(), dialect_);
    }
    const bool demanded = options_.header == Header::present && chosen.empty();
    const std::string hint = "Name the columns of the file, in its order, with the option columns.";
    std::vector<std::string> named;
    bool all_known = !first.fields.empty();
    for (const std::string &raw : first.fields) {
        std::string field;
        if (!append_utf8(single_byte(encoding_) ? encoding_ : Encoding::utf8, raw, field)) {
            if (demanded)
                fail({Code::invalid_encoding,
                      "header is not valid in encoding " + std::string(encoding_name(encoding_)), "",
                      "Tell the encoding of the file with the option encoding."});
            all_known = false;
            continue;
        }
        const int found = csv::find_name(columns, field);
        const std::string name = found >= 0 ? columns[static_cast<size_t>(found)] : std::string();
        const bool again = found >= 0 && std::ranges::find(named, name) != named.end();
        if (demanded && found < 0)
            fail({Code::unknown_key,
                  "header names column \"" + std::string(clip(field, 100)) + "\", which does not exist", "",
                  hint});
        if (demanded && again)
            fail({Code::duplicate_key, "header names column \"" + name + "\" more than once", "", hint});
        all_known = all_known && found >= 0 && !again;
        if (found >= 0) named.push_back(name);
    }
    has_header_ = options_.header == Header::present || (options_.header == Header::automatic && all_known);
    if (has_header_) {
        original_offset_ = utf16_size(unread().substr(0, first.bytes));
        told_ = first.bytes;
        start_ += first.bytes;
        window_start_.offset = first.bytes;
        window_start_.line = first.lines + 1;
    }
    return !chosen.empty() ? chosen : has_header_ && all_known ? named : columns;
}

bool CsvSource::is_utf16() const noexcept {
    return encoding_ == Encoding::utf16le || encoding_ == Encoding::utf16be;
}

// Counts the original bytes up to this place of the window.
void CsvSource::tell_up_to(uint64_t offset) {
    const auto at = static_cast<size_t>(told_ - window_start_.offset);
    original_offset_ += utf16_size(unread().substr(at, static_cast<size_t>(offset - told_)));
    told_ = offset;
}

bool CsvSource::next_window(size_t size_hint) {
    if (is_utf16()) tell_up_to(splitter_->position().offset);
    start_ += splitter_->consumed();
    window_start_ = splitter_->position();
    window_original_ = original_offset_;
    window_told_ = told_;
    originals_.clear();
    if (at_end_ && start_ == end_) return false;
    const size_t have = end_ - start_;
    // What is left over after a window was consumed is an incomplete record: more must follow, however much
    // is here.
    if (!at_end_) read_more(std::max(size_hint, have));
    splitter_->feed(unread(), at_end_);
    return end_ > start_;
}

size_t CsvSource::fill(Batch &batch, size_t limit) {
    const size_t first = batch.records.size();
    const size_t count = splitter_->next(batch, limit);
    if (trims_) {
        for (size_t i = first * batch.width; i < batch.fields.size(); ++i)
            if (batch.fields[i].kind == Field::Kind::text) batch.fields[i].text = trim(batch.fields[i].text);
    }
    if (is_utf16()) tell_original(batch, first);
    return count;
}

// Records of a UTF-16 input, which were split as UTF-8, get their own bytes and offsets back.
void CsvSource::tell_original(Batch &batch, size_t first) {
    for (size_t r = first; r < batch.records.size(); ++r) {
        Record &record = batch.records[r];
        tell_up_to(record.offset);
        record.offset = original_offset_;
        originals_.push_back(std::make_unique<std::string>(utf16_bytes(record.raw, encoding_)));
        record.raw = *originals_.back();
    }
}

void CsvSource::rewind() {
    splitter_->rewind(window_start_, unread(), at_end_);
    original_offset_ = window_original_;
    told_ = window_told_;
    originals_.clear();
}

std::vector<std::optional<size_t>> CsvSource::locate(const Record &record, std::span<const Field> row) const {
    return csv_places(record.raw, {dialect_, row.size(), encoding_, options_.salvage});
}

std::string CsvSource::sha256() {
    return counted_.at_end() ? counted_.sha256() : std::string();
}

}  // namespace ferry
