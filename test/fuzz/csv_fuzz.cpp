// Feeds any bytes to the CSV splitter, whole and in small windows: both must give as many records and faults.
// The first four bytes choose escape, width, record limit and window.
#include <algorithm>
#include <cstdlib>

#include "core/csv/splitter.hpp"

static size_t count(std::string_view text, ferry::csv::Splitter &splitter, size_t step) {
    splitter.rewind({}, {}, false);
    size_t counted = 0, size = 0;
    for (ferry::Batch batch;; text.remove_prefix(splitter.consumed()), size -= splitter.consumed()) {
        size = std::min(size + step, text.size());
        splitter.feed(text.substr(0, size), size == text.size());
        do {
            batch.clear(2);
            if (splitter.next(batch, 7) == 0) break;
            for (const ferry::Field &field : batch.fields) counted += field.text.size();
            counted += batch.faults.size();
        } while (true);
        if (size == text.size())
            return splitter.position().record * 1000 + counted + splitter.position().line;
    }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 4) return 0;
    const std::string_view text(reinterpret_cast<const char *>(data) + 4, size - 4);
    const ferry::csv::Dialect dialect{',', '"', data[0] % 2 == 0 ? '"' : '\\', "N"};
    const std::vector<int> mapping = data[1] % 2 == 0 ? std::vector{0} : std::vector{1, 0, -1};
    ferry::csv::Splitter splitter(dialect, mapping, 2, data[2] % 8 == 0 ? 1000 : data[2]);
    if (count(text, splitter, size) != count(text, splitter, size_t{1} + data[3])) std::abort();
    static_cast<void>(ferry::csv::first_record(text, dialect));
    return 0;
}
