// Implements kin_order.hpp: Kahn's topological sort; when nothing more is ready, all that nobody waits for is
// set aside, and what is left are the circles.
#include "core/kin_order.hpp"

#include <algorithm>
#include <tuple>

namespace ferry {
namespace {

// The rows with this hash.
template <typename Index>
std::span<const typename Index::value_type> find(const Index &index, uint64_t hash) {
    if (hash == 0) return {};
    using Entry = typename Index::value_type;
    const auto first =
        std::lower_bound(index.begin(), index.end(), hash,
                         [](const Entry &entry, uint64_t value) { return entry.hash < value; });
    const auto last = std::upper_bound(first, index.end(), hash,
                                       [](uint64_t value, const Entry &entry) { return value < entry.hash; });
    return {first, last};
}

}  // namespace

// The rows that must be there before this one: those it refers to, and the one before it with its key.
template <typename F>
void KinOrder::each_needed(uint32_t row, F f) const {
    for (size_t key = 0; key < keys_; ++key) {
        for (const Entry &parent : find(owners_[key], kin(row, key).parent))
            if (parent.row != row) f(parent.row);
        const auto twins = find(owners_[key], kin(row, key).own);
        const auto self = std::ranges::lower_bound(twins, row, {}, &Entry::row);
        if (self != twins.begin() && self != twins.end()) f(std::prev(self)->row);
    }
}

// The other way round: the rows that need this one.
template <typename F>
void KinOrder::each_waiting(uint32_t row, F f) const {
    for (size_t key = 0; key < keys_; ++key) {
        for (const Entry &child : find(children_[key], kin(row, key).own))
            if (child.row != row) f(child.row);
        const auto twins = find(owners_[key], kin(row, key).own);
        const auto next = std::ranges::upper_bound(twins, row, {}, &Entry::row);
        if (next != twins.end()) f(next->row);
    }
}

void KinOrder::take(uint32_t row) {
    pause_sometimes();
    taken_[row] = true;
    order_.push_back(row);
    each_waiting(row, [&](uint32_t other) {
        if (--waits_[other] == 0 && !taken_[other]) ready_.push_back(other);
    });
}

void KinOrder::take_all_ready() {
    for (size_t next = 0; next < ready_.size(); ++next) take(ready_[next]);
    ready_.clear();
}

// Of the rows not taken those that some other of them waits for, and which wait themselves.
std::vector<uint32_t> KinOrder::circular_rows() {
    std::vector<uint32_t> wanted(rows(), 0), leaves;
    std::vector<bool> gone = taken_;
    for (uint32_t row = 0; row < rows(); ++row) {
        pause_sometimes();
        if (!gone[row]) each_needed(row, [&](uint32_t other) { ++wanted[other]; });
    }
    for (uint32_t row = 0; row < rows(); ++row)
        if (!gone[row] && wanted[row] == 0) leaves.push_back(row);
    for (size_t next = 0; next < leaves.size(); ++next) {
        pause_sometimes();
        gone[leaves[next]] = true;
        each_needed(leaves[next], [&](uint32_t other) {
            if (!gone[other] && --wanted[other] == 0) leaves.push_back(other);
        });
    }
    std::vector<uint32_t> circular;
    for (uint32_t row = 0; row < rows(); ++row)
        if (!gone[row]) circular.push_back(row);
    return circular;
}

void KinOrder::take_circles() {
    const std::vector<uint32_t> circular = circular_rows();
    std::vector<bool> left(rows(), false);
    for (const uint32_t row : circular) left[row] = true;
    for (const uint32_t start : circular) {
        if (!left[start]) continue;
        std::vector<uint32_t> circle{start};
        left[start] = false;
        const auto reach = [&](uint32_t other) {
            if (!left[other]) return;
            left[other] = false;
            circle.push_back(other);
        };
        for (size_t next = 0; next < circle.size(); ++next) {
            const uint32_t row = circle[next];
            pause_sometimes();
            each_needed(row, reach);
            each_waiting(row, reach);
        }
        std::ranges::sort(circle);
        circles_.push_back({order_.size(), circle.size()});
        for (const uint32_t row : circle) taken_[row] = true;
        for (const uint32_t row : circle) take(row);
    }
}

void KinOrder::sort(const std::function<void()> &pause) {
    pause_ = &pause;
    const auto count = static_cast<uint32_t>(rows());
    owners_.assign(keys_, {});
    children_.assign(keys_, {});
    for (size_t key = 0; key < keys_; ++key) {
        owners_[key].reserve(count);
        children_[key].reserve(count);
    }
    for (uint32_t row = 0; row < count; ++row) {
        for (size_t key = 0; key < keys_; ++key) {
            if (kin(row, key).own != 0) owners_[key].push_back({kin(row, key).own, row});
            if (kin(row, key).parent != 0) children_[key].push_back({kin(row, key).parent, row});
        }
    }
    const auto by_hash = [](const Entry &a, const Entry &b) {
        return std::tie(a.hash, a.row) < std::tie(b.hash, b.row);
    };
    for (auto *indexes : {&owners_, &children_}) {
        for (Index &index : *indexes) {
            std::ranges::sort(index, by_hash);
            pause();
        }
    }
    waits_.assign(count, 0);
    taken_.assign(count, false);
    for (uint32_t row = 0; row < count; ++row) {
        pause_sometimes();
        each_needed(row, [&](uint32_t) { ++waits_[row]; });
        if (waits_[row] == 0) ready_.push_back(row);
    }
    take_all_ready();
    while (order_.size() < count) {
        take_circles();
        take_all_ready();
    }
}

}  // namespace ferry
