// Where bytes come from and go to, as seen by core: files, values and large objects behind one narrow door.
// Implementations live in the server's rooms and may throw a server error through core, which holds only RAII
// objects.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "core/result.hpp"

namespace ferry {

// What a source of core throws when its stream is damaged and nothing more can be had from it: read() can say
// only "so many bytes" or "the end", and a damaged stream told as its end would be rows lost in silence.
struct StreamError {
    Error error;
};

class ByteSource {
  public:
    virtual ~ByteSource() = default;
    // Reads at most `size` bytes (size > 0) to `to` and returns how many; 0 only at the end.
    virtual size_t read(char *to, size_t size) = 0;
};

// Bytes that are somebody else's, who keeps them for as long as they are read.
class ViewSource final : public ByteSource {
  public:
    explicit ViewSource(std::string_view bytes) noexcept : left_(bytes) {}
    size_t read(char *to, size_t size) override {
        const size_t n = std::min(size, left_.size());
        std::memcpy(to, left_.data(), n);
        left_.remove_prefix(n);
        return n;
    }

  private:
    std::string_view left_;
};

class ByteSink {
  public:
    virtual ~ByteSink() = default;
    // Writes all of `bytes`, or throws.
    virtual void write(std::string_view bytes) = 0;
};

}  // namespace ferry
