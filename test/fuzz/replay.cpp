// Runs a fuzz target on the files of a corpus, once each, without libFuzzer: what was found once stays found.
// Linked with each target into a test of its own; the argument is the folder.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int count, char **arguments) {
    std::vector<std::filesystem::path> files;
    for (int i = 1; i < count; ++i)
        for (const auto &entry : std::filesystem::directory_iterator(arguments[i]))
            if (entry.is_regular_file()) files.push_back(entry.path());
    std::ranges::sort(files);
    for (const auto &file : files) {
        std::ifstream stream(file, std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
        // A copy of just that size, so that sanitizers see a step beyond it.
        const auto copy = std::make_unique<uint8_t[]>(bytes.size());
        std::memcpy(copy.get(), bytes.data(), bytes.size());
        std::fprintf(stderr, "%s\n", file.c_str());  // the last one printed is the culprit
        LLVMFuzzerTestOneInput(copy.get(), bytes.size());
    }
    return files.empty() ? 1 : 0;
}
