// Tells by the first bytes whether an input is compressed, and how. Nothing else is ever asked: a file's name
// says nothing reliable about its content.
#pragma once

#include <cstdint>
#include <string_view>

namespace ferry {

enum class Compression : uint8_t { none, gzip, zstd };

// Bytes of the input that detect_compression() needs, if it has so many.
inline constexpr size_t compression_magic_size = 4;

// gzip: 1F 8B 08 (deflate, its only method). zstd: a frame (28 B5 2F FD) or a skippable frame (50 to 5F 2A 4D
// 18). No text starts with either in any encoding that we read.
constexpr Compression detect_compression(std::string_view start) noexcept {
    if (start.substr(0, 3) == "\x1F\x8B\x08") return Compression::gzip;
    if (start.substr(0, 4) == "\x28\xB5\x2F\xFD") return Compression::zstd;
    if (start.size() < 4) return Compression::none;
    const bool skippable = (static_cast<unsigned char>(start[0]) & 0xF0U) == 0x50;
    return skippable && start.substr(1, 3) == "\x2A\x4D\x18" ? Compression::zstd : Compression::none;
}

}  // namespace ferry
