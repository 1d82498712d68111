// Numbers as people write them, with groups of thousands and a decimal comma or point, in the form that SQL
// reads; and what a decimal mark would make of values that nothing else could read.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ferry::value {

// Writes the number in SQL's form to `out`: "-1.234,50" becomes -1234.50 with the decimal mark ','. Groups
// are of three digits, separated all by the same mark: a point or comma that is not the decimal mark, an
// apostrophe, a blank or a no-break space (U+00A0, U+202F). Blanks at either end do not count. False, with
// `out` in any state, for everything else, for what has neither groups nor a decimal mark as well.
bool read_number(std::string_view text, char decimal, std::string &out);

// Takes a fraction of nothing but zeros off a number in SQL's form: types of whole numbers take none at all.
void drop_empty_fraction(std::string &number);

// What a decimal mark makes of some values.
struct NumberGuess {
    bool reads = false;  // all of them are numbers
    bool whole = false;  // and none has a fraction other than zeros
};

// No values, no numbers. Where both marks read the values they read other numbers: 1,234 is 1234 or 1.234.
NumberGuess try_decimal(std::span<const std::string_view> values, char decimal);

}  // namespace ferry::value
