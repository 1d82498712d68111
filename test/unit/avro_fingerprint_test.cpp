// Canonical form and fingerprint: each rule of the specification by itself, the published fingerprints, and
// what a table's schema keeps of itself.
#include <boost/test/unit_test.hpp>

#include "core/avro/fingerprint.hpp"

using namespace ferry;
using namespace ferry::avro;

BOOST_AUTO_TEST_SUITE(avro_fingerprint)

namespace {

std::string canonical(std::string_view json) {
    const auto schema = parse_schema(json);
    BOOST_REQUIRE_MESSAGE(schema, json);
    return canonical_form(*schema);
}

}  // namespace

// Published with the specification (share/test/data/schema-tests.txt): text in canonical form and its number.
BOOST_AUTO_TEST_CASE(published_fingerprints) {
    const struct {
        std::string_view text;
        int64_t fingerprint;
    } cases[] = {
        {R"("null")", 7195948357588979594},
        {R"("boolean")", -6970731678124411036},
        {R"("int")", 8247732601305521295},
        {R"("long")", -3434872931120570953},
        {R"("float")", 5583340709985441680},
        {R"("double")", -8181574048448539266},
        {R"("bytes")", 5746618253357095269},
        {R"("string")", -8142146995180207161},
        {R"(["int"])", -5232228896498058493},
        {R"(["int","boolean"])", 5392556393470105090},
        {R"({"name":"foo","type":"record","fields":[]})", -4824392279771201922},
        {R"({"name":"x.y.foo","type":"record","fields":[]})", 5916914534497305771},
        {R"({"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"}]})", 7843277075252814651},
        {R"({"name":"foo","type":"enum","symbols":["A1"]})", -6342190197741309591},
        {R"({"name":"foo","type":"fixed","size":15})", 1756455273707447556},
        {R"({"type":"array","items":"null"})", -589620603366471059},
        {R"({"type":"map","values":"string"})", -8732877298790414990}};
    for (const auto &c : cases) {
        BOOST_TEST(static_cast<int64_t>(rabin_fingerprint(c.text)) == c.fingerprint, c.text);
        // What is canonical stays as it is.
        BOOST_TEST(canonical(c.text) == c.text);
    }
    BOOST_TEST(rabin_fingerprint("") == 0xC15D213AA4D7A795ULL);
}

BOOST_AUTO_TEST_CASE(rules) {
    // PRIMITIVES
    BOOST_TEST(canonical(R"({"type":"int"})") == R"("int")");
    BOOST_TEST(canonical(R"({"type":{"type":["null","long"]}})") == R"(["null","long"])");
    // FULLNAMES: of the type itself, of what inherits its namespace, of references.
    BOOST_TEST(canonical(R"({"type":"record","name":"a.b.r","namespace":"x.y","fields":[]})") ==
               R"({"name":"a.b.r","type":"record","fields":[]})");
    BOOST_TEST(canonical(R"({"type":"record","name":"r","namespace":"x","fields":[
                             {"name":"e","type":{"type":"enum","name":"e","symbols":["A","B"]}},
                             {"name":"again","type":["null","e"]},
                             {"name":"f","type":{"type":"fixed","name":"f","namespace":"z","size":16}}]})") ==
               R"({"name":"x.r","type":"record","fields":[)"
               R"({"name":"e","type":{"name":"x.e","type":"enum","symbols":["A","B"]}},)"
               R"({"name":"again","type":["null","x.e"]},)"
               R"({"name":"f","type":{"name":"z.f","type":"fixed","size":16}}]})");
    // STRIP and ORDER
    BOOST_TEST(canonical(R"({"pg.name":"t","fields":[{"order":"descending","doc":"d","default":null,
                             "aliases":["o"],"type":["null",{"logicalType":"date","type":"int"}],"name":"f"}],
                             "doc":"x","aliases":["s"],"type":"record","name":"r"})") ==
               R"({"name":"r","type":"record","fields":[{"name":"f","type":["null","int"]}]})");
    // STRINGS and WHITESPACE
    BOOST_TEST(canonical("\n{ \"type\" : \"\\u0061rray\" ,\t\"items\" : \"bytes\" }") ==
               R"({"type":"array","items":"bytes"})");
}

BOOST_AUTO_TEST_CASE(as_text) {
    BOOST_TEST(schema_fingerprint(*parse_schema(R"("null")")) == "63dd24e7cc258f8a");
    BOOST_TEST(schema_fingerprint(*parse_schema(R"("string")")) == "8f014872634503c7");
}

// Two tables of one shape have one fingerprint; a text branch, a type or a name makes another.
BOOST_AUTO_TEST_CASE(of_tables) {
    Table table;
    table.database = "d";
    table.schema = "s";
    table.name = "t";
    table.columns.resize(2);
    table.columns[0].name = "id";
    table.columns[0].kind = Kind::int32;
    table.columns[0].not_null = true;
    table.columns[1].name = "at";
    table.columns[1].kind = Kind::date;
    const auto fingerprint = [](const Table &t) { return schema_fingerprint(*parse_schema(schema_json(t))); };
    Table other = table;
    other.columns[1].pg_type = "something else";
    BOOST_TEST(fingerprint(other) == fingerprint(table));
    other.columns[1].text_branch = true;
    BOOST_TEST(fingerprint(other) != fingerprint(table));
    other = table;
    other.columns[0].not_null = false;
    BOOST_TEST(fingerprint(other) != fingerprint(table));
    other = table;
    other.columns[0].name = "key";
    BOOST_TEST(fingerprint(other) != fingerprint(table));
}

BOOST_AUTO_TEST_SUITE_END()
