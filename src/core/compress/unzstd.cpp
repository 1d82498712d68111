// Implements unzstd.hpp with libzstd's streaming decoder, which goes from frame to frame by itself.
#include "core/compress/unzstd.hpp"

#include <zstd.h>
#include <zstd_errors.h>

#include <new>

namespace ferry {
namespace {

constexpr size_t buffer_size = size_t{128} << 10U;
constexpr int max_window_log = 27;

}  // namespace

void UnzstdSource::Free::operator()(ZSTD_DCtx_s *context) const noexcept {
    ZSTD_freeDCtx(context);
}

UnzstdSource::UnzstdSource(ByteSource &input)
    : input_(input), zstd_(ZSTD_createDCtx()), buffer_(buffer_size) {
    if (zstd_ == nullptr) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(zstd_.get(), ZSTD_d_windowLogMax, max_window_log);
}

size_t UnzstdSource::read(char *to, size_t size) {
    ZSTD_outBuffer out{to, size, 0};
    while (out.pos == 0) {
        if (start_ == end_ && !pending_) {
            start_ = 0;
            end_ = input_.read(buffer_.data(), buffer_.size());
            taken_ += end_;
            if (end_ == 0) {
                if (in_frame_)
                    throw StreamError{{Code::corrupt_file, "zstd data ends too early", {}, {}, taken_}};
                return 0;
            }
        }
        ZSTD_inBuffer in{buffer_.data(), end_, start_};
        const size_t state = ZSTD_decompressStream(zstd_.get(), &out, &in);
        start_ = in.pos;
        if (ZSTD_isError(state) != 0U) fail(state);
        in_frame_ = state != 0;
        pending_ = in_frame_ && out.pos == out.size;
    }
    return out.pos;
}

void UnzstdSource::fail(size_t code) const {
    Error error{Code::corrupt_file, "zstd data is damaged", {}, {}, taken_ - (end_ - start_)};
    error.detail = "libzstd says: " + std::string(ZSTD_getErrorName(code)) + ".";
    const ZSTD_ErrorCode kind = ZSTD_getErrorCode(code);
    if (kind == ZSTD_error_memory_allocation) throw std::bad_alloc();
    if (kind == ZSTD_error_frameParameter_windowTooLarge) {
        error.code = Code::unsupported;
        error.message = "zstd data asks for too large a window";
        error.hint = "Compress the file again without --long, or with --long=27 at most.";
    } else if (kind == ZSTD_error_dictionary_wrong) {
        error.code = Code::unsupported;
        error.message = "zstd data needs a dictionary";
    }
    throw StreamError{std::move(error)};
}

}  // namespace ferry
