// Reads gzip (RFC 1952) as the bytes that were compressed, every member of the file and its checksum
// included. Memory is constant, so a file that expands a thousandfold costs time, which can be cancelled, and
// nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/byte_stream.hpp"

struct z_stream_s;

namespace ferry {

// Throws StreamError with Code::corrupt_file, the offset in the compressed input and, where zlib has one, its
// reason, for bytes that are not gzip, a wrong checksum or length, and an input that ends inside a member or
// is empty. Zeros after the last member are padding; any other bytes there are damage. What was read before
// the damage has been given already. After an exception only destruction is allowed.
class GunzipSource final : public ByteSource {
  public:
    // `input` outlives the source and stands at the first byte of the gzip file.
    explicit GunzipSource(ByteSource &input);
    ~GunzipSource() override;
    GunzipSource(const GunzipSource &) = delete;
    GunzipSource &operator=(const GunzipSource &) = delete;

    size_t read(char *to, size_t size) override;

  private:
    bool refill();
    bool start_member();
    [[noreturn]] void fail(std::string message, const char *reason = nullptr) const;

    ByteSource &input_;
    std::unique_ptr<z_stream_s> zlib_;
    std::vector<char> buffer_;
    uint64_t taken_ = 0;  // bytes of the input that were read, those still in the buffer included
    bool in_member_ = false, any_member_ = false, padding_ = false;
};

}  // namespace ferry
