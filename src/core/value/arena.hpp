// Owns the bytes of values that could not stay views of their source because quotes or escapes were taken
// out. Addresses are stable: nothing moves until clear().
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace ferry::value {

class Arena {
  public:
    // Room for `size` bytes, valid until clear(). Call keep() with what was really used.
    char *reserve(size_t size) {
        if (size > left_) grow(size);
        return free_;
    }

    // Keeps the first `size` bytes of what reserve() last gave; the rest is handed out again.
    void keep(size_t size) noexcept {
        free_ += size;
        left_ -= size;
    }

    // Forgets every value. One chunk of ordinary size stays for the next.
    void clear() noexcept {
        if (chunks_.size() > 1 || size_ > chunk_size) {
            chunks_.clear();
            size_ = 0;
        }
        free_ = chunks_.empty() ? nullptr : chunks_.front().get();
        left_ = size_;
    }

  private:
    static constexpr size_t chunk_size = size_t{64} << 10U;

    void grow(size_t size) {
        const size_t room = size > chunk_size ? size : chunk_size;
        chunks_.push_back(std::make_unique_for_overwrite<char[]>(room));
        size_ = left_ = room;
        free_ = chunks_.back().get();
    }

    std::vector<std::unique_ptr<char[]>> chunks_;
    size_t size_ = 0;  // bytes of the newest chunk
    char *free_ = nullptr;
    size_t left_ = 0;
};

}  // namespace ferry::value
