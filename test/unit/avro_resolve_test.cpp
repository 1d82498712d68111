// What columns take which values, what is done to them on the way, and in which words the rest is refused.
#include <boost/test/unit_test.hpp>

#include "core/avro/resolve.hpp"

using namespace ferry;
using namespace ferry::avro;

BOOST_AUTO_TEST_SUITE(avro_resolve)

namespace {

Column column(std::string pg_type, Kind kind, Notation notation = Notation::plain) {
    Column out;
    out.name = "c";
    out.pg_type = std::move(pg_type);
    out.kind = kind;
    out.notation = notation;
    return out;
}

Column mood() {
    Column out = column("public.mood", Kind::string);
    out.labels = {"sad"};
    return out;
}

Column array_of(Column item) {
    Column out = column(item.pg_type + "[]", Kind::array);
    out.parts.push_back(std::move(item));
    return out;
}

Column pair_of(Column a) {
    Column out = column("public.pair", Kind::record);
    a.name = "x";
    out.parts.push_back(std::move(a));
    return out;
}

const Column flag = column("boolean", Kind::boolean);
const Column whole = column("integer", Kind::int32);
const Column big = column("bigint", Kind::int64);
const Column real = column("double precision", Kind::float64);
const Column numeric = column("numeric", Kind::string);
const Column price = column("numeric", Kind::decimal);
const Column money = column("money", Kind::decimal, Notation::money);
const Column text = column("pg_catalog.text", Kind::string);
const Column bytea = column("pg_catalog.bytea", Kind::bytes, Notation::hex);
const Column uuid = column("pg_catalog.uuid", Kind::uuid);
const Column date = column("pg_catalog.date", Kind::date);
const Column time_of_day = column("time without time zone", Kind::time_micros);
const Column instant = column("timestamp with time zone", Kind::timestamp_micros);
const Column local = column("timestamp without time zone", Kind::local_timestamp_micros);
const Column interval = column("interval", Kind::record);
const Column jsonb = column("pg_catalog.jsonb", Kind::string, Notation::json);
const Column inet = column("pg_catalog.inet", Kind::string);
const Column other = column("public.hstore", Kind::string);

const std::string a_date = R"({"type":"int","logicalType":"date"})";
const std::string a_time = R"({"type":"long","logicalType":"time-micros"})";
const std::string an_instant = R"({"type":"long","logicalType":"timestamp-micros"})";
const std::string a_local = R"({"type":"long","logicalType":"local-timestamp-millis"})";
const std::string a_decimal = R"({"type":"bytes","logicalType":"decimal","precision":9,"scale":2})";
const std::string a_symbol = R"({"type":"enum","name":"e","symbols":["sad"]})";
const std::string a_duration = R"({"type":"fixed","name":"d","size":12,"logicalType":"duration"})";
const std::string raw_uuid = R"({"type":"fixed","name":"u","size":16,"logicalType":"uuid"})";

Result<Resolution> resolve(const std::string &type, const Column &target, bool zone = false,
                           const std::string &pg_type = "") {
    const std::string own = pg_type.empty() ? "" : R"("pg.type":")" + pg_type + R"(",)";
    const auto schema = parse_schema(R"({"type":"record","name":"r","fields":[{"name":"f",)" + own +
                                     R"("type":)" + type + "}]}");
    BOOST_REQUIRE(bool(schema));
    return resolve_field(*schema, schema->top().fields[0], target, zone);
}

// The message of the refusal, with the hint; "" when the values are taken.
std::string refusal(const std::string &type, const Column &target, const std::string &pg_type = "") {
    const auto resolution = resolve(type, target, false, pg_type);
    if (resolution) return "";
    BOOST_TEST((resolution.error().code == Code::schema_mismatch));
    return resolution.error().message +
           (resolution.error().hint.empty() ? "" : " | " + resolution.error().hint);
}

NumberChange numbers(const std::string &type, const Column &target, bool zone = false,
                     const std::string &pg_type = "") {
    const auto resolution = resolve(type, target, zone, pg_type);
    BOOST_REQUIRE(bool(resolution));
    return resolution->numbers;
}

TextChange texts(const std::string &type, const Column &target, const std::string &pg_type = "") {
    const auto resolution = resolve(type, target, true, pg_type);
    BOOST_REQUIRE(bool(resolution));
    return resolution->texts;
}

}  // namespace

// Every kind of value against every kind of column: 1 where it is taken.
BOOST_AUTO_TEST_CASE(what_goes_where) {
    const Column *columns[] = {&flag, &whole,       &numeric, &price, &money,    &text,  &bytea, &uuid,
                               &date, &time_of_day, &instant, &local, &interval, &jsonb, &inet,  &other};
    const struct {
        std::string type;
        std::string_view taken;
    } cases[] = {
        {R"("null")", "1111111111111111"},   {R"("boolean")", "1000010000000101"},
        {R"("int")", "1111110000000101"},    {R"("long")", "1111110000000101"},
        {R"("float")", "0111010000000101"},  {R"("double")", "0111010000000101"},
        {R"("string")", "1111111111111111"}, {R"("bytes")", "1111111111111111"},
        {a_symbol, "1000010000000001"},      {a_decimal, "0111110000000101"},
        {a_date, "0000010010110001"},        {a_time, "0000010001000001"},
        {an_instant, "0000010000110001"},    {a_local, "0000010000110001"},
        {a_duration, "0000010000001001"},    {raw_uuid, "0000010100000001"},
    };
    for (const auto &c : cases) {
        for (size_t i = 0; i < std::size(columns); ++i) {
            const bool taken = bool(resolve(c.type, *columns[i], true));
            BOOST_TEST(taken == (c.taken[i] == '1'), c.type << " into " << columns[i]->pg_type);
            if (c.type == R"("null")") continue;
            BOOST_TEST(bool(resolve("[\"null\"," + c.type + "]", *columns[i], true)) == taken);
        }
    }
    BOOST_TEST(refusal(a_symbol, mood()) == "");
    BOOST_TEST(refusal(R"(["int","null","string","double"])", numeric) == "");
}

BOOST_AUTO_TEST_CASE(refusals_name_the_field_and_both_types) {
    BOOST_TEST(refusal(R"("long")", instant) ==
               "field \"f\" of the Avro file holds values of type long, which type timestamp with time zone "
               "cannot take");
    BOOST_TEST(refusal(an_instant, date) ==
               "field \"f\" of the Avro file holds values of type long (timestamp-micros), which type date "
               "cannot take");
    BOOST_TEST(refusal(R"(["null","string","boolean"])", uuid) ==
               "field \"f\" of the Avro file holds values of type boolean, which type uuid cannot take");
    BOOST_TEST(refusal("[\"int\"," + an_instant + "]", text) ==
               "field \"f\" of the Avro file holds numbers of several meanings, which type text cannot take");
    BOOST_TEST(refusal("[\"int\",\"long\"]", text) == "");
}

BOOST_AUTO_TEST_CASE(zones_are_asked_for) {
    const std::string naive =
        "field \"f\" of the Avro file holds times without a time zone, which type timestamp with time zone "
        "cannot take | Name the time zone in which they are meant with naive_time_zone.";
    BOOST_TEST(refusal(a_local, instant) == naive);
    BOOST_TEST(refusal(a_date, instant) == naive);
    BOOST_TEST(refusal(an_instant, local) ==
               "field \"f\" of the Avro file holds moments in UTC, which type timestamp without time zone "
               "cannot take | Name the time zone in which they are to be written with naive_time_zone.");
    BOOST_TEST((numbers(a_local, instant, true) == NumberChange::local_to_instant));
    BOOST_TEST((numbers(a_date, instant, true) == NumberChange::days_to_instant));
    BOOST_TEST((numbers(an_instant, local, true) == NumberChange::instant_to_local));
    BOOST_TEST((numbers(a_date, local) == NumberChange::days_to_local));
    BOOST_TEST((numbers(an_instant, instant) == NumberChange::none));
    BOOST_TEST((numbers(a_local, local) == NumberChange::none));
    for (const NumberChange change :
         {NumberChange::none, NumberChange::days_to_local, NumberChange::local_to_text})
        BOOST_TEST(!needs_time_zone(change));
}

// pg.type says what a field of ours holds, whatever its logical type.
BOOST_AUTO_TEST_CASE(our_own_fields_are_what_they_were) {
    const std::string with = "timestamp with time zone", without = "timestamp without time zone";
    BOOST_TEST((numbers(an_instant, local, false, without) == NumberChange::none));
    BOOST_TEST((numbers(a_local, instant, false, with) == NumberChange::none));
    const std::string branches = "[\"null\"," + an_instant + ",\"string\"]";
    BOOST_TEST((texts(branches, instant, with) == TextChange::none));
    BOOST_TEST((texts(branches, local, without) == TextChange::none));
    BOOST_TEST((texts(branches, local, with) == TextChange::to_local));
    BOOST_TEST((texts(branches, instant, without) == TextChange::to_instant));
    BOOST_TEST((texts(R"("string")", instant, "pg_catalog.text") == TextChange::none));
    BOOST_TEST((texts(R"("string")", instant) == TextChange::to_instant));
    BOOST_TEST((texts(R"("bytes")", local) == TextChange::to_local));
}

BOOST_AUTO_TEST_CASE(changes_of_text_and_numbers) {
    BOOST_TEST((texts(R"("string")", bytea) == TextChange::to_bytes));
    BOOST_TEST((texts(R"("bytes")", bytea) == TextChange::none));
    BOOST_TEST((texts(R"("string")", text) == TextChange::none));
    BOOST_TEST((texts(a_decimal, big) == TextChange::to_integer));
    BOOST_TEST((texts(a_decimal, real) == TextChange::none));
    BOOST_TEST((numbers(a_date, text) == NumberChange::days_to_text));
    BOOST_TEST((numbers(a_time, other) == NumberChange::time_to_text));
    BOOST_TEST((numbers(an_instant, text) == NumberChange::instant_to_text));
    BOOST_TEST((numbers(a_local, text) == NumberChange::local_to_text));
}

BOOST_AUTO_TEST_CASE(parts_are_looked_into) {
    const auto array = [](const std::string &item) { return R"({"type":"array","items":)" + item + "}"; };
    const std::string record = R"({"type":"record","name":"p","fields":[{"name":"X","type":["null",)" +
                               a_local + R"(]},{"name":"y","type":"int"}]})";
    BOOST_TEST(refusal(array("\"long\""), array_of(whole)) == "");
    BOOST_TEST(refusal(array(array("\"long\"")), array_of(whole)) == "");
    BOOST_TEST(
        refusal(array(array(a_date)), array_of(whole)) ==
        "field \"f\" of the Avro file holds values of type int (date), which type integer cannot take");
    BOOST_TEST(refusal(array(a_date), array_of(local)) == "");
    BOOST_TEST(refusal(array(a_local), array_of(local)) == "");
    BOOST_TEST(refusal(record, pair_of(local)) == "");
    BOOST_TEST(refusal(array(record), text) == "");
    // Nothing is moved between zones in there, with or without naive_time_zone.
    BOOST_TEST(!resolve(record, pair_of(instant), true));
    BOOST_TEST(
        refusal(record, pair_of(instant)).starts_with("field \"f.X\" of the Avro file holds times without"));
    BOOST_TEST(
        refusal(record, pair_of(uuid)) ==
        "field \"f.X\" of the Avro file holds values of type long (local-timestamp-millis), which type "
        "uuid cannot take");
}

BOOST_AUTO_TEST_SUITE_END()
