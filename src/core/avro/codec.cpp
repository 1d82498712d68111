// Implements codec.hpp over libdeflate, libsnappy and libzstd. A block does not tell its uncompressed size,
// so output grows from a guess and stops at the cap.
#include "core/avro/codec.hpp"

#include <libdeflate.h>
#include <snappy-c.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace ferry::avro {
namespace {

constexpr std::array<std::string_view, 4> names{"null", "deflate", "snappy", "zstandard"};

// Some writers (avro for Python, fastavro) cut zlib's trailer off by one byte instead of four and so leave
// three bytes behind the deflate stream; others may leave all four.
constexpr size_t max_deflate_trailer = 4;

// Capacity at which growing starts: a fraction of a usual block.
constexpr size_t min_guess = size_t{16} << 10;

// A frame may claim any content size; believe it only so far, and grow beyond when it proves true.
constexpr size_t max_trusted_claim = size_t{16} << 20;

Error failure(Code code, std::string message, std::string hint = {}) {
    return {code, std::move(message), {}, std::move(hint), 0};
}

Error corrupt(const char *what) {
    return failure(Code::corrupt_file, what);
}

Error too_large(size_t cap) {
    return failure(Code::corrupt_file, "block exceeds " + std::to_string(cap) + " bytes when uncompressed");
}

Error out_of_memory() {
    return failure(Code::out_of_memory, "out of memory for a compression context");
}

Error bad_level(Codec codec, int level) {
    const std::string name(codec_name(codec));
    std::string hint = "This codec has no levels.";
    if (codec == Codec::deflate) hint = "Levels of deflate go from 0 to 12.";
    if (codec == Codec::zstandard) hint = "Levels of zstandard go from 1 to 22.";
    return failure(Code::invalid_option,
                   "invalid level " + std::to_string(level) + " for codec \"" + name + "\"", std::move(hint));
}

bool is_valid_level(Codec codec, int level) noexcept {
    if (level == default_level) return true;
    if (codec == Codec::deflate) return level >= 0 && level <= 12;
    return codec == Codec::zstandard && level >= 1 && level <= 22;
}

// Snappy blocks end with the CRC32 of the uncompressed data, big-endian.
void write_big_endian(char *to, uint32_t value) noexcept {
    for (int i = 0; i < 4; ++i) to[i] = static_cast<char>((value >> (24 - 8 * i)) & 0xFFU);
}

uint32_t read_big_endian(const char *from) noexcept {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = (value << 8) | static_cast<unsigned char>(from[i]);
    return value;
}

}  // namespace

namespace detail {
void Free::operator()(libdeflate_compressor *context) const noexcept {
    libdeflate_free_compressor(context);
}
void Free::operator()(libdeflate_decompressor *context) const noexcept {
    libdeflate_free_decompressor(context);
}
void Free::operator()(ZSTD_CCtx_s *context) const noexcept {
    ZSTD_freeCCtx(context);
}
void Free::operator()(ZSTD_DCtx_s *context) const noexcept {
    ZSTD_freeDCtx(context);
}
}  // namespace detail

std::string_view codec_name(Codec codec) noexcept {
    return names[static_cast<size_t>(codec)];
}

Result<Codec> find_codec(std::string_view name) {
    if (name.empty()) return Codec::null;
    for (size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<Codec>(i);
    return failure(Code::unsupported, "codec \"" + std::string(name.substr(0, 64)) + "\" is not supported",
                   "Supported codecs are null, deflate, snappy and zstandard.");
}

Result<Compressor> Compressor::create(Codec codec, int level) {
    if (!is_valid_level(codec, level)) return bad_level(codec, level);
    if (level == default_level) level = 1;
    Compressor made(codec);
    if (codec == Codec::deflate) {
        made.deflate_.reset(libdeflate_alloc_compressor(level));
        if (!made.deflate_) return out_of_memory();
    }
    if (codec == Codec::zstandard) {
        made.zstd_.reset(ZSTD_createCCtx());
        if (!made.zstd_) return out_of_memory();
        ZSTD_CCtx_setParameter(made.zstd_.get(), ZSTD_c_compressionLevel, level);
        ZSTD_CCtx_setParameter(made.zstd_.get(), ZSTD_c_checksumFlag, 1);
    }
    return made;
}

Status Compressor::compress(std::string_view raw, Buffer &out) {
    out.clear();
    if (codec_ == Codec::snappy) return compress_snappy(raw, out);
    if (codec_ == Codec::deflate) {
        const size_t bound = libdeflate_deflate_compress_bound(deflate_.get(), raw.size());
        char *const to = out.reserve(bound);
        const size_t n = libdeflate_deflate_compress(deflate_.get(), raw.data(), raw.size(), to, bound);
        if (n == 0) return failure(Code::internal, "deflate compression failed");
        out.commit(to + n);
    } else if (codec_ == Codec::zstandard) {
        const size_t bound = ZSTD_compressBound(raw.size());
        char *const to = out.reserve(bound);
        const size_t n = ZSTD_compress2(zstd_.get(), to, bound, raw.data(), raw.size());
        if (ZSTD_isError(n)) {
            return failure(Code::internal,
                           std::string("zstandard compression failed: ") + ZSTD_getErrorName(n));
        }
        out.commit(to + n);
    } else {
        out.append(raw);
    }
    return Done{};
}

Status Compressor::compress_snappy(std::string_view raw, Buffer &out) {
    size_t n = snappy_max_compressed_length(raw.size());
    char *const to = out.reserve(n + 4);
    if (raw.size() > UINT32_MAX || snappy_compress(raw.data(), raw.size(), to, &n) != SNAPPY_OK) {
        return failure(Code::limit_exceeded, "row is too large for codec \"snappy\"", "Use another codec.");
    }
    write_big_endian(to + n, libdeflate_crc32(0, raw.data(), raw.size()));
    out.commit(to + n + 4);
    return Done{};
}

Result<Decompressor> Decompressor::create(Codec codec) {
    Decompressor made(codec);
    if (codec == Codec::deflate) {
        made.deflate_.reset(libdeflate_alloc_decompressor());
        if (!made.deflate_) return out_of_memory();
    }
    if (codec == Codec::zstandard) {
        made.zstd_.reset(ZSTD_createDCtx());
        if (!made.zstd_) return out_of_memory();
    }
    return made;
}

Status Decompressor::decompress(std::string_view packed, Buffer &out, size_t cap) {
    out.clear();
    Status done = Done{};
    switch (codec_) {
        case Codec::null:
            if (packed.size() > cap) return too_large(cap);
            out.append(packed);
            break;
        case Codec::deflate:
            done = inflate(packed, out, cap);
            break;
        case Codec::snappy:
            done = unsnap(packed, out, cap);
            break;
        case Codec::zstandard:
            done = unzstd(packed, out, cap);
            break;
    }
    last_raw_ = out.size();
    return done;
}

size_t Decompressor::guess(size_t packed, size_t cap) const noexcept {
    const size_t usual = last_raw_ + last_raw_ / 8;
    return std::min(cap, std::max({usual, packed < cap / 4 ? packed * 4 : cap, min_guess}));
}

Status Decompressor::inflate(std::string_view packed, Buffer &out, size_t cap) {
    // libdeflate starts over at every growth; doubling keeps that within a factor of two.
    for (size_t room = guess(packed.size(), cap);; room = std::min(cap, room * 2)) {
        char *const to = out.reserve(room);
        size_t used = 0;
        size_t n = 0;
        const libdeflate_result result = libdeflate_deflate_decompress_ex(deflate_.get(), packed.data(),
                                                                          packed.size(), to, room, &used, &n);
        if (result == LIBDEFLATE_SUCCESS) {
            if (packed.size() - used > max_deflate_trailer)
                return corrupt("extra bytes after the deflate stream of a block");
            out.commit(to + n);
            return Done{};
        }
        if (result != LIBDEFLATE_INSUFFICIENT_SPACE) return corrupt("invalid deflate data in a block");
        if (room == cap) return too_large(cap);
    }
}

Status Decompressor::unsnap(std::string_view packed, Buffer &out, size_t cap) {
    if (packed.size() < 4) return corrupt("snappy block is shorter than its checksum");
    const std::string_view body = packed.substr(0, packed.size() - 4);
    size_t n = 0;
    if (snappy_uncompressed_length(body.data(), body.size(), &n) != SNAPPY_OK)
        return corrupt("invalid snappy data in a block");
    if (n > cap) return too_large(cap);
    // An element of snappy takes at least two bytes and gives at most 64: larger claims are lies.
    if (n / 64 > body.size()) return corrupt("invalid snappy data in a block");
    char *const to = out.reserve(n);
    if (snappy_uncompress(body.data(), body.size(), to, &n) != SNAPPY_OK)
        return corrupt("invalid snappy data in a block");
    if (libdeflate_crc32(0, to, n) != read_big_endian(packed.data() + body.size()))
        return corrupt("wrong checksum of a snappy block");
    out.commit(to + n);
    return Done{};
}

Status Decompressor::unzstd(std::string_view packed, Buffer &out, size_t cap) {
    ZSTD_DCtx_reset(zstd_.get(), ZSTD_reset_session_only);
    const unsigned long long claim = ZSTD_getFrameContentSize(packed.data(), packed.size());
    if (claim == ZSTD_CONTENTSIZE_ERROR) return corrupt("invalid zstandard data in a block");
    if (claim != ZSTD_CONTENTSIZE_UNKNOWN && claim > cap) return too_large(cap);
    size_t room = guess(packed.size(), cap);
    if (claim != ZSTD_CONTENTSIZE_UNKNOWN) room = std::min(static_cast<size_t>(claim), max_trusted_claim);
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    ZSTD_outBuffer to{out.reserve(std::max<size_t>(room, 1)), room, 0};
    for (;;) {
        const size_t in_before = in.pos;
        const size_t out_before = to.pos;
        const size_t rest = ZSTD_decompressStream(zstd_.get(), &to, &in);
        if (ZSTD_isError(rest)) return corrupt("invalid zstandard data in a block");
        if (rest == 0 && in.pos == in.size) break;
        if (to.pos == to.size && to.size < cap) {
            out.commit(static_cast<char *>(to.dst) + to.pos);
            to.size = std::min(cap, std::max(to.size * 2, min_guess));
            to.dst = out.reserve(to.size - to.pos) - to.pos;
        } else if (in.pos == in_before && to.pos == out_before) {
            if (to.size == cap && in.pos < in.size) return too_large(cap);
            return to.pos == cap ? too_large(cap) : corrupt("truncated zstandard data in a block");
        }
    }
    out.commit(static_cast<char *>(to.dst) + to.pos);
    return Done{};
}

}  // namespace ferry::avro
