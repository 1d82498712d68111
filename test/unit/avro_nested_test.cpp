// Arrays, maps and records: the text that they become for columns of arrays, composites and JSON, schemas
// with named records, and hostile bytes inside nested values (reference: avro.md §3.6).
#include <boost/test/unit_test.hpp>

#include <limits>
#include <random>

#include "avro_memory.hpp"
#include "core/avro/decoder.hpp"
#include "core/avro/encoder.hpp"
#include "core/avro/literal.hpp"

using namespace ferry;
using namespace ferry::avro;
using ferry::avro::test::Bytes;

BOOST_AUTO_TEST_SUITE(avro_nested)

namespace {

const std::string zero(1, '\0');

std::string number_bytes(int64_t value) {
    return Bytes().number(value).str();
}

Column scalar(Kind kind, std::string name = {}, Notation notation = Notation::plain) {
    Column out;
    out.name = std::move(name);
    out.kind = kind;
    out.notation = notation;
    out.pg_type = "scalar";
    out.precision = 6;
    out.scale = 2;
    return out;
}

Column json(std::string name = {}) {
    return scalar(Kind::string, std::move(name), Notation::json);
}

Column array_of(Column item, std::string name = {}) {
    Column out = scalar(Kind::array, std::move(name));
    out.pg_type = "scalar[]";
    out.parts.push_back(std::move(item));
    return out;
}

Column record_of(std::vector<Column> parts, std::string type = "pair", std::string name = {}) {
    Column out = scalar(Kind::record, std::move(name));
    out.pg_type = type;
    out.record_schema = "public";
    out.record_name = std::move(type);
    out.parts = std::move(parts);
    return out;
}

std::string array_type(std::string_view items) {
    return R"({"type":"array","items":)" + std::string(items) + "}";
}

std::string map_type(std::string_view values) {
    return R"({"type":"map","values":)" + std::string(values) + "}";
}

std::string record_type(std::string_view fields) {
    return R"({"type":"record","name":"s","fields":[)" + std::string(fields) + "]}";
}

std::string in_record(std::string_view type) {
    return R"({"type":"record","name":"r","fields":[{"name":"a","type":)" + std::string(type) + "}]}";
}

struct Outcome {
    Field::Kind kind = Field::Kind::absent;
    std::string text;
    Error error{};
    bool good = false;
};

// Decodes one value for a target; without one it becomes JSON.
Outcome decode(std::string_view type, std::string_view data, const Column *target = nullptr,
               const Limits &limits = {}) {
    const auto schema = parse_schema(in_record(type));
    BOOST_REQUIRE_MESSAGE(bool(schema), type);
    const int mapping[] = {0};
    const auto targets = target != nullptr ? std::span(target, 1) : std::span<const Column>();
    auto decoder = RowDecoder::compile(*schema, mapping, 1, targets, limits);
    Outcome out;
    if (!decoder) {
        out.error = decoder.error();
        return out;
    }
    Cursor cursor(data, 1000);
    Field field;
    Status status = decoder->decode(cursor, {&field, 1});
    if (status) status = RowDecoder::check_end(cursor);
    if (!status) {
        out.error = status.error();
        return out;
    }
    out.kind = field.kind;
    if (field.kind == Field::Kind::integer) out.text = std::to_string(field.integer);
    if (field.kind >= Field::Kind::text && field.kind != Field::Kind::integer) out.text = field.text;
    BOOST_TEST(((field.kind == Field::Kind::json) == !field.token.empty()));
    out.good = true;
    return out;
}

struct Case {
    std::string type, data;
    Column target;
    Field::Kind kind;
    std::string text;
};

void check(const Case &c) {
    const Outcome out = decode(c.type, c.data, &c.target);
    BOOST_TEST(out.good, c.type << ": " << out.error.message);
    BOOST_TEST((out.kind == c.kind), c.type << " " << out.text);
    BOOST_TEST(out.text == c.text, c.type);
    for (size_t cut = 0; cut < c.data.size(); ++cut)
        BOOST_TEST(!decode(c.type, c.data.substr(0, cut), &c.target).good, c.type << " cut at " << cut);
}

constexpr auto text = Field::Kind::text;

}  // namespace

BOOST_AUTO_TEST_CASE(arrays_become_literals) {
    const std::string strings = array_type(R"(["null","string"])");
    const std::string ints = array_type("\"int\"");
    const auto items = [](std::initializer_list<std::string_view> list) {
        Bytes bytes;
        if (list.size() > 0) bytes.number(static_cast<int64_t>(list.size()));
        for (const std::string_view item : list) bytes.number(1).text(item);
        return bytes.number(0).str();
    };
    const Column texts = array_of(scalar(Kind::string));
    const Column numbers = array_of(scalar(Kind::int32));
    Column boxes = texts;
    boxes.delimiter = ';';
    const Case cases[] = {
        {strings, zero, texts, text, "{}"},
        {strings, items({"a", "null", "NULL", "nullable", ""}), texts, text,
         R"({a,"null","NULL",nullable,""})"},
        {strings, items({"a,b", "c d", "\"", "\\", "{", "}", "\t", "\xC3\xA9", ";", "'"}), texts, text,
         "{\"a,b\",\"c d\",\"\\\"\",\"\\\\\",\"{\",\"}\",\"\t\",\xC3\xA9,;,'}"},
        {strings, items({"(1,2)", ";"}), boxes, text, "{(1,2);\";\"}"},
        {strings, Bytes().number(2).number(0).number(1).text("x").number(0).str(), texts, text, "{NULL,x}"},
        {ints, Bytes().number(1).number(1).number(-2).number(2).number(-5).number(6).number(0).str(), numbers,
         text, "{1,-5,6}"},
        {array_type(ints),
         Bytes().number(2).number(1).number(1).number(0).number(1).number(2).number(0).number(0).str(),
         numbers, text, "{{1},{2}}"},
        {array_type("[\"null\"," + ints + "]"),
         Bytes().number(2).number(1).number(1).number(1).number(0).number(0).number(0).str(), numbers, text,
         "{{1},NULL}"},
        // A domain over an array makes an array of arrays that are no dimension.
        {array_type(ints),
         Bytes().number(2).number(2).number(1).number(2).number(0).number(0).number(0).str(),
         array_of(numbers), text, R"({"{1,2}","{}"})"},
        {"[\"null\"," + ints + ",\"string\"]", Bytes().number(2).text("[0:0]={1}").str(), numbers, text,
         "[0:0]={1}"},
        {"[\"null\"," + ints + ",\"string\"]", zero, numbers, Field::Kind::null, ""},
        {"[\"null\"," + ints + ",\"string\"]", Bytes().number(1).number(1).number(7).number(0).str(), numbers,
         text, "{7}"},
    };
    for (const Case &c : cases) check(c);
}

BOOST_AUTO_TEST_CASE(records_become_composites) {
    const std::string pair =
        record_type(R"({"name":"x","type":["null","int"]},{"name":"y","type":["null","string"]})");
    const auto values = Bytes().number(1).number(5).number(1).text("a \"b\\").str();
    const Column x = scalar(Kind::int32, "x");
    const Column y = scalar(Kind::string, "y");
    const Case cases[] = {
        {pair, values, record_of({x, y}), text, R"((5,"a ""b\\"))"},
        {pair, zero + zero, record_of({x, y}), text, "(,)"},
        {pair, zero + Bytes().number(1).text("").str(), record_of({x, y}), text, "(,\"\")"},
        {pair, values, record_of({y, x}), text, R"(("a ""b\\",5))"},
        {pair, values, record_of({scalar(Kind::int32, "new"), y, x}), text, R"((,"a ""b\\",5))"},
        {pair, values, record_of({scalar(Kind::int32, "X"), scalar(Kind::string, "Y")}), text,
         R"((5,"a ""b\\"))"},
        {record_type(""), "", record_of({}), text, "()"},
        {array_type("[\"null\"," + pair + "]"), Bytes().number(1).number(1).raw(values).number(0).str(),
         array_of(record_of({x, y})), text, R"x({"(5,\"a \"\"b\\\\\")"})x"},
        {record_type(R"({"name":"x","type":{"type":"array","items":"int"}})"),
         Bytes().number(2).number(1).number(2).number(0).str(), record_of({array_of(x, "x")}), text,
         R"(("{1,2}"))"},
    };
    for (const Case &c : cases) check(c);
    // pg.name counts before the field's own.
    check({record_type(R"({"name":"_u00E9","pg.name":"é","type":"int"})"), number_bytes(3),
           record_of({scalar(Kind::int32, "é")}), text, "(3)"});
}

BOOST_AUTO_TEST_CASE(scalars_inside) {
    const auto logical = [](std::string_view base, std::string_view name) {
        return R"({"type":")" + std::string(base) + R"(","logicalType":")" + std::string(name) + "\"}";
    };
    const std::string decimal = R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})";
    const int64_t half_second = 1'500'000;
    Column money = scalar(Kind::decimal, {}, Notation::money);
    money.decimal_point = ',';
    const struct {
        std::string type, data;
        Column target;
        std::string item;  // as it stands in an array's text
        std::string as_json;
    } cases[] = {
        {"\"boolean\"", "\x01", scalar(Kind::boolean), "true", "true"},
        {"\"boolean\"", zero, scalar(Kind::boolean), "false", "false"},
        {"\"long\"", number_bytes(INT64_MIN), scalar(Kind::int64), "-9223372036854775808",
         "-9223372036854775808"},
        {"\"double\"", {"\0\0\0\0\0\0\0\x80", 8}, scalar(Kind::float64), "-0", "-0"},
        {"\"double\"", {"\0\0\0\0\0\0\xF8\x7F", 8}, scalar(Kind::float64), "NaN", "\"NaN\""},
        {"\"float\"", {"\0\0\x80\xFF", 4}, scalar(Kind::float32), "-Infinity", "\"-Infinity\""},
        {"\"float\"", {"\xCD\xCC\xCC\x3D", 4}, scalar(Kind::float32), "0.1", "0.1"},
        {"\"bytes\"", Bytes().text({"\0\xFF", 2}).str(), scalar(Kind::bytes, {}, Notation::hex),
         "\"\\\\x00ff\"", R"("\\x00ff")"},
        {"\"bytes\"", Bytes().text(zero).str(), scalar(Kind::bytes, {}, Notation::bytes), "\"\"",
         R"("\\x00")"},
        {"\"bytes\"", Bytes().text("\xFE").str(), scalar(Kind::bytes, {}, Notation::bytes), "\xFE",
         R"("\\xfe")"},
        {"\"bytes\"", Bytes().text("abc").str(), scalar(Kind::string), "abc", R"("\\x616263")"},
        {decimal, "\x04\x04\xE2", scalar(Kind::decimal), "12.50", "12.50"},
        {decimal, "\x04\x04\xE2", money, "\"12,50\"", "12.50"},
        {logical("int", "date"), number_bytes(-719163), scalar(Kind::date), "\"0001-12-31 BC\"",
         "\"0001-12-31 BC\""},
        {logical("long", "time-micros"), number_bytes(86'400'000'000), scalar(Kind::time_micros), "24:00:00",
         "\"24:00:00\""},
        {logical("int", "time-millis"), number_bytes(1500), scalar(Kind::time_micros), "00:00:01.500000",
         "\"00:00:01.500000\""},
        {logical("long", "timestamp-micros"), number_bytes(-1), scalar(Kind::timestamp_micros),
         "\"1969-12-31 23:59:59.999999+00:00\"", "\"1969-12-31T23:59:59.999999+00:00\""},
        {logical("long", "local-timestamp-millis"), number_bytes(half_second / 1000),
         scalar(Kind::local_timestamp_micros), "\"1970-01-01 00:00:01.500000+00:00\"",
         "\"1970-01-01T00:00:01.500000\""},
        {R"({"type":"enum","name":"e","symbols":["A","NULL"]})", number_bytes(1), scalar(Kind::string),
         "\"NULL\"", "\"NULL\""},
        {"\"string\"", Bytes().text("\"\n").str(), scalar(Kind::string), "\"\\\"\n\"", R"("\"\n")"},
        {"\"string\"", Bytes().text(zero).str(), scalar(Kind::string), zero, R"("\u0000")"},
    };
    for (const auto &c : cases) {
        const std::string data = number_bytes(1) + c.data + zero;
        check({array_type(c.type), data, array_of(c.target), text, "{" + c.item + "}"});
        check({array_type(c.type), data, json(), Field::Kind::json, "[" + c.as_json + "]"});
    }
}

BOOST_AUTO_TEST_CASE(json_for_json_columns) {
    const std::string inner =
        record_type(R"({"name":"x","type":"int"},{"name":"n","type":"null"},{"name":"m","type":)" +
                    map_type(array_type(R"(["null","boolean"])")) + "}");
    const std::string data = Bytes()
                                 .number(7)
                                 .number(-1)
                                 .number(8)
                                 .text("k\"")
                                 .number(2)
                                 .number(0)
                                 .number(1)
                                 .raw("\x01")
                                 .number(0)
                                 .number(0)
                                 .str();
    check({inner, data, json(), Field::Kind::json, R"({"x":7,"n":null,"m":{"k\"":[null,true]}})"});
    const Outcome untargeted = decode(inner, data);
    BOOST_TEST(untargeted.good);
    BOOST_TEST((untargeted.kind == Field::Kind::json));
    // Inside a composite it is text that the attribute's input function reads.
    check({record_type(R"({"name":"j","type":)" + array_type("\"int\"") + "}"),
           Bytes().number(1).number(1).number(0).str(), record_of({json("j")}), text, "([1])"});
    check({map_type("\"int\""), zero, json(), Field::Kind::json, "{}"});
    // A scalar beside nested branches stays a scalar.
    check({R"(["string",)" + array_type("\"int\"") + ",\"int\"]", number_bytes(2) + number_bytes(9), json(),
           Field::Kind::integer, "9"});
}

// Scalars are text, what is nested is JSON, and everything has quotes but NULL.
BOOST_AUTO_TEST_CASE(maps_become_pairs_for_hstore) {
    const Column pairs = scalar(Kind::string, {}, Notation::hstore);
    const std::string words = map_type(R"(["null","string"])");
    const Case cases[] = {
        {words, zero, pairs, text, ""},
        {words, Bytes().number(2).text("a \"b\"").number(1).text("=>\\,").text("").number(0).number(0).str(),
         pairs, text, R"("a \"b\""=>"=>\\,",""=>NULL)"},
        {words,
         Bytes().number(1).text("k").number(1).text("NULL").number(-1).number(3).text("l").raw(zero).str() +
             zero,
         pairs, text, R"("k"=>"NULL","l"=>NULL)"},
        {map_type("\"double\""), Bytes().number(1).text("k").raw({"\0\0\0\0\0\0\xF8\x3F", 8}).number(0).str(),
         pairs, text, R"("k"=>"1.5")"},
        {map_type("\"boolean\""), Bytes().number(1).text("k").raw("\x01").number(0).str(), pairs, text,
         R"("k"=>"true")"},
        {map_type(map_type("\"string\"")),
         Bytes().number(1).text("k").number(1).text("l").text("m").number(0).number(0).str(), pairs, text,
         R"("k"=>"{\"l\":\"m\"}")"},
        {array_type(words), Bytes().number(1).number(1).text("k").number(0).number(0).number(0).str(),
         array_of(pairs), text, R"({"\"k\"=>NULL"})"},
        {"[\"null\"," + words + "]", zero, pairs, Field::Kind::null, ""},
        {"[" + words + ",\"string\"]", Bytes().number(1).text("a=>1").str(), pairs, text, "a=>1"},
        {array_type("\"int\""), Bytes().number(1).number(7).number(0).str(), pairs, Field::Kind::json, "[7]"},
    };
    for (const Case &c : cases) check(c);
    // A value that is no text comes alone, as anywhere inside nested values.
    const Outcome bytes =
        decode(map_type("\"bytes\""), Bytes().number(1).text("k").text("\xFF").number(0).str(), &pairs);
    BOOST_TEST((bytes.kind == Field::Kind::bytes));
    BOOST_TEST(bytes.text == "\xFF");
    const Outcome key = decode(words, Bytes().number(1).text("\xFF").number(0).number(0).str(), &pairs);
    BOOST_TEST(key.error.message == "invalid UTF-8 in field \"a\"");
    BOOST_TEST(key.error.offset == 1003U);
    const Outcome size =
        decode(words, Bytes().number(-1).number(9).text("k").number(0).number(0).str() + "12345678", &pairs);
    BOOST_TEST(size.error.message == "invalid size of map items in field \"a\"");
    Limits limits;
    limits.text_bytes = 10;
    const Outcome bomb =
        decode(words, Bytes().number(1).text("key").number(1).text("value").number(0).str(), &pairs, limits);
    BOOST_TEST((bomb.error.code == Code::out_of_range));
}

BOOST_AUTO_TEST_CASE(what_no_column_takes_is_refused_before_any_row) {
    const std::string ints = array_type("\"int\"");
    const std::string pair = record_type(R"({"name":"x","type":"int"},{"name":"z","type":"int"})");
    const Column x = scalar(Kind::int32, "x");
    const struct {
        std::string type;
        Column target;
        std::string_view message;
    } cases[] = {
        {ints, scalar(Kind::int32),
         "field \"a\" of the Avro file holds values of type array, which type scalar cannot take"},
        {"[\"null\"," + ints + "]", record_of({}),
         "field \"a\" of the Avro file holds values of type array, which type pair cannot take"},
        {map_type("\"int\""), array_of(x),
         "field \"a\" of the Avro file holds values of type map, which type scalar[] cannot take"},
        {pair, array_of(x),
         "field \"a\" of the Avro file holds values of type record, which type scalar[] cannot take"},
        {pair, record_of({x}), "field \"a.z\" of the Avro file has no place in the composite type"},
        {array_type(pair), array_of(record_of({scalar(Kind::int32, "z")})),
         "field \"a.x\" of the Avro file has no place in the composite type"},
        {pair, record_of({}, std::string(interval_type)),
         "field \"a\" of the Avro file holds values of type record, which type interval cannot take"},
    };
    for (const auto &c : cases) {
        const Outcome out = decode(c.type, "", &c.target);
        BOOST_TEST((out.error.code == Code::schema_mismatch));
        BOOST_TEST(out.error.message == c.message);
    }
    Column money = scalar(Kind::decimal, {}, Notation::money);
    money.scale = 0;
    BOOST_TEST(decode(R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})", "", &money)
                   .error.message ==
               "field \"a\" of the Avro file has more decimals than money has under this lc_monetary");
}

BOOST_AUTO_TEST_CASE(hostile_nested_values) {
    const std::string ints = array_type("\"int\"");
    const std::string nulls = array_type("\"null\"");
    const std::string_view bad_count = "invalid item count in field \"a\"";
    const int64_t int64_max = std::numeric_limits<int64_t>::max();
    const struct {
        std::string type, data;
        uint64_t offset;
        std::string_view message;
    } cases[] = {
        {ints, number_bytes(4) + "\x02" + zero, 0, bad_count},
        {ints, number_bytes(int64_max), 0, bad_count},
        {ints, number_bytes(INT64_MIN) + number_bytes(0), 0, bad_count},
        {ints, number_bytes(-1) + number_bytes(-1), 0, bad_count},
        {ints, number_bytes(-1) + number_bytes(9) + "\x02" + zero, 0, bad_count},
        {ints, number_bytes(-1) + number_bytes(2) + "\x02\x02" + zero, 3,
         "invalid size of array items in field \"a\""},
        {nulls, number_bytes(int64_t{1} << 31), 0, bad_count},
        {nulls, number_bytes(1 << 20) + number_bytes(1) + zero, 4, bad_count},
        {array_type(record_type("")), number_bytes(int64_max), 0, bad_count},
        {map_type("\"int\""), number_bytes(-1) + number_bytes(3) + zero + "\x02\x02" + zero, 4,
         "invalid size of map items in field \"a\""},
        {map_type("\"int\""), number_bytes(1) + number_bytes(50) + zero, 1,
         "length exceeds the remaining bytes in field \"a\""},
        {map_type("\"int\""), number_bytes(1) + Bytes().text("\xFF").str() + zero + zero, 3,
         "invalid UTF-8 in field \"a\""},
        {array_type("\"string\""), number_bytes(1) + Bytes().text("\xC3(").str() + zero, 4,
         "invalid UTF-8 in field \"a\""},
        {array_type(R"(["null","int"])"), number_bytes(1) + number_bytes(2) + zero, 1,
         "invalid union branch in field \"a\""},
        {array_type(R"(["null","int"])"), number_bytes(1) + number_bytes(-1) + zero, 1,
         "invalid union branch in field \"a\""},
        {"[\"null\",\"int\"," + ints + "]", number_bytes(3), 0, "invalid union branch in field \"a\""},
        {array_type(R"({"type":"enum","name":"e","symbols":["A"]})"),
         number_bytes(1) + number_bytes(7) + zero, 1, "invalid enum index in field \"a\""},
        {array_type("\"boolean\""), number_bytes(1) + "\x07" + zero, 1, "invalid boolean in field \"a\""},
    };
    for (const auto &c : cases) {
        const Outcome out = decode(c.type, c.data);
        BOOST_TEST(!out.good, c.type);
        BOOST_TEST((out.error.code == Code::corrupt_file));
        BOOST_TEST(out.error.message == c.message, c.type << " " << out.error.message);
        BOOST_TEST(out.error.offset == 1000 + c.offset, c.type << " " << out.error.offset);
    }
    // A few bytes must not become text without end.
    Limits limits;
    limits.text_bytes = 10'000;
    const std::string symbol(1000, 'A');
    const std::string many = array_type(R"({"type":"enum","name":"e","symbols":[")" + symbol + "\"]}");
    BOOST_TEST(decode(many, number_bytes(9) + std::string(10, '\0'), nullptr, limits).good);
    const Outcome bomb = decode(many, number_bytes(10) + std::string(11, '\0'), nullptr, limits);
    BOOST_TEST((bomb.error.code == Code::out_of_range));
    BOOST_TEST(bomb.error.message == "value too long in field \"a\"");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_come_alone) {
    const std::string type = array_type("\"bytes\"");
    const Column texts = array_of(scalar(Kind::string));
    const std::string data = number_bytes(2) + Bytes().text("a").text("\xFF").str() + zero;
    const Outcome out = decode(type, data, &texts);
    BOOST_TEST(out.good);
    BOOST_TEST((out.kind == Field::Kind::bytes));
    BOOST_TEST(out.text == "\xFF");
}

BOOST_AUTO_TEST_CASE(records_are_defined_once) {
    const Column pair = record_of({scalar(Kind::int32, "x y"), scalar(Kind::string, "X_u0020y")});
    Column first = pair;
    first.name = "a";
    Column other = record_of({scalar(Kind::int32, "x")}, "PAIR", "c");
    Column same_as_table = record_of({}, "T", "d");
    const Table table{"db", "public", "t", {first, array_of(pair, "b"), other, same_as_table}};
    const std::string text_of = schema_json(table);
    BOOST_TEST(bool(check_with_avro_c(text_of)));
    const auto schema = parse_schema(text_of);
    BOOST_REQUIRE(bool(schema));
    const auto plain = [&](size_t field) { return schema->at(schema->top().fields[field].node).children[1]; };
    const Node &record = schema->at(plain(0));
    BOOST_TEST(record.name == "db.public.pair");
    BOOST_TEST(record.properties.at("pg.type") == "pair");
    BOOST_TEST(record.fields[0].name == "x_u0020y_2");
    BOOST_TEST(record.fields[0].properties.at("pg.name") == "x y");
    const Node &array = schema->at(plain(1));
    BOOST_TEST((array.type == Type::array));
    BOOST_TEST(schema->at(array.children[0]).children[1] == plain(0));
    BOOST_TEST(schema->at(plain(2)).name == "db.public.PAIR_2");
    BOOST_TEST(schema->at(plain(3)).name == "db.public.T_2");
}

BOOST_AUTO_TEST_CASE(properties_of_enums_and_domains) {
    Column mood = scalar(Kind::string, "m");
    mood.labels = {"a\"", "", "b"};
    Column percent = scalar(Kind::int32, "p");
    percent.domain = "public.percent";
    const auto schema =
        parse_schema(schema_json({"db", "public", "t", {mood, array_of(mood, "ms"), percent}}));
    BOOST_REQUIRE(bool(schema));
    const auto &fields = schema->top().fields;
    BOOST_TEST(fields[0].properties.at("pg.enum") == R"(["a\"","","b"])");
    BOOST_TEST(fields[1].properties.at("pg.enum") == R"(["a\"","","b"])");
    BOOST_TEST(fields[2].properties.at("pg.domain") == "public.percent");
    BOOST_TEST(!fields[2].properties.contains("pg.enum"));
}

BOOST_AUTO_TEST_CASE(same_fields_looks_inside) {
    const auto parsed = [](Column column) {
        return *parse_schema(schema_json({"db", "public", "t", {std::move(column)}}));
    };
    const Column pair = record_of({scalar(Kind::int32, "x"), scalar(Kind::decimal, "y")});
    const Schema a = parsed(pair);
    Column widened = pair;
    widened.not_null = true;
    widened.text_branch = true;
    BOOST_TEST(same_fields(a, parsed(widened)));
    BOOST_TEST(same_fields(parsed(widened), a));
    Column renamed = pair, finer = pair, longer = pair, other = pair;
    renamed.parts[0].name = "z";
    finer.parts[1].scale = 3;
    longer.parts.push_back(scalar(Kind::int32, "z"));
    other.domain = "d";
    for (const Column &column : {renamed, finer, longer, other, array_of(pair)})
        BOOST_TEST(!same_fields(a, parsed(column)));
}

// What the encoder is given encoded comes back as text; a text branch takes what does not fit.
BOOST_AUTO_TEST_CASE(encoded_values_are_copied) {
    Column column = array_of(scalar(Kind::int32), "a");
    column.text_branch = true;
    const RowEncoder encoder({&column, 1});
    Buffer out;
    Field field;
    const std::string items = Bytes().number(2).number(0).number(1).number(-7).number(0).str();
    field.kind = Field::Kind::encoded;
    field.text = items;
    BOOST_TEST(encoder.encode({&field, 1}, out) == -1);
    field.kind = Field::Kind::text;
    field.text = "[0:0]={1}";
    BOOST_TEST(encoder.encode({&field, 1}, out) == -1);
    const auto schema = parse_schema(schema_json({"d", "s", "t", {column}}));
    const int mapping[] = {0};
    auto decoder = RowDecoder::compile(*schema, mapping, 1, {&column, 1});
    BOOST_REQUIRE(bool(decoder));
    Cursor cursor(out.view());
    for (const std::string_view expected : {"{NULL,-7}", "[0:0]={1}"}) {
        BOOST_REQUIRE(bool(decoder->decode(cursor, {&field, 1})));
        BOOST_TEST(field.text == expected);
    }
    BOOST_TEST(decoder->made() > 0U);
    decoder->release();
    BOOST_TEST(decoder->made() == 0U);
    const Column plain = array_of(scalar(Kind::int32));
    BOOST_TEST(RowEncoder({&plain, 1}).encode({&field, 1}, out) == 0);
}

BOOST_AUTO_TEST_CASE(dates_over_the_whole_range) {
    const auto date = [](int64_t days) {
        std::string out;
        append_date(out, days);
        return out;
    };
    BOOST_TEST(date(0) == "1970-01-01");
    BOOST_TEST(date(11016) == "2000-02-29");
    BOOST_TEST(date(-25509) == "1900-02-28");
    BOOST_TEST(date(-25508) == "1900-03-01");
    BOOST_TEST(date(-719162) == "0001-01-01");
    BOOST_TEST(date(-719163) == "0001-12-31 BC");
    BOOST_TEST(date(-719468) == "0001-03-01 BC");
    BOOST_TEST(date(-719469) == "0001-02-29 BC");
    BOOST_TEST(date(-2440588) == "4714-11-24 BC");
    BOOST_TEST(date(2145042905) == "5874897-12-31");
    std::string out;
    append_timestamp(out, std::numeric_limits<int64_t>::min(), ' ', "+00");
    BOOST_TEST(out == "290309-12-21 19:59:05.224192+00 BC");
    out.clear();
    append_timestamp(out, std::numeric_limits<int64_t>::max(), 'T', "");
    BOOST_TEST(out == "294247-01-10T04:00:54.775807");
    // Every day of 800 years follows its predecessor.
    int year = 1600, month = 1, day = 1;
    for (int64_t days = -135140; year < 2400; ++days) {
        char expected[32];
        std::snprintf(expected, sizeof expected, "%04d-%02d-%02d", year, month, day);
        BOOST_REQUIRE(date(days) == expected);
        const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        const int last = month == 2                                              ? (leap ? 29 : 28)
                         : month == 4 || month == 6 || month == 9 || month == 11 ? 30
                                                                                 : 31;
        if (++day <= last) continue;
        day = 1;
        if (++month <= 12) continue;
        month = 1;
        ++year;
    }
}

BOOST_AUTO_TEST_SUITE_END()
