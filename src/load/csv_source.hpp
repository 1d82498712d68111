// CSV bytes as a RecordSource: reads them into one buffer window by window, hands the window to the splitter
// and keeps the incomplete record at its end for the next.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/byte_stream.hpp"
#include "core/csv/splitter.hpp"
#include "load/source.hpp"
#include "server/checksum.hpp"

namespace ferry {

enum class Header : uint8_t {
    automatic,  // a first record whose fields are all names of columns
    present,
    none,
};

class CsvSource final : public RecordSource {
  public:
    // `input` outlives the source. The dialect has passed csv::check().
    CsvSource(ByteSource &input, csv::Dialect dialect);

    // Looks at the first record and settles what field goes where; stands before the first load. `columns`
    // are the table's columns that can be loaded; `chosen` the caller's list, empty for none. Returns the
    // load's columns: of the header when there is one, else the caller's, else all. A header with a name that
    // is no column raises 42703.
    std::vector<std::string> settle_columns(Header header, const std::vector<std::string> &columns,
                                            const std::vector<std::string> &chosen);

    // Whether a header was found and skipped.
    bool has_header() const noexcept { return has_header_; }

    bool next_window(size_t size_hint) override;
    size_t fill(Batch &batch, size_t limit) override { return splitter_->next(batch, limit); }
    void rewind() override;
    uint64_t bytes_read() const override;
    std::string sha256() override;

  private:
    void read_more(size_t size);
    std::string_view unread() const { return {buffer_.data() + start_, end_ - start_}; }

    ByteSource &input_;
    csv::Dialect dialect_;
    std::unique_ptr<csv::Splitter> splitter_;
    csv::Position window_start_;
    std::vector<char> buffer_;
    size_t start_ = 0, end_ = 0;  // the window in the buffer
    bool at_end_ = false;
    bool has_header_ = false;
    Sha256 hash_;
};

}  // namespace ferry
