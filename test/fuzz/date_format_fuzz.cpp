// Feeds any pattern and any text to the date format, cut at the first line feed; what is read must be in
// range. The lines after that are values to guess a format from, which must read nearly all of them.
#include <cstdlib>

#include "core/value/date_format.hpp"

using namespace ferry::value;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    std::string_view text(reinterpret_cast<const char *>(data), size);
    const auto take_line = [&text] {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        return line;
    };
    const ferry::Result<DateFormat> format = DateFormat::parse(take_line());
    std::vector<std::string_view> values;
    while (!text.empty() && values.size() < 50) values.push_back(take_line());
    for (const std::string_view value : values) {
        Moment moment;
        if (!format || !format->read(value, moment)) continue;
        if (moment.microseconds < 0 || moment.microseconds >= 86'400'000'000) std::abort();
        if (moment.days < -719'162 || moment.days > 2'932'896) std::abort();
    }
    const DateGuess guess = guess_date_format(values);
    if (!guess.patterns.empty() && guess.read * 20 < guess.values * 19) std::abort();
    for (const std::string &pattern : guess.patterns)
        if (!DateFormat::parse(pattern)) std::abort();
    return 0;
}
