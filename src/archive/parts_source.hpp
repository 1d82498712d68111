// The Avro files of one backup as one RecordSource, read in order and each with its own schema.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "archive/avro_source.hpp"
#include "server/files.hpp"

namespace ferry {

// One Avro file, open and with its schema read. Raises 22P03 for a damaged header.
struct OpenPart {
    explicit OpenPart(const std::string &name);

    InputFile file;
    avro::ContainerReader reader;
    avro::Schema schema;
};

// SHA-256 of such a file.
std::string hash_file(const std::string &name);

class PartsSource final : public RecordSource {
  public:
    // `files` are names in the folder of backups, or one path. `mappings` has, per file, what AvroSource
    // wants: per field of the file the load's column, or -1; `columns` are the load's columns. `changes` are
    // those of each file's values, or empty.
    PartsSource(std::vector<std::string> files, std::vector<std::vector<int>> mappings,
                std::vector<avro::Column> columns, std::string sha256,
                std::vector<ValueChanges> changes = {});

    bool next_window(size_t size_hint) override;
    size_t fill(Batch &batch, size_t limit) override;
    void rewind() override { source_->rewind(); }
    uint64_t bytes_read() const override { return bytes_before_ + source_->bytes_read(); }
    std::string sha256() override { return sha256_; }

    // The file that the window is of, as a position among them.
    size_t part() const noexcept { return part_; }

  private:
    void open();

    std::vector<std::string> files_;
    std::vector<std::vector<int>> mappings_;
    std::vector<avro::Column> columns_;
    std::string sha256_;
    std::vector<ValueChanges> changes_;
    size_t part_ = 0;
    std::unique_ptr<OpenPart> open_;
    std::unique_ptr<AvroSource> source_;
    uint64_t bytes_before_ = 0, rows_before_ = 0, rows_in_part_ = 0;
};

}  // namespace ferry
