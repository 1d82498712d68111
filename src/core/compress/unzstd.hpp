// Reads Zstandard (RFC 8878) as the bytes that were compressed: every frame, skippable frames skipped,
// checksums checked. Memory is the largest window that a frame may ask for, so a file that expands a
// thousandfold costs time, which can be cancelled, and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/byte_stream.hpp"

struct ZSTD_DCtx_s;

namespace ferry {

// Throws StreamError with the offset in the compressed input: Code::corrupt_file for bytes that are not zstd,
// a wrong checksum, an input that ends inside a frame or is empty; Code::unsupported for frames that ask for
// more than 128 MiB of window (zstd --long beyond 27) or a dictionary. What was read before has been given
// already. After an exception only destruction is allowed.
class UnzstdSource final : public ByteSource {
  public:
    // `input` outlives the source and stands at the first byte of the zstd file.
    explicit UnzstdSource(ByteSource &input);

    size_t read(char *to, size_t size) override;

  private:
    struct Free {
        void operator()(ZSTD_DCtx_s *context) const noexcept;
    };

    [[noreturn]] void fail(size_t code) const;

    ByteSource &input_;
    std::unique_ptr<ZSTD_DCtx_s, Free> zstd_;
    std::vector<char> buffer_;
    size_t start_ = 0, end_ = 0;  // input not used yet
    uint64_t taken_ = 0;          // bytes of the input before end_
    bool in_frame_ = true;        // one is needed, or under way
    bool pending_ = false;        // output may be left that did not fit
};

}  // namespace ferry
