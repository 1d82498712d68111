// A text value of the server under construction: large answers are written once, where the caller will read
// them.
#pragma once

#include <string_view>

#include "server/boundary.hpp"

namespace ferry {

class TextBuilder {
  public:
    // `room` is a guess of the size in bytes. The value belongs to the current memory context.
    explicit TextBuilder(size_t room);

    // Appends text. Raises 54000 beyond what a value can hold, which is 1 GB.
    TextBuilder &operator<<(std::string_view text);
    // True when the text so far ends with this character.
    bool ends_with(char c) const noexcept { return size_ > 0 && bytes_[VARHDRSZ + size_ - 1] == c; }

    // The text, complete.
    Datum datum();

  private:
    void grow(size_t extra);

    MemoryContext context_ = CurrentMemoryContext;
    char *bytes_;
    size_t size_ = 0, room_;
};

}  // namespace ferry
