// Feeds any bytes to the gzip and zstd readers, in reads and windows of sizes that the first two bytes
// choose. They must end, with an error of theirs or without, having given at most a few megabytes.
#include <algorithm>
#include <vector>

#include "core/compress/detect.hpp"
#include "core/compress/gunzip.hpp"
#include "core/compress/unzstd.hpp"

namespace {

class Bytes : public ferry::ByteSource {
  public:
    Bytes(std::string_view bytes, size_t step) : bytes_(bytes), step_(step) {}
    size_t read(char *to, size_t size) override {
        const size_t n = bytes_.copy(to, std::min(size, step_));
        bytes_.remove_prefix(n);
        return n;
    }

  private:
    std::string_view bytes_;
    size_t step_;
};

template <typename Source>
void drain(std::string_view packed, size_t step, size_t input_step) {
    constexpr size_t enough = size_t{4} << 20U;
    Bytes input(packed, input_step);
    try {
        Source source(input);
        std::vector<char> piece(step);
        for (size_t total = 0, n = 1; n > 0 && total < enough; total += n)
            n = source.read(piece.data(), step);
    } catch (const ferry::StreamError &) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    const std::string_view packed(reinterpret_cast<const char *>(data) + 2, size - 2);
    const size_t step = data[0] % 2 == 0 ? 65536 : size_t{1} + data[0];
    const size_t input_step = data[1] % 2 == 0 ? 65536 : size_t{1} + data[1];
    if (ferry::detect_compression(packed) == ferry::Compression::zstd)
        drain<ferry::UnzstdSource>(packed, step, input_step);
    else
        drain<ferry::GunzipSource>(packed, step, input_step);
    return 0;
}
