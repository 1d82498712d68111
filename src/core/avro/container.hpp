// Avro object container files (specification, "Object Container Files"): header, blocks and sync markers,
// written to a ByteSink and read from a ByteSource. Rows are made by RowEncoder and read by RowDecoder.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/avro/codec.hpp"
#include "core/avro/limits.hpp"
#include "core/avro/wire.hpp"
#include "core/byte_stream.hpp"
#include "core/result.hpp"

namespace ferry::avro {

using SyncMarker = std::array<char, 16>;
using Metadata = std::map<std::string, std::string, std::less<>>;

struct WriterOptions {
    std::string schema_json;  // goes into the header verbatim
    Metadata metadata;        // further entries, "pg_ferry.…"; keys in "avro." belong to the format
    SyncMarker sync{};        // strong random bytes
    size_t block_size = size_t{128} << 10;  // uncompressed bytes after which a block ends
};

// Writes one file. Rows are appended to block(), each followed by row_done(). Memory: one block and its
// compressed form; a row larger than a block makes one oversized block. The sink must outlive the writer.
class ContainerWriter {
  public:
    ContainerWriter(ByteSink &sink, Compressor compressor, WriterOptions options);

    // Writes the header; call it once, before everything else.
    void begin();
    // Where the next row's bytes are appended.
    Buffer &block() noexcept { return block_; }
    // A row is complete in block().
    Status row_done() {
        ++rows_in_block_;
        ++rows_;
        if (block_.size() < options_.block_size && rows_in_block_ < max_rows_per_block) return Done{};
        return flush();
    }
    // Ends the block early, if it has rows. Blocks are never empty: some readers take one for the end.
    Status flush();
    // Writes what is left. The writer is of no use afterwards.
    Status finish() { return flush(); }

    uint64_t rows() const noexcept { return rows_; }
    uint64_t blocks() const noexcept { return blocks_; }
    // Bytes given to the sink so far.
    uint64_t bytes() const noexcept { return bytes_; }

  private:
    // Rows without any bytes (tables without columns) end a block by number.
    static constexpr uint64_t max_rows_per_block = 1U << 20;

    void write(std::string_view bytes);

    ByteSink &sink_;
    Compressor compressor_;
    WriterOptions options_;
    Buffer block_, packed_;
    uint64_t rows_in_block_ = 0;
    uint64_t rows_ = 0;
    uint64_t blocks_ = 0;
    uint64_t bytes_ = 0;
};

// One block, verified and uncompressed.
struct Block {
    uint64_t number = 0;       // 1-based, skipped empty blocks included
    uint64_t rows = 0;         // at least 1
    uint64_t offset = 0;       // of the block's first byte in the file
    uint64_t data_offset = 0;  // of its data as it stands in the file
    bool compressed = false;
    std::string_view data;  // uncompressed; valid until the reader's next call

    // A cursor on the rows. Its offsets count from the start of the data.
    Cursor cursor() const noexcept { return Cursor(data); }
};

// Turns an error with an offset inside a block's data into one with an offset in the file. In a compressed
// block that is the block itself; the detail tells the block and the byte within its data.
Error place_error(Error error, const Block &block);

// Reads one file from its start. Every fault is Code::corrupt_file with the offset in the file, except codecs
// that we do not have. The source must outlive the reader.
class ContainerReader {
  public:
    explicit ContainerReader(ByteSource &source, Limits limits = {});

    // Reads the header; call it once, before everything else.
    Status open();

    const std::string &schema_text() const noexcept { return schema_text_; }
    const Metadata &metadata() const noexcept { return metadata_; }
    Codec codec() const noexcept { return codec_; }
    const SyncMarker &sync() const noexcept { return sync_; }

    // The next block with rows; false at the end, which may come only where a block ends. The sync marker has
    // been verified before a block is handed out.
    Result<bool> next_block(Block &block);

    // Bytes of the file read so far.
    uint64_t offset() const noexcept { return offset_; }

  private:
    bool fill();
    bool read_byte(uint8_t &out);
    bool read_long(int64_t &out);
    bool read_exactly(char *to, size_t size);
    bool read_to(Buffer &out, size_t size);
    bool fail(uint64_t offset, std::string message);
    void tell_place(Error &error) const;

    bool read_metadata();
    bool read_pairs(uint64_t count);
    bool read_pair_part(std::string &out);
    bool read_codec();
    bool read_frame(Block &block);
    bool unpack(Block &block);

    ByteSource &source_;
    Limits limits_;
    std::vector<char> window_;
    size_t window_pos_ = 0, window_end_ = 0;
    uint64_t offset_ = 0;
    uint64_t header_left_ = 0;
    Error error_;

    Metadata metadata_;
    std::string schema_text_;
    SyncMarker sync_{};
    Codec codec_ = Codec::null;
    std::vector<Decompressor> decompressor_;  // none or one
    Buffer payload_, raw_;
    uint64_t blocks_ = 0, block_at_ = 0;
};

}  // namespace ferry::avro
