// Implements text_builder.hpp.
#include "server/text_builder.hpp"

#include <algorithm>
#include <cstring>

namespace ferry {
namespace {

constexpr size_t most = MaxAllocSize - VARHDRSZ;

}  // namespace

TextBuilder::TextBuilder(size_t room) : room_(std::clamp(room, size_t{256}, most)) {
    bytes_ = pg_call([&] { return static_cast<char *>(palloc(VARHDRSZ + room_)); });
}

TextBuilder &TextBuilder::operator<<(std::string_view text) {
    if (room_ - size_ < text.size()) grow(text.size());
    std::memcpy(bytes_ + VARHDRSZ + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
}

void TextBuilder::grow(size_t extra) {
    if (extra > most - size_)
        fail({Code::limit_exceeded, "the answer is larger than 1 GB", "", "Send the rows in parts."});
    room_ = std::min(std::max(size_ + extra, 2 * room_), most);
    const ContextSwitch into(context_);
    bytes_ = pg_call([&] { return static_cast<char *>(repalloc(bytes_, VARHDRSZ + room_)); });
}

Datum TextBuilder::datum() {
    SET_VARSIZE(bytes_, VARHDRSZ + size_);
    return PointerGetDatum(bytes_);
}

}  // namespace ferry
