// Feeds any bytes to the CSV sniffer. What it finds must be a dialect that can be used, and must not depend
// on anything but the sample; the first byte chooses what is given. The encoding guess runs along.
#include <cstdlib>

#include "core/csv/sniffer.hpp"
#include "core/encoding.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    const std::string_view text(reinterpret_cast<const char *>(data) + 1, size - 1);
    const std::vector<std::string> columns{"id", "name", "job id"};
    ferry::csv::Request request;
    if ((data[0] & 1U) != 0) request.delimiter = ';';
    if ((data[0] & 2U) != 0) request.quote = '\'';
    if ((data[0] & 4U) != 0) request.escape = '\\';
    if ((data[0] & 8U) != 0) request.columns = columns;
    if ((data[0] & 16U) != 0) request.width = 3;
    const bool whole = (data[0] & 32U) != 0;
    const ferry::csv::Sniffed sniffed = ferry::csv::sniff(text, whole, request);
    if (!check(sniffed.dialect)) std::abort();
    if (!(sniffed.confidence >= 0 && sniffed.confidence <= 1)) std::abort();
    if (sniffed.why != ferry::csv::sniff(text, whole, request).why) std::abort();
    if (ferry::guess_encoding(text, whole).mark > text.size()) std::abort();
    return 0;
}
