// Feeds any bytes to a splitter that salvages, whole and in small windows: both must give the same, no record
// may have repairs and faults, and every field must be UTF-8. The first four bytes choose the setup.
#include <algorithm>
#include <cstdlib>

#include "core/csv/splitter.hpp"
#include "core/text.hpp"

static void mix(size_t &sum, std::string_view text) {
    for (const char c : text) sum = sum * 31 + static_cast<unsigned char>(c);
    sum = sum * 31 + text.size();
}

static size_t digest(std::string_view text, ferry::csv::Splitter &splitter, size_t step) {
    splitter.rewind({}, {}, false);
    size_t sum = 0, size = 0;
    for (ferry::Batch batch;; text.remove_prefix(splitter.consumed()), size -= splitter.consumed()) {
        size = std::min(size + step, text.size());
        splitter.feed(text.substr(0, size), size == text.size());
        for (batch.clear(3); splitter.next(batch, 1) > 0; batch.clear(3)) {
            if (!batch.repairs.empty() && !batch.faults.empty()) std::abort();
            for (const ferry::Field &field : batch.fields) {
                if (ferry::utf8_valid_prefix(field.text) != field.text.size() && batch.faults.empty())
                    std::abort();
                mix(sum, field.text);
            }
            for (const ferry::Repair &repair : batch.repairs) mix(sum, repair.text);
            for (const ferry::Fault &fault : batch.faults) mix(sum, fault.text);
            mix(sum, batch.records.front().raw);
        }
        if (size == text.size()) return sum + splitter.position().line;
    }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 4) return 0;
    const std::string_view text(reinterpret_cast<const char *>(data) + 4, size - 4);
    const ferry::csv::Dialect dialect{',', '"', data[0] % 2 == 0 ? '"' : '\\', "N"};
    const std::vector<int> mapping = data[1] % 2 == 0 ? std::vector{0, 2} : std::vector{1, 0, -1};
    ferry::csv::Splitter splitter(dialect, mapping, 3, data[2] % 8 == 0 ? 1000 : data[2]);
    splitter.set_salvage(true);
    if (data[0] % 4 >= 2) splitter.set_encoding(ferry::Encoding::windows1252);
    if (digest(text, splitter, size) != digest(text, splitter, size_t{1} + data[3])) std::abort();
    return 0;
}
