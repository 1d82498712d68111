// Rows into the Avro files of a backup: a value that its column's Avro type cannot hold ends the file and
// opens the next one with a wider schema, so that ordinary tables keep the plain one and nothing is read
// twice.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/avro/codec.hpp"
#include "core/avro/container.hpp"
#include "core/avro/encoder.hpp"
#include "core/content_hash.hpp"
#include "server/staged_files.hpp"

namespace ferry {

// What all parts of a backup share.
struct PartPlan {
    std::string stage;  // id of the Stage that publishes them
    std::string file;   // name of the backup
    avro::Codec codec = avro::Codec::deflate;
    int level = avro::default_level;
    size_t block_size = size_t{128} << 10U;
    avro::Metadata metadata;  // of each file
};

// A finished part. Plain data: it travels between processes.
struct PartFacts {
    uint32_t table;             // position among the tables that are backed up together
    uint32_t stream, sequence;  // which of the writers, and its how manieth part
    uint64_t rows, bytes;
    char sha256[65], fingerprint[17];
    ContentHash hash;
};
// The name under which it waits for its publication.
std::string staged_name(const PartPlan &plan, const PartFacts &part);

// Where finished parts are told of.
class PartList {
  public:
    virtual ~PartList() = default;
    virtual void add(const PartFacts &part) = 0;
};

// One stream of rows. Memory: a block and its compressed form.
class PartWriter {
  public:
    // A part is begun with its first row. `plan`, `list` outlive the writer; `table_number` and `stream` go
    // into the facts.
    PartWriter(const PartPlan &plan, avro::Table table, uint32_t table_number, uint32_t stream,
               PartList &list);

    void add(std::span<const Field> row) {
        if (!part_) open();
        int misfit;
        while ((misfit = part_->encoder.encode(row, part_->writer.block())) >= 0)
            widen(static_cast<size_t>(misfit));
        part_->hash.add(row);
        done_or_fail(part_->writer.row_done());
    }
    // Ends the last part. Where there was no row at all, there is one part without rows if `keep_empty` says
    // so.
    void finish(bool keep_empty);
    // Written to disk so far, of all its parts.
    uint64_t bytes() const noexcept { return closed_bytes_ + (part_ ? part_->file.bytes() : 0); }

  private:
    struct Part {
        Part(const PartPlan &plan, const avro::Table &table, const std::string &tag);
        StagedFile file;
        std::string fingerprint;
        avro::ContainerWriter writer;
        avro::RowEncoder encoder;
        ContentHash hash;
    };

    void open();
    void close();
    void widen(size_t column);

    const PartPlan &plan_;
    avro::Table table_;
    uint32_t table_number_, stream_, sequence_ = 0;
    PartList &list_;
    std::optional<Part> part_;
    uint64_t closed_bytes_ = 0;
};

// Of a schema of our own.
std::string fingerprint_of(const std::string &schema_json);

}  // namespace ferry
