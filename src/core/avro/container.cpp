// Implements the reading half of container.hpp by the rules at the end of avro.md §3.6. Nothing that the file
// claims is believed before it is held against a limit, and memory grows only with bytes that really came.
#include "core/avro/container.hpp"

#include <algorithm>
#include <cstring>

namespace ferry::avro {
namespace {

constexpr size_t window_size = size_t{64} << 10;

// How much room a block gets before its bytes have come.
constexpr size_t trusted_length = size_t{1} << 20;

}  // namespace

Error place_error(Error error, const Block &block) {
    error.detail = "Block " + std::to_string(block.number) + " begins at byte " +
                   std::to_string(block.offset) + " of the file; the fault is at byte " +
                   std::to_string(error.offset) + " of its uncompressed data.";
    error.offset = block.compressed ? block.offset : block.data_offset + error.offset;
    return error;
}

ContainerReader::ContainerReader(ByteSource &source, Limits limits)
    : source_(source), limits_(limits), window_(window_size) {}

// ---- bytes ----

bool ContainerReader::fill() {
    if (window_pos_ < window_end_) return true;
    window_pos_ = 0;
    window_end_ = source_.read(window_.data(), window_.size());
    return window_end_ > 0;
}

bool ContainerReader::fail(uint64_t offset, std::string message) {
    error_ = Error{Code::corrupt_file, std::move(message), {}, {}, offset};
    tell_place(error_);
    return false;
}

void ContainerReader::tell_place(Error &error) const {
    const std::string at = " at byte " + std::to_string(error.offset) + " of the file.";
    error.detail = blocks_ == 0 ? "The fault is" + at
                                : "Block " + std::to_string(blocks_) + " begins at byte " +
                                      std::to_string(block_at_) + "; the fault is" + at;
}

bool ContainerReader::read_byte(uint8_t &out) {
    if (!fill()) return fail(offset_, "unexpected end of Avro file");
    out = static_cast<uint8_t>(window_[window_pos_++]);
    ++offset_;
    return true;
}

bool ContainerReader::read_long(int64_t &out) {
    const uint64_t start = offset_;
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        uint8_t byte = 0;
        if (!read_byte(byte)) return false;
        if (shift == 63 && byte > 1) break;
        value |= static_cast<uint64_t>(byte & 0x7F) << shift;
        if (byte < 0x80) {
            out = unzigzag(value);
            return true;
        }
    }
    return fail(start, "number longer than 64 bits in Avro file");
}

bool ContainerReader::read_exactly(char *to, size_t size) {
    while (size > 0) {
        size_t n;
        if (window_pos_ == window_end_ && size >= window_.size()) {
            n = source_.read(to, size);
            if (n == 0) return fail(offset_, "unexpected end of Avro file");
        } else {
            if (!fill()) return fail(offset_, "unexpected end of Avro file");
            n = std::min(size, window_end_ - window_pos_);
            std::memcpy(to, window_.data() + window_pos_, n);
            window_pos_ += n;
        }
        offset_ += n;
        to += n;
        size -= n;
    }
    return true;
}

bool ContainerReader::read_to(Buffer &out, size_t size) {
    out.clear();
    while (out.size() < size) {
        const size_t step = std::min(size - out.size(), std::max(trusted_length, out.size()));
        char *const to = out.reserve(step);
        if (!read_exactly(to, step)) return false;
        out.commit(to + step);
    }
    return true;
}

// ---- header ----

Status ContainerReader::open() {
    char magic[4];
    if (!read_exactly(magic, sizeof magic) || std::memcmp(magic, "Obj\x01", sizeof magic) != 0) {
        fail(0, "not an Avro container file");
        return error_;
    }
    if (!read_metadata() || !read_codec() || !read_exactly(sync_.data(), sync_.size())) return error_;
    return Done{};
}

bool ContainerReader::read_metadata() {
    header_left_ = limits_.header_bytes;
    for (;;) {
        const uint64_t at = offset_;
        int64_t count;
        if (!read_long(count)) return false;
        if (count == 0) break;
        if (count == INT64_MIN) return fail(at, "invalid count in the header of an Avro file");
        int64_t size = -1;
        if (count < 0) {
            if (!read_long(size)) return false;
            if (size < 0) return fail(at, "negative size in the header of an Avro file");
            count = -count;
        }
        const uint64_t start = offset_;
        if (!read_pairs(static_cast<uint64_t>(count))) return false;
        if (size >= 0 && offset_ - start != static_cast<uint64_t>(size))
            return fail(at, "wrong size in the header of an Avro file");
    }
    const auto schema = metadata_.find("avro.schema");
    if (schema == metadata_.end()) return fail(offset_, "Avro file has no schema");
    schema_text_ = schema->second;
    return true;
}

bool ContainerReader::read_pairs(uint64_t count) {
    for (; count > 0; --count) {
        const uint64_t at = offset_;
        std::string key;
        std::string value;
        if (!read_pair_part(key) || !read_pair_part(value)) return false;
        if (!metadata_.emplace(std::move(key), std::move(value)).second)
            return fail(at, "header of an Avro file has one key twice");
    }
    return true;
}

bool ContainerReader::read_pair_part(std::string &out) {
    const uint64_t at = offset_;
    int64_t length;
    if (!read_long(length)) return false;
    if (length < 0) return fail(at, "negative length in the header of an Avro file");
    // The entries' own overhead counts as well: a header of empty entries is as hostile as a large one.
    const uint64_t used = static_cast<uint64_t>(length) + (offset_ - at);
    if (used > header_left_)
        return fail(at, "header of an Avro file exceeds " + std::to_string(limits_.header_bytes) + " bytes");
    header_left_ -= used;
    Buffer bytes;
    if (!read_to(bytes, static_cast<size_t>(length))) return false;
    out = bytes.view();
    return true;
}

bool ContainerReader::read_codec() {
    const auto found = metadata_.find("avro.codec");
    Result<Codec> codec = find_codec(found == metadata_.end() ? "" : std::string_view(found->second));
    if (!codec) {
        error_ = codec.error();
        return false;
    }
    codec_ = *codec;
    Result<Decompressor> made = Decompressor::create(codec_);
    if (!made) {
        error_ = made.error();
        return false;
    }
    decompressor_.push_back(*std::move(made));
    return true;
}

// ---- blocks ----

Result<bool> ContainerReader::next_block(Block &block) {
    for (;;) {
        if (!fill()) return false;
        if (!read_frame(block) || !unpack(block)) return error_;
        if (block.rows > 0) return true;
    }
}

// Reads count, length, data as it stands and the sync marker.
bool ContainerReader::read_frame(Block &block) {
    block.number = ++blocks_;
    block.offset = block_at_ = offset_;
    int64_t rows;
    if (!read_long(rows)) return false;
    if (rows < 0) return fail(block.offset, "negative row count in a block of an Avro file");
    const uint64_t length_at = offset_;
    int64_t length;
    if (!read_long(length)) return false;
    if (length < 0) return fail(length_at, "negative length of a block of an Avro file");
    const size_t cap = codec_ == Codec::null ? limits_.raw_bytes : limits_.block_bytes;
    if (static_cast<uint64_t>(length) > cap)
        return fail(length_at, "block of an Avro file exceeds " + std::to_string(cap) + " bytes");
    block.rows = static_cast<uint64_t>(rows);
    block.data_offset = offset_;
    if (!read_to(payload_, static_cast<size_t>(length))) return false;
    const uint64_t sync_at = offset_;
    SyncMarker marker;
    if (!read_exactly(marker.data(), marker.size())) return false;
    if (marker != sync_) return fail(sync_at, "wrong sync marker after a block of an Avro file");
    return true;
}

// Uncompresses, and holds the row count against the bytes: a row takes none at all or at least one.
bool ContainerReader::unpack(Block &block) {
    block.compressed = codec_ != Codec::null;
    block.data = payload_.view();
    const bool nothing = block.rows == 0 && payload_.empty();
    if (block.compressed && !nothing) {
        if (Status done = decompressor_[0].decompress(payload_.view(), raw_, limits_.raw_bytes); !done) {
            error_ = done.error();
            error_.offset = block.data_offset;
            tell_place(error_);
            return false;
        }
        block.data = raw_.view();
    }
    if (block.rows == 0 && !block.data.empty())
        return fail(block.offset, "block of an Avro file has data but no rows");
    const uint64_t most = block.data.empty() ? limits_.empty_items : block.data.size();
    if (block.rows > most) return fail(block.offset, "block of an Avro file has fewer bytes than rows");
    return true;
}

}  // namespace ferry::avro
