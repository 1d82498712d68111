// A queue of byte strings of any length and number in a temporary file of the server: memory stays constant,
// the file counts against temp_file_limit and goes with the transaction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/boundary.hpp"

namespace ferry {

class Spill {
  public:
    // Belongs to the current memory context and resource owner, so it survives the subtransactions opened
    // after it.
    Spill();
    Spill(const Spill &) = delete;
    Spill &operator=(const Spill &) = delete;

    void append(std::string_view item);
    uint64_t count() const noexcept { return count_; }

    // Reading, once, after the last append: next() gives the items in order and false at their end.
    void rewind();
    bool next(std::string &item);
    // One item, in any order, by where it begins: behind those before it, each of which takes size_of().
    void read(uint64_t position, std::string &item);
    static uint64_t size_of(std::string_view item) noexcept { return sizeof(uint64_t) + item.size(); }
    // Frees the file before the transaction does.
    void close();

  private:
    void seek(uint64_t position);
    void read_item(std::string &item);

    MemoryContext context_;
    ResourceOwner owner_;
    BufFile *file_ = nullptr;  // made by the first append
    uint64_t count_ = 0, left_ = 0;
};

}  // namespace ferry
