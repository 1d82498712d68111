// The open rejects of a load as a RecordSource: each row is read on its own, so that none swallows its
// neighbour, and keeps the number, line and offset that it had in its file. They come from a cursor, window
// by window.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/csv/splitter.hpp"
#include "core/json/row_reader.hpp"
#include "load/logged_load.hpp"
#include "load/source.hpp"
#include "server/cursor.hpp"

namespace ferry {

// What kind of number a column takes.
enum class Numbers : uint8_t { none, whole, any };

// What a replay reads otherwise than the load did.
struct FieldMending {
    std::vector<std::string> also_null;  // texts that are NULL as well, quoted or not
    std::optional<char> decimal;         // mark of numbers that are not written as SQL writes them
    std::vector<Numbers> numbers;        // by column of the load: where `decimal` counts
};

// Rejects of a load: the open ones, or one of them whatever became of it. Rows that were not kept are passed
// over.
struct ChosenRejects {
    int64_t load_id;
    std::optional<int64_t> only = {};  // its reject_id
};

// A refused row as the log holds it.
struct LoggedRow {
    uint64_t number, line, offset;
    std::string raw;   // as it came
    std::string text;  // CSV only: in UTF-8 and with a line end, as the splitter takes it
};

class ReplaySource : public RecordSource {
  public:
    // Opens the cursor: rejects that come later are not part of the replay.
    ReplaySource(ChosenRejects rejects, FieldMending mending);

    bool next_window(size_t size_hint) override;
    void rewind() override { next_ = 0; }
    uint64_t bytes_read() const override { return bytes_; }
    // The last call in a transaction that goes on.
    void close() { rows_->close(); }

  protected:
    // A window was read.
    virtual void open_window() {}
    // Changes the batch's fields from this row on as the mending says.
    void mend(Batch &batch, size_t first);
    // A copy that lasts as long as the window.
    std::string_view keep(std::string_view text);

    std::vector<LoggedRow> window_;
    size_t next_ = 0;  // the row of the window that is read next

  private:
    std::unique_ptr<Cursor> rows_;
    FieldMending mending_;
    uint64_t bytes_ = 0;
    value::Arena kept_;
};

class CsvReplaySource final : public ReplaySource {
  public:
    // `load` says how the rows are written, with the caller's changes; it outlives the source.
    CsvReplaySource(const LoggedLoad &load, FieldMending mending, std::optional<int64_t> only = {});

    size_t fill(Batch &batch, size_t limit) override;
    void rewind() override;
    std::vector<std::optional<size_t>> locate(const Record &record,
                                              std::span<const Field> row) const override;
    // True when what was one row for the load became several.
    bool splits() const noexcept { return splits_; }

  private:
    bool is_utf16() const noexcept {
        return load_.encoding == Encoding::utf16le || load_.encoding == Encoding::utf16be;
    }
    void begin_row(LoggedRow &row);
    std::string_view whole_row() const;
    bool read_record(Batch &batch);
    void keep_texts(Batch &batch, size_t record, size_t repairs);
    void tell_original(Record &record, bool whole);

    const LoggedLoad &load_;
    csv::Splitter splitter_;
    bool inside_ = false;  // in the row under way
    bool splits_ = false;
};

class JsonReplaySource final : public ReplaySource {
  public:
    // The rows' keys are names of these columns.
    JsonReplaySource(const LoggedLoad &load, std::vector<std::string> columns, FieldMending mending,
                     std::optional<int64_t> only = {});

    size_t fill(Batch &batch, size_t limit) override;
    void rewind() override;

  private:
    void open_window() override;

    json::RowReader reader_;
};

}  // namespace ferry
