// What values have in common, for the summary of rejects: their shape, and the words that say there is no
// value. It owns nothing.
#pragma once

#include <string>
#include <string_view>

namespace ferry::value {

// The shape of a value: 9 for one to three digits, 9999 for four, 9+ for more; a for letters; other
// characters as they are, of a run three at most. Long shapes are cut. "31/12/2021" is 9/9/9999.
std::string shape_of(std::string_view text);

// True for what people write where there is no value: "", blanks, N/A, NULL, none, -, ? and the like.
bool means_no_value(std::string_view text) noexcept;

}  // namespace ferry::value
