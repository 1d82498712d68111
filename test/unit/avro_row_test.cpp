// Rows and single values: encoder and decoder against each other, by hand-made bytes, and hostile bytes one
// by one (reference/avro.md §3.2 to §3.4).
#include <boost/test/unit_test.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "avro_memory.hpp"
#include "core/avro/decimal.hpp"
#include "core/avro/decoder.hpp"
#include "core/avro/encoder.hpp"

using namespace ferry;
using namespace ferry::avro;
using ferry::avro::test::Bytes;

BOOST_AUTO_TEST_SUITE(avro_row)

namespace {

constexpr int64_t int64_min = std::numeric_limits<int64_t>::min();
constexpr int64_t int64_max = std::numeric_limits<int64_t>::max();

Field integer(int64_t value) {
    Field out;
    out.kind = Field::Kind::integer;
    out.integer = value;
    return out;
}
Field real(double value) {
    Field out;
    out.kind = Field::Kind::real;
    out.real = value;
    return out;
}
Field boolean(bool value) {
    Field out;
    out.kind = Field::Kind::boolean;
    out.integer = value;
    return out;
}
Field text(std::string_view value, Field::Kind kind = Field::Kind::text) {
    Field out;
    out.kind = kind;
    out.text = value;
    return out;
}
Field bytes(std::string_view value) {
    return text(value, Field::Kind::bytes);
}
Field null() {
    Field out;
    out.kind = Field::Kind::null;
    return out;
}

bool same(const Field &a, const Field &b) {
    if (a.kind != b.kind) return false;
    if (a.kind == Field::Kind::integer || a.kind == Field::Kind::boolean) return a.integer == b.integer;
    if (a.kind == Field::Kind::real)
        return std::bit_cast<uint64_t>(a.real) == std::bit_cast<uint64_t>(b.real);
    return a.kind == Field::Kind::null || a.kind == Field::Kind::absent || a.text == b.text;
}

Column column(Kind kind, bool not_null = false, bool text_branch = false) {
    Column out;
    out.name = "c";
    out.kind = kind;
    out.not_null = not_null;
    out.text_branch = text_branch;
    out.precision = 12;
    out.scale = 2;
    return out;
}

// One field's encoding, or "refused".
std::string encode(const Column &c, const Field &field) {
    const RowEncoder encoder({&c, 1});
    Buffer out;
    out.append("x");
    const int refused = encoder.encode({&field, 1}, out);
    if (refused < 0) return std::string(out.view().substr(1));
    BOOST_TEST(refused == 0);
    BOOST_TEST(out.view() == "x");
    return "refused";
}

std::string record_of(std::string_view type) {
    return R"({"type":"record","name":"r","fields":[{"name":"a","type":)" + std::string(type) + "}]}";
}

struct Outcome {
    Field field;
    std::string kept;  // of the text: the decoder is gone by then
    Error error{};
    bool good = false;
};

// Decodes one value of `type`, which must take all of the bytes; or skips it.
Outcome decode(std::string_view type, std::string_view data, bool skip = false, const Limits &limits = {}) {
    const auto schema = parse_schema(record_of(type));
    BOOST_REQUIRE_MESSAGE(bool(schema), type);
    const int mapping[] = {skip ? -1 : 0};
    auto decoder = RowDecoder::compile(*schema, mapping, 1, {}, limits);
    BOOST_REQUIRE_MESSAGE(bool(decoder), type);
    Outcome out;
    Cursor cursor(data, 1000);
    Status status = decoder->decode(cursor, {&out.field, 1});
    if (status) status = RowDecoder::check_end(cursor);
    if (!status) {
        out.error = status.error();
        return out;
    }
    out.kept = out.field.text;
    out.field.text = out.kept;
    out.good = true;
    return out;
}

// Our own record for intervals, or, with another type for months, not quite.
std::string interval_of(std::string_view months) {
    return R"({"type":"record","name":"i","pg.type":"interval","fields":[{"name":"months","type":")" +
           std::string(months) + R"("},{"name":"days","type":"int"},{"name":"micros","type":"long"}]})";
}

std::string refusal(std::string_view type, std::string_view data, uint64_t offset, bool skip = false) {
    const Outcome out = decode(type, data, skip);
    if (out.good) return "";
    BOOST_TEST((out.error.code == Code::corrupt_file));
    BOOST_TEST(out.error.offset == 1000 + offset, type << ": offset " << out.error.offset);
    return out.error.message;
}

std::string number(int64_t value) {
    return Bytes().number(value).str();
}

}  // namespace

BOOST_AUTO_TEST_CASE(numbers_round_trip) {
    std::vector<int64_t> values{0, -1, 1, 63, 64, -64, -65, int64_min, int64_max};
    for (int bit = 0; bit < 63; ++bit)
        for (int64_t around = -2; around <= 2; ++around) {
            values.push_back((int64_t{1} << bit) + around);
            values.push_back(-(int64_t{1} << bit) + around);
        }
    std::mt19937_64 random(11);
    for (int i = 0; i < 10'000; ++i) values.push_back(static_cast<int64_t>(random() >> (random() % 64)));
    for (const int64_t value : values) {
        // Plain seven-bit groups as the specification puts it, against the eight-at-once writer.
        std::string plain;
        for (uint64_t z = zigzag(value);; z >>= 7) {
            plain.push_back(static_cast<char>((z & 0x7F) | (z >= 0x80 ? 0x80 : 0)));
            if (z < 0x80) break;
        }
        BOOST_REQUIRE(number(value) == plain);
        for (const char *tail : {"", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"}) {
            const std::string data = plain + tail;
            Cursor cursor(data);
            int64_t back = 0;
            BOOST_REQUIRE(cursor.read_long(back));
            BOOST_REQUIRE(back == value);
            BOOST_REQUIRE(cursor.offset() == plain.size());
        }
        for (size_t cut = 0; cut < plain.size(); ++cut) {
            Cursor cursor(std::string_view(plain).substr(0, cut));
            int64_t back;
            BOOST_REQUIRE(!cursor.read_long(back));
            BOOST_REQUIRE(cursor.offset() == 0U);
            BOOST_REQUIRE(cursor.fault() == Cursor::truncated);
        }
    }
}

BOOST_AUTO_TEST_CASE(numbers_end_after_ten_bytes) {
    const std::string nine(9, '\xFF');
    for (const std::string &data :
         {nine + "\x02", nine + "\x81" + std::string(1, '\0'), nine + "\xFF\xFF\x01"}) {
        Cursor cursor(data);
        int64_t value;
        BOOST_TEST(!cursor.read_long(value));
        BOOST_TEST(std::string_view(cursor.fault()) == "number longer than 64 bits");
        BOOST_TEST(cursor.offset() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(fields_are_encoded_as_specified) {
    const auto with = [](std::string prefix, std::string rest) { return prefix + rest; };
    const std::string zero(1, '\0');
    BOOST_TEST(encode(column(Kind::int32), integer(-3)) == "\x02\x05");
    BOOST_TEST(encode(column(Kind::int32, true), integer(-3)) == "\x05");
    BOOST_TEST(encode(column(Kind::int32), null()) == zero);
    BOOST_TEST(encode(column(Kind::int32), Field{}) == zero);
    BOOST_TEST(encode(column(Kind::int32, true), null()) == "refused");
    BOOST_TEST(encode(column(Kind::date, false, true), text("infinity")) == "\x04\x10infinity");
    BOOST_TEST(encode(column(Kind::date, true, true), text("infinity")) == "\x02\x10infinity");
    BOOST_TEST(encode(column(Kind::date, true, true), integer(1)) == with(zero, "\x02"));
    BOOST_TEST(encode(column(Kind::date), text("infinity")) == "refused");
    BOOST_TEST(encode(column(Kind::string, false, true), text("a")) ==
               "\x02\x02"
               "a");
    BOOST_TEST(encode(column(Kind::string, true, true), text("a")) ==
               "\x02"
               "a");
    BOOST_TEST(encode(column(Kind::bytes, true), bytes({"\0\xFF", 2})) == with("\x04", {"\0\xFF", 2}));
    BOOST_TEST(encode(column(Kind::boolean, true), boolean(true)) == "\x01");
    BOOST_TEST(encode(column(Kind::float32, true), real(1.5)) == std::string("\0\0\xC0\x3F", 4));
    BOOST_TEST(encode(column(Kind::float64, true), real(-2)) == std::string("\0\0\0\0\0\0\0\xC0", 8));
}

BOOST_AUTO_TEST_CASE(values_that_do_not_fit_are_told) {
    const struct {
        Kind kind;
        Field field;
        bool good;
    } cases[] = {
        {Kind::int32, integer(INT32_MAX), true},
        {Kind::int32, integer(int64_t{INT32_MAX} + 1), false},
        {Kind::date, integer(int64_t{INT32_MIN} - 1), false},
        {Kind::time_micros, integer(86'399'999'999), true},
        {Kind::time_micros, integer(86'400'000'000), false},
        {Kind::time_micros, integer(-1), false},
        {Kind::timestamp_micros, integer(int64_min), true},
        {Kind::local_timestamp_micros, real(1), false},
        {Kind::float32, real(1e39), false},
        {Kind::float32, real(INFINITY), true},
        {Kind::float64, integer(1), false},
        {Kind::boolean, integer(1), false},
        {Kind::bytes, text("a"), false},
        {Kind::string, bytes("a"), false},
        {Kind::uuid, text("a"), true},
        {Kind::decimal, text("NaN"), false},
        {Kind::decimal, text("1.005"), false},
        {Kind::decimal, text("1.500"), true},
        {Kind::decimal, text("12345678901"), false},
        {Kind::decimal, integer(999'999'999'999), true},
        {Kind::decimal, integer(1'000'000'000'000), false},
        {Kind::decimal, real(1), false},
    };
    for (const auto &c : cases)
        for (const bool not_null : {false, true})
            BOOST_TEST((encode(column(c.kind, not_null), c.field) != "refused") == c.good,
                       "kind " << static_cast<int>(c.kind) << " " << c.field.text);
    const Column columns[] = {column(Kind::int32), column(Kind::string), column(Kind::date)};
    const std::string long_text(1000, 'x');
    const Field row[] = {integer(1), text(long_text), text("infinity")};
    Buffer out;
    BOOST_TEST(RowEncoder(columns).encode(row, out) == 2);
    BOOST_TEST(out.empty());
}

BOOST_AUTO_TEST_CASE(decimals) {
    const struct {
        std::string_view text;
        std::string bytes;
        int scale;
        std::string_view back;
    } cases[] = {
        {"0", {"\0", 1}, 0, "0"},         {"-1", "\xFF", 0, "-1"},        {"127", "\x7F", 0, "127"},
        {"128", {"\0\x80", 2}, 0, "128"}, {"-128", "\x80", 0, "-128"},    {"-129", "\xFF\x7F", 0, "-129"},
        {"12.5", "\x04\xE2", 2, "12.50"}, {"-0.01", "\xFF", 2, "-0.01"},  {".5", "\x05", 1, "0.5"},
        {"+00007.", "\x07", 0, "7"},      {"0.00", {"\0", 1}, 2, "0.00"},
    };
    std::string back;
    for (const auto &c : cases) {
        const auto parsed = parse_decimal(c.text, max_precision, c.scale);
        BOOST_REQUIRE(parsed.has_value());
        char packed[max_decimal_bytes];
        BOOST_TEST(std::string(packed, put_unscaled(packed, *parsed)) == c.bytes, c.text);
        format_decimal(c.bytes, c.scale, back);
        BOOST_TEST(back == c.back);
    }
    for (const std::string_view bad : {"", "-", ".", "1e5", "1.2.3", "Infinity", " 1", "0x1"})
        BOOST_TEST(!parse_decimal(bad, 10, 2).has_value(), bad);
    const std::string nines(38, '9');
    for (const std::string &big : {nines, "-" + nines}) {
        char packed[max_decimal_bytes];
        char *const end = put_unscaled(packed, parse_decimal(big, 38, 0).value());
        format_decimal({packed, static_cast<size_t>(end - packed)}, 0, back);
        BOOST_TEST(back == big);
    }
    BOOST_TEST(!parse_decimal(nines + "0", 38, 0).has_value());
    BOOST_TEST(!parse_decimal("1", 2, 2).has_value());
    BOOST_TEST(parse_decimal("0", 2, 2).has_value());
    format_decimal("", 2, back);
    BOOST_TEST(back == "0.00");
    format_decimal(std::string(1, '\1') + std::string(20, '\0'), 0, back);
    BOOST_TEST(back == "1461501637330902918203684832716283019655932542976");
}

// PostgreSQL's stored numerics, put together as numeric.c describes them.
BOOST_AUTO_TEST_CASE(stored_numerics) {
    const auto image = [](std::initializer_list<int> words) {
        std::string out;
        for (const int word : words) {
            const auto half = static_cast<uint16_t>(word);
            out.append(reinterpret_cast<const char *>(&half), sizeof half);
        }
        return out;
    };
    constexpr int brief = 0x8000, brief_negative = 0xA000, below_point = 0x40;
    constexpr int negative = 0x4000;
    const struct {
        std::string image;
        int precision, scale;
        std::string_view expected;  // empty where it does not fit
    } cases[] = {
        {image({brief}), 5, 2, "0"},
        {image({brief, 12, 5000}), 4, 2, "1250"},
        {image({brief_negative, 12, 5000}), 4, 2, "-1250"},
        {image({brief, 12, 5000}), 3, 2, ""},
        {image({brief, 12, 5000}), 4, 1, "125"},
        {image({brief, 12, 5000}), 4, 0, ""},
        {image({brief, 12, 5600}), 4, 1, ""},
        {image({brief | below_point | 0x3F, 99}), 4, 4, "99"},
        {image({brief | below_point | 0x3F, 9900}), 4, 2, "99"},
        {image({brief | below_point | 0x3E, 1}), 8, 8, "1"},
        {image({brief | below_point | 0x3E, 1}), 8, 4, ""},
        {image({brief | 1, 9}), 5, 0, "90000"},
        {image({brief | 1, 9}), 4, 0, ""},
        {image({0, 4, 99, 9999, 9999, 9999, 9999}), 18, 0, "999999999999999999"},
        {image({negative, 4, 999, 9999, 9999, 9999, 9999}), 19, 0, "-9999999999999999999"},
        {image({0, 4, 99, 9999, 9999, 9999, 9999, 9900}), 20, 2, "99999999999999999999"},
        {image({0, 9, 99, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999}), 38, 0,
         "99999999999999999999999999999999999999"},
        {image({brief | 9, 10}), 38, 0, "10000000000000000000000000000000000000"},
        {image({0, 30'000, 1}), 38, 0, ""},
        {image({0, -30'000, 1}), 38, 38, ""},
        {image({0xC000}), 5, 2, ""},
        {image({0xD000}), 5, 2, ""},
        {image({0xF000}), 5, 2, ""},
        {"", 5, 2, ""},
        {"x", 5, 2, ""},
        {image({0}), 5, 2, ""},
    };
    for (const auto &c : cases) {
        // At an odd address, as in a tuple.
        const std::string moved = "x" + c.image;
        const auto read = read_numeric(std::string_view(moved).substr(1), c.precision, c.scale);
        BOOST_TEST(read.has_value() == !c.expected.empty(), "expected " << c.expected);
        if (!read) continue;
        char packed[max_decimal_bytes];
        std::string back;
        format_decimal({packed, static_cast<size_t>(put_unscaled(packed, *read) - packed)}, 0, back);
        BOOST_TEST(back == c.expected);
    }
}

BOOST_AUTO_TEST_CASE(unscaled_values_are_as_short_as_can_be) {
    for (int bit = 0; bit < 127; ++bit)
        for (int around = -2; around <= 2; ++around)
            for (const int sign : {1, -1}) {
                const int128 value = sign * ((int128{1} << bit) + around);
                char packed[max_decimal_bytes];
                const auto size = static_cast<size_t>(put_unscaled(packed, value) - packed);
                int128 back = packed[0] < 0 ? -1 : 0;
                for (size_t i = 0; i < size; ++i)
                    back = static_cast<int128>(static_cast<uint128>(back) << 8U) |
                           static_cast<unsigned char>(packed[i]);
                BOOST_REQUIRE(back == value);
                const bool spare =
                    size > 1 && ((packed[0] == 0 && packed[1] >= 0) || (packed[0] == -1 && packed[1] < 0));
                BOOST_REQUIRE(!spare);
            }
}

// Random rows of every kind, with text branches and nulls, come back as they went.
BOOST_AUTO_TEST_CASE(random_rows_round_trip) {
    std::mt19937_64 random(42);
    std::vector<Column> columns;
    for (int kind = 0; kind <= static_cast<int>(Kind::decimal); ++kind)
        for (int bits = 0; bits < 4; ++bits) {
            columns.push_back(column(static_cast<Kind>(kind), bits & 1, bits & 2));
            columns.back().name = "c" + std::to_string(columns.size());
        }
    const auto schema = parse_schema(schema_json({"d", "s", "t", columns}));
    BOOST_REQUIRE(bool(schema));
    std::vector<int> mapping(columns.size());
    for (size_t i = 0; i < mapping.size(); ++i) mapping[i] = static_cast<int>(i);
    auto decoder = RowDecoder::compile(*schema, mapping, columns.size());
    const RowEncoder encoder(columns);
    BOOST_REQUIRE(bool(decoder));
    std::vector<std::vector<Field>> rows(500, std::vector<Field>(columns.size()));
    std::vector<std::string> kept(rows.size());
    Buffer block;
    for (size_t r = 0; r < rows.size(); ++r) {
        kept[r] = std::string(random() % 300, 'z') + "\xC3\xA9";
        for (size_t i = 0; i < columns.size(); ++i) {
            const Column &c = columns[i];
            const auto value = static_cast<int64_t>(random() >> (random() % 64));
            const bool is_string = c.kind == Kind::string || c.kind == Kind::uuid;
            Field &f = rows[r][i];
            if (!c.not_null && random() % 4 == 0)
                f = null();
            else if (is_string || (c.text_branch && random() % 3 == 0))
                f = text(kept[r]);
            else if (c.kind == Kind::boolean)
                f = boolean(value & 1);
            else if (c.kind == Kind::float32)
                f = real(static_cast<float>(value) / 3.0F);
            else if (c.kind == Kind::float64)
                f = real(std::bit_cast<double>(value));
            else if (c.kind == Kind::bytes)
                f = bytes(kept[r]);
            else if (c.kind == Kind::decimal)
                f = text(r % 2 ? "-31415926.53" : "0.07");
            else if (c.kind == Kind::time_micros)
                f = integer(static_cast<int64_t>(random() % 86'400'000'000));
            else if (c.kind == Kind::int32 || c.kind == Kind::date)
                f = integer(static_cast<int32_t>(value));
            else
                f = integer(value);
            if (f.kind == Field::Kind::real) f.real = std::isnan(f.real) ? 0.5 : f.real;
            if (c.kind == Kind::float32 && f.kind == Field::Kind::real)
                f.real = double{static_cast<float>(f.real)};
        }
        BOOST_REQUIRE(encoder.encode(rows[r], block) == -1);
    }
    Cursor cursor(block.view());
    std::vector<Field> out(columns.size());
    for (const auto &row : rows) {
        BOOST_REQUIRE(bool(decoder->decode(cursor, out)));
        for (size_t i = 0; i < out.size(); ++i)
            BOOST_REQUIRE_MESSAGE(same(out[i], row[i]), "column " << i << " text " << out[i].text);
        decoder->release();
    }
    BOOST_TEST(bool(RowDecoder::check_end(cursor)));
    // Nothing of a shorter block is ever a whole row too many.
    Cursor cut(block.view().substr(0, block.size() - 1));
    Status status = Done{};
    size_t whole = 0;
    while ((status = decoder->decode(cut, out))) ++whole;
    BOOST_TEST(whole == rows.size() - 1);
    BOOST_TEST((status.error().code == Code::corrupt_file));
}

// What a table gave for writing comes back as the same Fields, so that it has the same content hash.
BOOST_AUTO_TEST_CASE(values_as_they_were_written) {
    const std::string wide("\x14\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A", 11);  // a length and ten bytes
    const std::string items("\x04\x02\x02\x02\x00\x00", 6);
    Column numbers = column(Kind::array, false, true);
    numbers.parts.push_back(column(Kind::int32));
    Column huge = column(Kind::decimal);
    huge.precision = 38;
    Table table{"d",
                "s",
                "t",
                {column(Kind::decimal, true), column(Kind::decimal, false, true), huge, numbers,
                 column(Kind::date, true, true), column(Kind::uuid), column(Kind::int64)}};
    for (size_t i = 0; i < table.columns.size(); ++i) table.columns[i].name = "c" + std::to_string(i);
    const std::vector<std::vector<Field>> rows{
        {integer(-1), integer(314), text(wide, Field::Kind::encoded), text(items, Field::Kind::encoded),
         integer(18628), text("00000000-0000-0000-0000-000000000000"), integer(int64_min)},
        {integer(999999999999), text("NaN"), integer(0), text("{{1},{2}}"), text("infinity"), null(), null()},
        {integer(0), null(), integer(int64_max), null(), integer(0), text(""), integer(0)}};
    const RowEncoder encoder(table.columns);
    Buffer block;
    for (const auto &row : rows) BOOST_REQUIRE(encoder.encode(row, block) == -1);
    const auto schema = parse_schema(schema_json(table));
    BOOST_REQUIRE(bool(schema));
    const std::vector<int> mapping{0, 1, 2, 3, 4, 5, 6};
    auto decoder = RowDecoder::compile(*schema, mapping, mapping.size());
    BOOST_REQUIRE(bool(decoder));
    std::vector<Field> out(mapping.size());
    Cursor cursor(block.view());
    for (const auto &row : rows) {
        BOOST_REQUIRE(bool(decoder->decode_as_written(cursor, out)));
        for (size_t i = 0; i < out.size(); ++i) BOOST_TEST(same(out[i], row[i]), "column " << i);
    }
    BOOST_TEST(bool(RowDecoder::check_end(cursor)));
    for (size_t size = 0; size < block.size(); ++size) {
        Cursor cut(block.view().substr(0, size));
        Status status = Done{};
        size_t whole = 0;
        while ((status = decoder->decode_as_written(cut, out))) ++whole;
        BOOST_TEST((whole < rows.size() && status.error().code == Code::corrupt_file));
    }
}

BOOST_AUTO_TEST_CASE(values_of_any_writer) {
    const std::string zero(1, '\0');
    const struct {
        std::string type;
        std::string data;
        Field expected;
    } cases[] = {
        {R"("null")", "", null()},
        {R"("boolean")", "\x01", boolean(true)},
        {R"("int")", "\x05", integer(-3)},
        {R"("long")", number(int64_min), integer(int64_min)},
        {R"("float")", {"\0\0\xC0\x3F", 4}, real(1.5)},
        {R"("double")", {"\0\0\0\0\0\0\0\xC0", 8}, real(-2)},
        {R"("bytes")", "\x04\xFF\xFE", bytes("\xFF\xFE")},
        {R"("string")", "\x04\xC3\xA9", text("\xC3\xA9")},
        {R"("string")", zero, text("")},
        {R"({"type":"fixed","name":"f","size":2})", "ab", bytes("ab")},
        {R"({"type":"fixed","name":"f","size":0})", "", bytes("")},
        {R"({"type":"enum","name":"e","symbols":["A","B"]})", "\x02", text("B")},
        {R"(["null","int"])", zero, null()},
        {R"(["null","int"])", "\x02\x05", integer(-3)},
        {R"(["int","null"])", "\x02", null()},
        {R"(["int","null"])", zero + "\x05", integer(-3)},
        {R"(["int","string"])",
         "\x02\x02"
         "a",
         text("a")},
        {R"(["string"])",
         zero + "\x02"
                "a",
         text("a")},
        {R"(["null"])", zero, null()},
        {R"(["string","null","double","int"])", "\x06\x05", integer(-3)},
        {R"(["string","null","double","int"])", "\x02", null()},
        {R"({"type":"int","logicalType":"date"})", number(19000), integer(19000)},
        {R"({"type":"int","logicalType":"time-millis"})", number(7), integer(7000)},
        {R"({"type":"long","logicalType":"time-micros"})", number(7), integer(7)},
        {R"({"type":"long","logicalType":"timestamp-millis"})", number(-7), integer(-7000)},
        {R"(["null",{"type":"long","logicalType":"timestamp-millis"}])", "\x02" + number(-7), integer(-7000)},
        {R"({"type":"long","logicalType":"local-timestamp-millis"})", number(7), integer(7000)},
        {R"({"type":"long","logicalType":"local-timestamp-micros"})", number(7), integer(7)},
        {R"({"type":"long","logicalType":"unheard-of"})", number(7), integer(7)},
        {R"({"type":"string","logicalType":"uuid"})",
         "\x02"
         "x",
         text("x")},
        {R"({"type":"fixed","name":"f","size":16,"logicalType":"uuid"})",
         {"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xAA\xBB\xCC\xDD\xEE\xFF", 16},
         text("00112233-4455-6677-8899-aabbccddeeff")},
        {R"({"type":"fixed","name":"f","size":12,"logicalType":"duration"})",
         {"\x01\0\0\0\x02\0\0\0\xD7\x11\0\0", 12},
         text("1 mons 2 days 4.567 secs")},
        {R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})", "\x04\x04\xE2",
         text("12.50")},
        {R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})", zero, text("0.00")},
        {R"({"type":"fixed","name":"f","size":2,"logicalType":"decimal","precision":4,"scale":1})",
         "\xFF\xFF", text("-0.1")},
        {interval_of("int"), Bytes().number(-1).number(0).number(-1).str(),
         text("-1 mons +0 days -0.000001 secs")},
        {interval_of("int"), Bytes().number(INT32_MAX).number(INT32_MIN).number(int64_min).str(),
         text("+2147483647 mons -2147483648 days -9223372036854.775808 secs")},
    };
    for (const auto &c : cases) {
        const Outcome out = decode(c.type, c.data);
        BOOST_TEST(out.good, c.type << ": " << out.error.message);
        BOOST_TEST(same(out.field, c.expected), c.type << " " << out.kept);
        BOOST_TEST(decode(c.type, c.data, true).good, c.type);
        for (size_t cut = 0; cut < c.data.size(); ++cut) {
            BOOST_TEST(!decode(c.type, c.data.substr(0, cut)).good, c.type << " cut at " << cut);
            BOOST_TEST(!decode(c.type, c.data.substr(0, cut), true).good, c.type << " cut at " << cut);
        }
    }
}

BOOST_AUTO_TEST_CASE(hostile_values_are_refused) {
    const auto prefixed = [](std::string_view raw, int64_t length) {
        return number(length) + std::string(raw);
    };
    const struct {
        std::string_view type;
        std::string data;
        uint64_t offset;
        std::string_view message;
    } cases[] = {
        {R"("int")", number(int64_t{INT32_MAX} + 1), 0, "int out of range in field \"a\""},
        {R"("int")", std::string(10, '\xFF'), 0, "number longer than 64 bits in field \"a\""},
        {R"("boolean")", "\x07", 0, "invalid boolean in field \"a\""},
        {R"(["int","boolean"])", "\x02\x07", 1, "invalid boolean in field \"a\""},
        {R"("string")", prefixed("abc", -1), 0, "negative length in field \"a\""},
        {R"("string")", number(int64_min), 0, "negative length in field \"a\""},
        {R"("bytes")", prefixed("abc", 4), 0, "length exceeds the remaining bytes in field \"a\""},
        {R"("bytes")", number(int64_max), 0, "length exceeds the remaining bytes in field \"a\""},
        {R"("string")", prefixed("\xC3(", 2), 3, "invalid UTF-8 in field \"a\""},
        {R"("string")", prefixed("\xED\xA0\x80", 3), 4, "invalid UTF-8 in field \"a\""},
        {R"({"type":"enum","name":"e","symbols":["A","B"]})", number(77), 0,
         "invalid enum index in field \"a\""},
        {R"({"type":"enum","name":"e","symbols":["A","B"]})", number(-1), 0,
         "invalid enum index in field \"a\""},
        {R"({"type":"enum","name":"e","symbols":[]})", number(0), 0, "invalid enum index in field \"a\""},
        {R"(["null","int"])", number(2), 0, "invalid union branch in field \"a\""},
        {R"(["null","int"])", number(-1), 0, "invalid union branch in field \"a\""},
        {R"(["int","long","null"])", number(3), 0, "invalid union branch in field \"a\""},
        {R"(["int","long","null"])", number(int64_min), 0, "invalid union branch in field \"a\""},
        {R"({"type":"fixed","name":"f","size":2})", "a", 0, "unexpected end of data in field \"a\""},
        {R"("double")", "1234567", 0, "unexpected end of data in field \"a\""},
        {R"("int")", "\x02\x02", 1, "extra bytes after the last row of a block"},
    };
    for (const auto &c : cases) BOOST_TEST(refusal(c.type, c.data, c.offset) == c.message, c.type);
}

BOOST_AUTO_TEST_CASE(values_beyond_a_field_are_out_of_range) {
    for (const int64_t value : {int64_max / 1000 + 1, int64_min / 1000 - 1}) {
        const Outcome out = decode(R"({"type":"long","logicalType":"timestamp-millis"})", number(value));
        BOOST_TEST(!out.good);
        BOOST_TEST((out.error.code == Code::out_of_range));
        BOOST_TEST(out.error.offset == 1000U);
        BOOST_TEST(out.error.message == "timestamp out of range in field \"a\"");
    }
    const Outcome out = decode(R"({"type":"bytes","logicalType":"decimal","precision":4})",
                               Bytes().text(std::string(5000, '\x11')).str());
    BOOST_TEST((out.error.code == Code::out_of_range));
    BOOST_TEST(out.error.message == "decimal out of range in field \"a\"");
}

BOOST_AUTO_TEST_CASE(nested_values_are_skipped) {
    const std::string zero(1, '\0');
    const auto array = [](std::string_view item) {
        return R"({"type":"array","items":)" + std::string(item) + "}";
    };
    const auto map = [](std::string_view item) {
        return R"({"type":"map","values":)" + std::string(item) + "}";
    };
    const std::string record =
        R"({"type":"record","name":"s","fields":[{"name":"x","type":"int"},{"name":"n","type":"null"},)"
        R"({"name":"y","type":{"type":"array","items":["null","string"]}}]})";
    const struct {
        std::string type, data;
    } good[] = {
        {array(R"("int")"), zero},
        {array(R"("int")"), Bytes().number(2).number(1).number(500).number(1).number(3).number(0).str()},
        {array(R"("int")"), Bytes().number(-2).number(3).number(1).number(500).number(0).str()},
        {array(R"("null")"), Bytes().number(1000).number(-5).number(0).number(0).str()},
        {map(R"("boolean")"), Bytes().number(1).text("k").raw("\x01").number(0).str()},
        {map(R"("null")"), Bytes().number(-1).number(2).text("k").number(0).str()},
        {record, Bytes().number(7).number(2).number(0).number(1).text("abc").number(0).str()},
        {"[\"null\"," + record + "]", Bytes().number(1).number(7).number(0).str()},
        {R"({"type":"record","name":"s","fields":[]})", ""},
    };
    for (const auto &c : good) {
        const Outcome out = decode(c.type, c.data, true);
        BOOST_TEST(out.good, c.type << ": " << out.error.message);
        for (size_t cut = 0; cut < c.data.size(); ++cut)
            BOOST_TEST(!decode(c.type, c.data.substr(0, cut), true).good, c.type << " cut at " << cut);
    }
    const std::string_view bad_count = "invalid item count in field \"a\"";
    const struct {
        std::string type, data;
        uint64_t offset;
        std::string_view message;
    } bad[] = {
        {array(R"("int")"), number(4) + "\x02" + zero, 0, bad_count},
        {array(R"("int")"), number(int64_max), 0, bad_count},
        {array(R"("int")"), number(int64_min) + number(0), 0, bad_count},
        {array(R"("int")"), number(-1) + number(-1), 0, bad_count},
        {array(R"("int")"), number(-1) + number(9) + "\x02" + zero, 0, bad_count},
        {array(R"("int")"), number(-3) + number(2) + "\x02\x02" + zero, 0, bad_count},
        {array(R"("null")"), number(int64_t{1} << 31), 0, bad_count},
        {array(R"("null")"), number(1 << 20) + number(1) + zero, 4, bad_count},
        {array(R"("null")"), number(-1) + number(1) + "x" + zero, 0, bad_count},
        {map(R"("int")"), number(1) + number(50) + zero, 1,
         "length exceeds the remaining bytes in field \"a\""},
    };
    for (const auto &c : bad) BOOST_TEST(refusal(c.type, c.data, c.offset, true) == c.message, c.type);
}

BOOST_AUTO_TEST_CASE(plans_that_cannot_be_are_refused) {
    const auto compile = [](std::string_view json, std::vector<int> mapping, size_t width) {
        const auto schema = parse_schema(json);
        BOOST_REQUIRE(bool(schema));
        auto made = RowDecoder::compile(*schema, mapping, width);
        BOOST_REQUIRE(!made);
        return made.error();
    };
    const Error scalar = compile("\"int\"", {}, 0);
    BOOST_TEST((scalar.code == Code::unsupported));
    BOOST_TEST(scalar.message == "rows of the Avro file are of type int, not records");
    BOOST_TEST((compile(record_of("\"int\""), {}, 1).code == Code::internal));
    BOOST_TEST((compile(record_of("\"int\""), {1}, 1).code == Code::internal));
}

BOOST_AUTO_TEST_CASE(mapping_reorders_skips_and_leaves_absent) {
    const auto schema = parse_schema(
        R"({"type":"record","name":"r","fields":[{"name":"a","type":"int"},{"name":"b","type":"string"},)"
        R"({"name":"c","type":["null","int"]}]})");
    const std::vector<int> mapping{2, -1, 0};
    auto decoder = RowDecoder::compile(*schema, mapping, 4);
    BOOST_REQUIRE(bool(decoder));
    const std::string row = Bytes().number(1).text("skipped").number(1).number(3).str();
    Cursor cursor(row);
    std::vector<Field> out(4, text("stale"));
    BOOST_REQUIRE(bool(decoder->decode(cursor, out)));
    BOOST_TEST(same(out[0], integer(3)));
    BOOST_TEST(same(out[1], Field{}));
    BOOST_TEST(same(out[2], integer(1)));
    BOOST_TEST(same(out[3], Field{}));
}

BOOST_AUTO_TEST_SUITE_END()
