// The rows of a backup as they stand in its files, block by block and each with its place: for looking at
// them without loading them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/manifest.hpp"
#include "archive/parts_source.hpp"
#include "archive/value_changes.hpp"
#include "core/avro/decoder.hpp"

namespace ferry {

class BackupRows {
  public:
    explicit BackupRows(const Manifest &manifest) : manifest_(manifest) {}

    // Opens the next part; false behind the last one. Raises 22P03, 58P01 and what else files may be.
    bool next_part();
    const avro::Schema &schema() const { return open_->schema; }
    // Says which of these columns takes each field, or -1, and what its values need before; or that values
    // come as the table gave them, one for each field. Stands between next_part() and next_rows().
    void map(const std::vector<int> &mapping, const std::vector<avro::Column> &columns, ValueChanges changes);
    void map_as_written();
    // Replaces `batch` by the next rows, all of one block and at most `limit`; false at the part's end.
    // Raises 22P03 with the offset in the file.
    bool next_rows(Batch &batch, size_t limit);

    const Manifest &manifest() const noexcept { return manifest_; }
    // Where it stands.
    size_t part_number() const noexcept { return next_ - 1; }  // from 0
    const ManifestPart &part() const { return manifest_.parts[part_number()]; }
    uint64_t block() const noexcept { return block_.number; }
    uint64_t offset() const noexcept { return block_.offset; }
    uint64_t rows_in_part() const noexcept { return rows_; }

  private:
    const Manifest &manifest_;
    size_t next_ = 0;  // part to be opened next
    std::unique_ptr<OpenPart> open_;
    std::optional<avro::RowDecoder> decoder_;
    ValueChanges changes_;
    size_t width_ = 0;
    bool as_written_ = false;
    avro::Block block_;
    std::optional<avro::Cursor> cursor_;  // in the block, while rows are left in it
    uint64_t left_ = 0, rows_ = 0, rows_before_ = 0;
};

}  // namespace ferry
