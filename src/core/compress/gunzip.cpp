// Implements gunzip.hpp with zlib, which reads header and trailer of one member at a time.
#include "core/compress/gunzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace ferry {
namespace {

constexpr size_t buffer_size = size_t{128} << 10U;
constexpr int gzip_only = 16 + MAX_WBITS;

}  // namespace

GunzipSource::GunzipSource(ByteSource &input)
    : input_(input), zlib_(std::make_unique<z_stream_s>()), buffer_(buffer_size) {
    if (inflateInit2(zlib_.get(), gzip_only) != Z_OK) throw std::bad_alloc();
}

GunzipSource::~GunzipSource() {
    inflateEnd(zlib_.get());
}

size_t GunzipSource::read(char *to, size_t size) {
    const size_t room = std::min<size_t>(size, std::numeric_limits<uInt>::max());
    z_stream_s &z = *zlib_;
    z.next_out = reinterpret_cast<Bytef *>(to);
    z.avail_out = static_cast<uInt>(room);
    while (z.avail_out == room) {
        if (!in_member_ && !start_member()) return 0;
        if (z.avail_in == 0 && !refill()) fail("gzip data ends too early");
        const int state = inflate(&z, Z_NO_FLUSH);
        if (state == Z_MEM_ERROR) throw std::bad_alloc();
        if (state == Z_STREAM_END) {
            in_member_ = false;
            inflateReset(&z);
        } else if (state != Z_OK && state != Z_BUF_ERROR) {
            fail("gzip data is damaged", z.msg);
        }
    }
    return room - z.avail_out;
}

// Gets more input once all of the old is used. Returns false at its end.
bool GunzipSource::refill() {
    const size_t n = input_.read(buffer_.data(), buffer_.size());
    zlib_->next_in = reinterpret_cast<Bytef *>(buffer_.data());
    zlib_->avail_in = static_cast<uInt>(n);
    taken_ += n;
    return n > 0;
}

// Goes to the start of the next member, over padding. Returns false at the input's end.
bool GunzipSource::start_member() {
    z_stream_s &z = *zlib_;
    for (;;) {
        if (z.avail_in == 0 && !refill()) {
            if (!any_member_) fail("gzip data ends too early");
            return false;
        }
        if (*z.next_in != 0 || !any_member_) break;
        padding_ = true;
        ++z.next_in;
        --z.avail_in;
    }
    if (padding_) fail("gzip data is followed by other bytes");
    in_member_ = any_member_ = true;
    return true;
}

void GunzipSource::fail(std::string message, const char *reason) const {
    Error error{Code::corrupt_file, std::move(message), {}, {}, taken_ - zlib_->avail_in};
    if (reason != nullptr) error.detail = "zlib says: " + std::string(reason) + ".";
    throw StreamError{std::move(error)};
}

}  // namespace ferry
