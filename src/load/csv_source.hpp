// CSV bytes as a RecordSource: unpacked, put into UTF-8 where they are not, read into one buffer window by
// window and cut by the splitter. What the caller leaves open about the file is found out from its start.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/byte_stream.hpp"
#include "core/compress/detect.hpp"
#include "core/csv/locate.hpp"
#include "core/csv/sniffer.hpp"
#include "core/csv/splitter.hpp"
#include "core/encoding.hpp"
#include "load/source.hpp"
#include "server/checksum.hpp"

namespace ferry {

enum class Header : uint8_t {
    automatic,  // a first record whose fields are all names of columns
    present,
    none,
};

// The dialect in the bytes of the file, which the splitter sees before they are UTF-8. Raises 22023 for a
// null string that the encoding does not have.
csv::Dialect dialect_in(const csv::Dialect &dialect, Encoding encoding);

// RecordSource::locate for a record of CSV.
std::vector<std::optional<size_t>> csv_places(std::string_view raw, const csv::Reading &reading);

struct CsvOptions {
    // What is empty here is found out from the file.
    std::optional<char> delimiter = ',';
    std::optional<char> quote = '"';
    std::optional<char> escape = '"';
    std::optional<std::string> null_string = "";
    std::optional<Encoding> encoding = Encoding::utf8;  // a byte order mark always decides
    Header header = Header::automatic;
    bool salvage = false;  // mend records with faults of structure where that is possible
};

class CsvSource final : public RecordSource {
  public:
    // `input` outlives the source.
    CsvSource(ByteSource &input, CsvOptions options);

    // Looks at the start of the input and settles how it is written and what field goes where; stands before
    // the first load. `columns` are the table's columns that can be loaded; `chosen` the caller's list, empty
    // for none. Returns the load's columns: of the header when there is one, else the caller's, else all.
    // Raises 42703 for a header with a name that is no column, 42701 for one with a name twice, 22021 for one
    // that is no text, 22023 for a dialect that cannot be read.
    std::vector<std::string> settle_columns(const std::vector<std::string> &columns,
                                            const std::vector<std::string> &chosen);

    // Known once the columns are settled.
    const csv::Dialect &dialect() const noexcept { return dialect_; }
    Encoding encoding() const noexcept { return encoding_; }
    Compression compression() const noexcept { return compression_; }
    bool has_header() const noexcept { return has_header_; }
    // Blanks follow the delimiters and are no part of the values.
    bool trims() const noexcept { return trims_; }
    // A sentence for everything that was found out rather than told.
    const std::vector<std::string> &findings() const noexcept { return findings_; }

    bool next_window(size_t size_hint) override;
    size_t fill(Batch &batch, size_t limit) override;
    void rewind() override;
    uint64_t bytes_read() const override { return counted_.bytes(); }
    std::string sha256() override;
    std::vector<std::optional<size_t>> locate(const Record &record,
                                              std::span<const Field> row) const override;

  private:
    // The input as it lies there, counted and hashed on its way.
    class Counted final : public ByteSource {
      public:
        explicit Counted(ByteSource &input) : input_(input) {}
        size_t read(char *to, size_t size) override;
        uint64_t bytes() const noexcept { return bytes_; }
        bool at_end() const noexcept { return at_end_; }
        std::string sha256() { return hash_.finish(); }

      private:
        ByteSource &input_;
        Sha256 hash_;
        uint64_t bytes_ = 0;
        bool at_end_ = false;
    };
    // Bytes that were looked at already, then the rest.
    class Replayed final : public ByteSource {
      public:
        Replayed(std::string head, ByteSource &rest) : head_(std::move(head)), rest_(rest) {}
        size_t read(char *to, size_t size) override;

      private:
        std::string head_;
        size_t given_ = 0;
        ByteSource &rest_;
    };

    void unpack();
    void decode();
    void find_dialect(const std::vector<std::string> &columns);
    std::vector<std::string> match_header(const std::vector<std::string> &columns,
                                          const std::vector<std::string> &chosen);
    void read_more(size_t size);
    std::string_view unread() const { return {buffer_.data() + start_, end_ - start_}; }
    bool is_utf16() const noexcept;
    void tell_up_to(uint64_t offset);
    void tell_original(Batch &batch, size_t first);

    Counted counted_;
    CsvOptions options_;
    std::vector<std::unique_ptr<ByteSource>> chain_;  // each reads from the one before
    ByteSource *bytes_;                               // the last of them
    Compression compression_ = Compression::none;
    Encoding encoding_ = Encoding::utf8;
    csv::Dialect dialect_;
    std::vector<std::string> findings_;
    bool has_header_ = false;
    bool trims_ = false;

    std::unique_ptr<csv::Splitter> splitter_;
    csv::Position window_start_;
    std::vector<char> buffer_;
    size_t start_ = 0, end_ = 0;  // the window in the buffer
    bool at_end_ = false;

    // UTF-16 only: where the original stands, and records as they came.
    uint64_t original_offset_ = 0, window_original_ = 0;
    uint64_t told_ = 0, window_told_ = 0;  // bytes of UTF-8 that original_offset_ stands for
    std::vector<std::unique_ptr<std::string>> originals_;
};

}  // namespace ferry
