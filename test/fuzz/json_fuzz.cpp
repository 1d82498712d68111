// Feeds any bytes to the JSON row reader. Whatever it accepts must give every row, each with its own bytes of
// the text, and read the same twice.
#include <cstdlib>

#include "core/json/row_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const std::string_view text(reinterpret_cast<const char *>(data), size);
    ferry::json::RowReader reader({"id", "name"}, ferry::json::Unknown::reject);
    const ferry::Status status = reader.open(text);
    if (!status) return status.error().offset <= size ? 0 : (std::abort(), 0);
    size_t faults = 0;
    for (int pass = 0; pass < 2; ++pass, reader.rewind()) {
        ferry::Batch batch;
        batch.clear(2);
        if (reader.next(batch, reader.size()) != reader.size()) std::abort();
        for (const ferry::Record &record : batch.records)
            if (text.substr(record.offset, record.raw.size()) != record.raw) std::abort();
        if (pass == 1 && faults != batch.faults.size()) std::abort();
        faults = batch.faults.size();
    }
    return 0;
}
