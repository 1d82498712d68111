// The codecs of Avro's container files (specification, "Required Codecs" and "Optional Codecs"): null,
// deflate, snappy and zstandard. Compressors and decompressors own their library contexts and are reused.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/avro/wire.hpp"
#include "core/result.hpp"

struct libdeflate_compressor;
struct libdeflate_decompressor;
struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace ferry::avro {

enum class Codec : uint8_t { null, deflate, snappy, zstandard };

// The name as it stands in avro.codec; static storage.
std::string_view codec_name(Codec codec) noexcept;

// The codec of that name, or Code::unsupported with the list of those we know. The empty name means null.
Result<Codec> find_codec(std::string_view name);

// Stands for the codec's own default: deflate 1 (libdeflate), zstandard 1.
inline constexpr int default_level = -1;

namespace detail {
struct Free {
    void operator()(libdeflate_compressor *context) const noexcept;
    void operator()(libdeflate_decompressor *context) const noexcept;
    void operator()(ZSTD_CCtx_s *context) const noexcept;
    void operator()(ZSTD_DCtx_s *context) const noexcept;
};
}  // namespace detail

class Compressor {
  public:
    // Levels: deflate 0 to 12, zstandard 1 to 22; null and snappy have none. Code::invalid_option otherwise.
    static Result<Compressor> create(Codec codec, int level = default_level);

    Codec codec() const noexcept { return codec_; }
    // Replaces `out` by `raw` compressed. With Codec::null a plain copy: callers do better to skip the call.
    Status compress(std::string_view raw, Buffer &out);

  private:
    explicit Compressor(Codec codec) noexcept : codec_(codec) {}

    Status compress_snappy(std::string_view raw, Buffer &out);

    Codec codec_;
    std::unique_ptr<libdeflate_compressor, detail::Free> deflate_;
    std::unique_ptr<ZSTD_CCtx_s, detail::Free> zstd_;
};

class Decompressor {
  public:
    static Result<Decompressor> create(Codec codec);

    Codec codec() const noexcept { return codec_; }
    // Replaces `out` by `packed` uncompressed. More than `cap` bytes, damage and bytes left over are
    // Code::corrupt_file, with offset 0: the caller knows where the block stands.
    Status decompress(std::string_view packed, Buffer &out, size_t cap);

  private:
    explicit Decompressor(Codec codec) noexcept : codec_(codec) {}

    size_t guess(size_t packed, size_t cap) const noexcept;
    Status inflate(std::string_view packed, Buffer &out, size_t cap);
    Status unsnap(std::string_view packed, Buffer &out, size_t cap);
    Status unzstd(std::string_view packed, Buffer &out, size_t cap);

    Codec codec_;
    size_t last_raw_ = 0;  // size of the block before: the next is mostly as large
    std::unique_ptr<libdeflate_decompressor, detail::Free> deflate_;
    std::unique_ptr<ZSTD_DCtx_s, detail::Free> zstd_;
};

}  // namespace ferry::avro
