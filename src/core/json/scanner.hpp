// Checks a JSON text against PostgreSQL's grammar, tells where the parts of its outer value stand, and walks
// text that has passed. It is our own single pass because simdjson On-Demand neither checks what is
// skipped nor says at which byte a text goes wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace ferry::json {

// Containers inside containers, the outer one included, that a text may have.
inline constexpr size_t max_depth = 512;

struct Extent {
    size_t offset;
    size_t size;
};

// The elements of the outer array. Errors: invalid_encoding, malformed_json, too_deep, not_an_array, each
// with the offset of the byte that is wrong; the first one found in this order of checks: encoding of the
// whole text, then syntax and depth from front to back, then the kind of the outer value.
Result<std::vector<Extent>> array_elements(std::string_view text);

// A key, with its quotes as written, and its value.
struct Member {
    Extent key;
    Extent value;
};

// The members of the outer object, in their order, repeated keys and all. Errors as above, with not_an_object
// in place of not_an_array.
Result<std::vector<Member>> object_members(std::string_view text);

// The following are for text that one of these has accepted.

// The index of the first byte at or after `at` that is not blank.
size_t skip_blanks(std::string_view text, size_t at) noexcept;

// The index behind the value that starts at `at`.
size_t value_end(std::string_view text, size_t at) noexcept;

// What a string's escapes can stand for that no text of PostgreSQL can hold.
enum class Escapes : uint8_t { fine, nul, lone_surrogate };

// Replaces the escapes of a string's inside (what stands between its quotes) and writes the text to `to`,
// which has room for inside.size() bytes. `size` is how many were written; meaningful when all is fine.
Escapes unescape(std::string_view inside, char *to, size_t &size) noexcept;

}  // namespace ferry::json
