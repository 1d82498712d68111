// Files in memory for the Avro tests: a sink, a source and a writer of small files; and files on disk for
// avro-c. Hostile files are put together byte by byte with Bytes.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "core/avro/container.hpp"
#include "core/avro/wire.hpp"
#include "core/byte_stream.hpp"

namespace ferry::avro::test {

class MemorySink : public ByteSink {
  public:
    void write(std::string_view bytes) override { data += bytes; }
    std::string data;
};

// Gives at most `step` bytes at a time, as a slow file would.
class MemorySource : public ByteSource {
  public:
    explicit MemorySource(std::string_view data, size_t step = SIZE_MAX) : data_(data), step_(step) {}
    size_t read(char *to, size_t size) override {
        const size_t n = std::min({size, step_, data_.size()});
        if (n > 0) std::memcpy(to, data_.data(), n);
        data_.remove_prefix(n);
        return n;
    }

  private:
    std::string_view data_;
    size_t step_;
};

// Encoded values one after the other.
class Bytes {
  public:
    Bytes &number(int64_t value) {
        append_long(buffer_, value);
        return *this;
    }
    Bytes &text(std::string_view value) {
        append_bytes(buffer_, value);
        return *this;
    }
    Bytes &raw(std::string_view value) {
        buffer_.append(value);
        return *this;
    }
    std::string str() const { return std::string(buffer_.view()); }

  private:
    Buffer buffer_;
};

inline const std::string sync_text = "0123456789abcdef";

inline SyncMarker sync_marker() {
    SyncMarker out;
    std::copy(sync_text.begin(), sync_text.end(), out.begin());
    return out;
}

inline std::string header(std::string_view schema, std::string_view codec = "null") {
    return Bytes()
        .raw({"Obj\x01", 4})
        .number(2)
        .text("avro.schema")
        .text(schema)
        .text("avro.codec")
        .text(codec)
        .number(0)
        .raw(sync_text)
        .str();
}

inline std::string frame(int64_t rows, std::string_view data) {
    return Bytes().number(rows).text(data).raw(sync_text).str();
}

// A file on disk, gone with its object.
class ScratchFile {
  public:
    ScratchFile() { close(mkstemp(path)); }
    ScratchFile(const ScratchFile &) = delete;
    ~ScratchFile() { unlink(path); }
    std::string read() const {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void write(std::string_view data) const {
        std::ofstream out(path, std::ios::binary);
        out.write(data.data(), static_cast<std::streamsize>(data.size()));
    }
    char path[32] = "/tmp/ferry_avro_XXXXXX";
};

}  // namespace ferry::avro::test
