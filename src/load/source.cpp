// Implements source.hpp: places of fields that are still views of their record.
#include "load/source.hpp"

#include <functional>

namespace ferry {

std::optional<size_t> offset_within(std::string_view whole, std::string_view part) {
    const std::less_equal<> not_after;
    if (part.data() == nullptr || !not_after(whole.data(), part.data()) ||
        !not_after(part.data() + part.size(), whole.data() + whole.size()))
        return std::nullopt;
    return static_cast<size_t>(part.data() - whole.data());
}

std::vector<std::optional<size_t>> RecordSource::locate(const Record &record,
                                                        std::span<const Field> row) const {
    std::vector<std::optional<size_t>> places(row.size() + 1);
    for (size_t i = 0; i < row.size(); ++i)
        places[i] = offset_within(record.raw, row[i].token.empty() ? row[i].text : row[i].token);
    return places;
}

}  // namespace ferry
