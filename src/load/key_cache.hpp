// What is known of the keys of one foreign key: whether the parent has them. Keys of one by-value column, the
// common case by far, go through a flat table; all others are kept by their bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ferry {

enum class KeyState : uint8_t { unknown, asked, missing, present };

class KeyCache {
  public:
    // The state of a key; a new key is unknown. The reference is valid until the next call.
    KeyState &state(uint64_t key) {
        if (used_ * 2 >= slots_.size()) grow();
        Slot &slot = find(key);
        if (!slot.used) {
            slot = {key, KeyState::unknown, true};
            ++used_;
        }
        return slot.state;
    }
    KeyState &state(std::string_view image) {
        const auto found = images_.find(image);
        return found != images_.end() ? found->second
                                      : images_.emplace(image, KeyState::unknown).first->second;
    }

    size_t size() const noexcept { return used_ + images_.size(); }
    void clear() {
        slots_.clear();
        images_.clear();
        used_ = 0;
    }

  private:
    struct Slot {
        uint64_t key = 0;
        KeyState state = KeyState::unknown;
        bool used = false;
    };
    struct Hash {
        using is_transparent = void;
        size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };

    Slot &find(uint64_t key) {
        // Fibonacci hashing; the table is at most half full.
        size_t i = static_cast<size_t>((key * 0x9E3779B97F4A7C15ULL) >> shift_);
        while (slots_[i].used && slots_[i].key != key) i = (i + 1) & (slots_.size() - 1);
        return slots_[i];
    }
    void grow() {
        std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
        old.swap(slots_);
        shift_ = 64U - static_cast<unsigned>(std::countr_zero(slots_.size()));
        for (const Slot &slot : old)
            if (slot.used) find(slot.key) = slot;
    }

    std::vector<Slot> slots_;
    size_t used_ = 0;
    unsigned shift_ = 0;
    std::unordered_map<std::string, KeyState, Hash, std::equal_to<>> images_;
};

}  // namespace ferry
