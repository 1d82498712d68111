// The Avro files of one backup as one RecordSource, read in order and each with its own schema.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/avro_source.hpp"
#include "server/files.hpp"

namespace ferry {

// An Avro file as it is given to us: a name in the folder of backups, a path, or the bytes themselves, which
// the caller keeps for as long as they are read.
struct AvroInput {
    AvroInput(std::string file) : name(std::move(file)) {}
    explicit AvroInput(std::string_view content) : bytes(content) {}

    std::string name;  // empty for bytes
    std::optional<std::string_view> bytes;
};

// One Avro file, open and with its schema read. Raises 22P03 for a damaged header.
struct OpenPart {
    explicit OpenPart(const AvroInput &input);

    std::unique_ptr<ByteSource> bytes;
    avro::ContainerReader reader;
    avro::Schema schema;
};

// SHA-256 of such a file.
std::string hash_file(const AvroInput &input);

class PartsSource final : public RecordSource {
  public:
    // `files` are the parts of one backup, or any one file. `mappings` has, per file, what AvroSource
    // wants: per field of the file the load's column, or -1; `columns` are the load's columns. `changes` are
    // those of each file's values, or empty.
    PartsSource(std::vector<AvroInput> files, std::vector<std::vector<int>> mappings,
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

    std::vector<AvroInput> files_;
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
