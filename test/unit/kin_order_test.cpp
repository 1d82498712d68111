// Rows that refer to each other, in every order: parents first, circles at one stroke.
#include "core/kin_order.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>

using ferry::Kin;
using ferry::KinOrder;

namespace {

// Sorts rows with one foreign key and checks what any order has to keep to: every row once, and no row before
// its parent, unless both are in one circle.
KinOrder sorted(const std::vector<Kin> &rows) {
    KinOrder order(1, rows.size());
    for (const Kin &row : rows) order.add({&row, 1});
    order.sort([] {});
    std::vector<size_t> place(rows.size(), SIZE_MAX), circle(rows.size());
    for (size_t i = 0; i < order.order().size(); ++i) place.at(order.order()[i]) = i;
    BOOST_TEST(order.order().size() == rows.size());
    BOOST_TEST(std::ranges::count(place, SIZE_MAX) == 0);
    for (size_t i = 0; i < rows.size(); ++i) circle[i] = i;
    for (const KinOrder::Circle &run : order.circles())
        for (size_t i = 1; i < run.rows; ++i)
            circle[order.order()[run.first + i]] = circle[order.order()[run.first]];
    for (size_t i = 0; i < rows.size(); ++i)
        for (size_t p = 0; p < rows.size(); ++p)
            if (rows[i].parent != 0 && rows[p].own == rows[i].parent && p != i)
                BOOST_TEST((place[p] < place[i] || circle[p] == circle[i]));
    return order;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kin_order)

BOOST_AUTO_TEST_CASE(nothing) {
    KinOrder order(1, 0);
    order.sort([] {});
    BOOST_TEST(order.order().empty());
}

BOOST_AUTO_TEST_CASE(rows_without_kin_keep_their_order) {
    const KinOrder order = sorted({{5, 0}, {3, 99}, {0, 0}, {4, 0}});
    BOOST_TEST(order.order() == (std::vector<uint32_t>{0, 1, 2, 3}), boost::test_tools::per_element());
    BOOST_TEST(order.circles().empty());
}

BOOST_AUTO_TEST_CASE(a_chain_from_its_end) {
    std::vector<Kin> rows;
    for (uint64_t i = 1; i <= 300; ++i) rows.push_back({i, i + 1});
    BOOST_TEST(sorted(rows).order().front() == 299U);
}

BOOST_AUTO_TEST_CASE(a_row_that_refers_to_itself_is_no_circle) {
    BOOST_TEST(sorted({{2, 1}, {1, 1}}).circles().empty());
}

BOOST_AUTO_TEST_CASE(circles_with_what_hangs_on_them) {
    // 1 -> 2 -> 3 -> 1, below it 4 and below that 5; 6 <-> 7; 8 alone.
    const KinOrder order = sorted({{5, 4}, {1, 2}, {6, 7}, {4, 2}, {2, 3}, {8, 0}, {7, 6}, {3, 1}});
    BOOST_TEST(order.circles().size() == 2U);
    BOOST_TEST(order.circles()[0].rows == 3U);
    BOOST_TEST(order.circles()[1].rows == 2U);
}

BOOST_AUTO_TEST_CASE(equal_keys_stay_in_their_order) {
    // The second row of key 1 stands by itself, the first waits for 2.
    const KinOrder order = sorted({{1, 2}, {1, 0}, {3, 1}, {2, 0}});
    const auto place = [&](uint32_t row) {
        return std::ranges::find(order.order(), row) - order.order().begin();
    };
    BOOST_TEST(place(0) < place(1));
    BOOST_TEST(place(1) < place(2));
}

BOOST_AUTO_TEST_CASE(two_foreign_keys) {
    // Row 0 needs row 2 by the first and row 1 by the second; 3 and 4 are a circle through both.
    const std::vector<std::vector<Kin>> rows{
        {{1, 3}, {1, 2}}, {{2, 0}, {2, 0}}, {{3, 2}, {3, 0}}, {{4, 5}, {4, 0}}, {{5, 0}, {5, 4}}};
    KinOrder order(2, rows.size());
    for (const auto &row : rows) order.add(row);
    order.sort([] {});
    BOOST_TEST(order.order() == (std::vector<uint32_t>{1, 2, 0, 3, 4}), boost::test_tools::per_element());
    BOOST_TEST(order.circles().size() == 1U);
    BOOST_TEST(order.circles()[0].first == 3U);
}

BOOST_AUTO_TEST_CASE(a_long_sort_pauses) {
    KinOrder order(1, 100000);
    int pauses = 0;
    for (uint64_t i = 1; i <= 100000; ++i) {
        const Kin row{i, i % 100000 + 1};
        order.add({&row, 1});
    }
    order.sort([&] { ++pauses; });
    BOOST_TEST(pauses > 20);
    BOOST_TEST(order.circles().size() == 1U);
}

BOOST_AUTO_TEST_CASE(any_graph) {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        const size_t count = 1 + random() % 12;
        std::vector<Kin> rows;
        for (size_t i = 0; i < count; ++i) rows.push_back({random() % 10, random() % 12});
        sorted(rows);
    }
}

BOOST_AUTO_TEST_SUITE_END()
