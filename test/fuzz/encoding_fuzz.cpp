// Feeds any bytes to the UTF-16 stream in small reads, and tells them back from what it gave; and through
// every conversion, forth and back. The first byte chooses encoding and steps.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/encoding.hpp"
#include "core/text.hpp"

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

void stream(std::string_view text, ferry::Encoding encoding, size_t step) {
    Bytes input(text, step % 5 + 1);
    ferry::Utf16Source source(input, encoding);
    std::string out;
    char piece[16];
    while (const size_t n = source.read(piece, step)) out.append(piece, n);
    if (ferry::utf16_bytes(out, encoding) != text || ferry::utf16_size(out) != text.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    const std::string_view text(reinterpret_cast<const char *>(data) + 1, size - 1);
    const auto encoding = static_cast<ferry::Encoding>(data[0] % 5);
    if (!single_byte(encoding) && encoding != ferry::Encoding::utf8)
        stream(text, encoding, data[0] / 5 % 16 + 1);
    std::string utf8;
    std::string back;
    const bool good = static_cast<bool>(ferry::append_utf8(encoding, text, utf8));
    if (good != (ferry::valid_prefix(encoding, text) == text.size())) std::abort();
    if (good && ferry::utf8_valid_prefix(utf8) != utf8.size()) std::abort();
    if (good && (!ferry::append_encoded(encoding, utf8, back) || back != text)) std::abort();
    static_cast<void>(ferry::append_encoded(encoding, text, back));
    return 0;
}
