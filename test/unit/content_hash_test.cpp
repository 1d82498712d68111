// Tests of content_hash.hpp: the order of rows does not matter, everything else does, and the hash of a row
// stays what it is, because it stands in manifests.
#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <vector>

#include "core/content_hash.hpp"

using namespace ferry;

namespace {

Field text_field(std::string_view text) {
    Field field;
    field.kind = Field::Kind::text;
    field.text = text;
    return field;
}

Field integer_field(int64_t value) {
    Field field;
    field.kind = Field::Kind::integer;
    field.integer = value;
    return field;
}

Field null_field() {
    Field field;
    field.kind = Field::Kind::null;
    return field;
}

std::string hash_rows(const std::vector<std::vector<Field>> &rows) {
    ContentHash hash;
    for (const auto &row : rows) hash.add(row);
    return hash.text();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(content_hash)

BOOST_AUTO_TEST_CASE(rows_may_come_in_any_order) {
    const std::vector<Field> a{integer_field(1), text_field("one")}, b{integer_field(2), null_field()};
    BOOST_CHECK_EQUAL(hash_rows({a, b, a}), hash_rows({a, a, b}));
    BOOST_CHECK_NE(hash_rows({a, b}), hash_rows({a, b, b}));
    BOOST_CHECK_NE(hash_rows({a, a}), hash_rows({b, b}));
}

BOOST_AUTO_TEST_CASE(fields_may_not) {
    std::set<std::string> seen;
    const auto is_new = [&](const std::vector<Field> &row) { return seen.insert(hash_rows({row})).second; };
    BOOST_CHECK(is_new({}));
    BOOST_CHECK(is_new({null_field()}));
    BOOST_CHECK(is_new({null_field(), null_field()}));
    BOOST_CHECK(is_new({integer_field(0)}));
    BOOST_CHECK(is_new({text_field("")}));
    for (int64_t i = 1; i < 200; ++i) {
        BOOST_CHECK(is_new({integer_field(i)}));
        BOOST_CHECK(is_new({integer_field(-i)}));
        BOOST_CHECK(is_new({integer_field(i), integer_field(0)}));
        BOOST_CHECK(is_new({integer_field(0), integer_field(i)}));
        BOOST_CHECK(is_new({integer_field(i), integer_field(i + 1)}));
        BOOST_CHECK(is_new({integer_field(i + 1), integer_field(i)}));
    }
}

BOOST_AUTO_TEST_CASE(every_bit_of_a_text_counts) {
    std::set<std::string> seen;
    for (size_t size = 0; size <= 70; ++size) {
        std::string text(size, 'a');
        BOOST_CHECK(seen.insert(hash_rows({{text_field(text)}})).second);
        for (size_t bit = 0; bit < 8 * size; ++bit) {
            text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
            BOOST_CHECK(seen.insert(hash_rows({{text_field(text)}})).second);
            text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
        }
    }
}

BOOST_AUTO_TEST_CASE(pieces_add_up_to_the_whole) {
    ContentHash whole, first, second;
    for (int64_t i = 0; i < 100; ++i) {
        const std::vector<Field> row{integer_field(i), text_field("x")};
        whole.add(row);
        (i % 3 == 0 ? first : second).add(row);
    }
    BOOST_CHECK(first.text() != second.text());
    second.add(first);
    second.add(ContentHash());
    BOOST_CHECK_EQUAL(second.text(), whole.text());
    BOOST_CHECK_EQUAL(second.rows(), 100U);
}

BOOST_AUTO_TEST_CASE(it_stays_what_it_is) {
    BOOST_CHECK_EQUAL(hash_rows({}), "00000000000000000000000000000000");
    BOOST_CHECK_EQUAL(hash_rows({{integer_field(7), text_field("Lighthouse keeper"), null_field()}}),
                      "fcdb19c3ad44f14e9faf0e8ff90e5f08");
}

BOOST_AUTO_TEST_SUITE_END()
