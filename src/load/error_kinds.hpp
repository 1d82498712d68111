// The kinds of errors of one load. Errors of one cause differ by their value alone; what they have in common
// is kept once, so that a million bad rows cost little more in the log than their own bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "load/reject.hpp"

namespace ferry {

// A message around the value that it quotes; `quotes` is false where it does not, and `head` is all of it.
struct CutMessage {
    std::string_view head, tail;
    bool quotes = false;
};

// Cuts the error's value out of its message. Borrows from the error.
CutMessage cut_message(const RowError &error);

class ErrorKinds {
  public:
    // The number of the error's kind, or 0 when it is not known yet and add() is to give it one.
    uint64_t find(const RowError &error, const CutMessage &message);
    // Only straight after find() gave 0.
    void add(uint64_t number);

    // The kinds added since the last of these two calls stand, or were never written.
    void keep();
    void forget();

  private:
    std::unordered_map<std::string, uint64_t> numbers_;
    std::vector<const std::string *> recent_;
    std::string image_;  // what find() has looked for
};

}  // namespace ferry
