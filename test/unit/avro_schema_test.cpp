// Schemas and names: what we write, what we read, and every way in which a schema may be wrong.
// Hostile schemas follow reference/avro.md §3.2.
#include <boost/test/unit_test.hpp>

#include "core/avro/names.hpp"
#include "core/avro/schema.hpp"

using namespace ferry;
using namespace ferry::avro;

BOOST_AUTO_TEST_SUITE(avro_schema)

namespace {

Column column(std::string name, Kind kind, bool not_null = false, bool text_branch = false) {
    Column out;
    out.name = std::move(name);
    out.pg_type = "some type";
    out.kind = kind;
    out.not_null = not_null;
    out.text_branch = text_branch;
    out.precision = 12;
    out.scale = 2;
    return out;
}

std::string wrap(std::string_view type) {
    return R"({"type":"record","name":"r","fields":[{"name":"a","type":)" + std::string(type) + "}]}";
}

// The message of the refusal, or "" when the schema was taken.
std::string refusal(std::string_view json, const Limits &limits = {}) {
    const auto schema = parse_schema(json, limits);
    if (schema) return "";
    BOOST_TEST((schema.error().code == Code::corrupt_file));
    BOOST_TEST(schema.error().offset == 0U);
    return schema.error().message;
}

}  // namespace

BOOST_AUTO_TEST_CASE(names_are_made_legal) {
    const struct {
        std::string_view in, out;
    } cases[] = {{"a", "a"},
                 {"_x9", "_x9"},
                 {"", "_"},
                 {"my col", "my_u0020col"},
                 {"caf\xC3\xA9", "caf_u00E9"},
                 {"9a", "_u0039a"},
                 {"t-1", "t_u002D1"},
                 {"\xF0\x9F\x98\x80", "_u1F600"},
                 {"\xFF", "_u00FF"},
                 {"\xC3", "_u00C3"}};
    for (const auto &c : cases) {
        BOOST_TEST(sanitize_name(c.in) == c.out);
        BOOST_TEST(is_legal_name(sanitize_name(c.in)));
    }
    BOOST_TEST(make_namespace("my db", "public") == "my_u0020db.public");
}

BOOST_AUTO_TEST_CASE(clashing_names_get_numbers) {
    const std::vector<std::string_view> in{"my col", "Id", "id", "my_u0020col", "ID", "id_2", "", "_"};
    const std::vector<std::string> out{"my_u0020col_2", "Id",   "id_3", "my_u0020col",
                                       "ID_4",          "id_2", "__2",  "_"};
    BOOST_TEST(sanitize_names(in) == out, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(table_becomes_a_record) {
    Table table{"db", "public", "my table", {column("a", Kind::int32, true), column("b b", Kind::date)}};
    table.columns[1].typmod = 7;
    table.columns[1].collation = "pg_catalog.\"C\"";
    BOOST_TEST(schema_json(table) ==
               R"({"type":"record","name":"my_u0020table","namespace":"db.public","pg.database":"db",)"
               R"("pg.schema":"public","pg.name":"my table","fields":[)"
               R"({"name":"a","type":"int","pg.name":"a","pg.type":"some type","pg.typmod":-1,)"
               R"("pg.notnull":true},)"
               R"({"name":"b_u0020b","type":["null",{"type":"int","logicalType":"date"}],"default":null,)"
               R"("pg.name":"b b","pg.type":"some type","pg.typmod":7,"pg.collation":"pg_catalog.\"C\"",)"
               R"("pg.notnull":false}]})");
}

BOOST_AUTO_TEST_CASE(own_schemas_are_accepted_by_both_parsers) {
    Table table{"d\"b", "s\\", "caf\xC3\xA9", {}};
    BOOST_TEST(bool(check_with_avro_c(schema_json(table))));
    BOOST_TEST(bool(parse_schema(schema_json(table))));
    for (int kind = 0; kind <= static_cast<int>(Kind::decimal); ++kind)
        for (int bits = 0; bits < 4; ++bits)
            table.columns.push_back(
                column("c" + std::to_string(kind), static_cast<Kind>(kind), bits & 1, bits & 2));
    const std::string json = schema_json(table);
    BOOST_TEST(bool(check_with_avro_c(json)));
    const auto schema = parse_schema(json);
    BOOST_REQUIRE(bool(schema));
    const Node &top = schema->top();
    BOOST_TEST(top.name == "d_u0022b.s_u005C.caf_u00E9");
    BOOST_REQUIRE(top.fields.size() == table.columns.size());
    for (size_t i = 0; i < table.columns.size(); ++i) {
        BOOST_TEST(top.fields[i].properties.at("pg.name") == table.columns[i].name);
        BOOST_TEST(top.fields[i].properties.at("pg.typmod") == "-1");
        BOOST_TEST(top.fields[i].properties.at("pg.notnull") ==
                   (table.columns[i].not_null ? "true" : "false"));
        BOOST_TEST(top.fields[i].has_default == !table.columns[i].not_null);
    }
}

BOOST_AUTO_TEST_CASE(wide_tables_pass_64_kilobytes) {
    Table table{"db", "public", "wide", {}};
    for (int i = 0; i < 1600; ++i)
        table.columns.push_back(column("a_rather_long_column_name_" + std::to_string(i), Kind::string));
    const auto schema = parse_schema(schema_json(table));
    BOOST_REQUIRE(bool(schema));
    BOOST_TEST(schema->top().fields.size() == 1600U);
}

BOOST_AUTO_TEST_CASE(avro_c_tells_why_it_refuses) {
    const auto status = check_with_avro_c(R"({"type":"nonsense"})");
    BOOST_REQUIRE(!status);
    BOOST_TEST((status.error().code == Code::internal));
    BOOST_TEST(!status.error().detail.empty());
}

BOOST_AUTO_TEST_CASE(every_type_is_read) {
    const auto schema = parse_schema(
        R"({"type":"record","name":"a.b.R","aliases":["Old","x.Y"],"extra":{"k":[1, 2]},"fields":[
        {"name":"f1","type":{"type":{"type":["null","long"]}},"default":null,"aliases":["g1"],"doc":"d"},
        {"name":"f2","type":{"type":"enum","name":"E","symbols":["A","B"]}},
        {"name":"f3","type":{"type":"array","items":"E"}},
        {"name":"f4","type":{"type":"map","values":"a.b.E"}},
        {"name":"f5","type":{"type":"fixed","name":"c.F","size":16,"logicalType":"uuid"}},
        {"name":"f6","type":["c.F","string","null"],"default":"\u00e9"}]})");
    BOOST_REQUIRE(bool(schema));
    const Node &top = schema->top();
    BOOST_TEST(top.name == "a.b.R");
    BOOST_TEST(top.aliases[0] == "a.b.Old");
    BOOST_TEST(top.aliases[1] == "x.Y");
    BOOST_TEST(top.properties.at("extra") == R"({"k":[1,2]})");
    BOOST_TEST((schema->at(top.fields[0].node).type == Type::union_of));
    BOOST_TEST(top.fields[0].has_default);
    BOOST_TEST(top.fields[0].default_json == "null");
    BOOST_TEST(top.fields[0].aliases[0] == "g1");
    BOOST_TEST(schema->at(top.fields[1].node).symbols.size() == 2U);
    BOOST_TEST(schema->at(top.fields[2].node).children[0] == top.fields[1].node);
    BOOST_TEST(schema->at(top.fields[3].node).children[0] == top.fields[1].node);
    BOOST_TEST((schema->at(top.fields[4].node).logical == Logical::uuid));
    BOOST_TEST(schema->at(top.fields[5].node).children[0] == top.fields[4].node);
    BOOST_TEST(top.min_bytes == 1U + 1 + 1 + 1 + 16 + 2 - 1);
    BOOST_TEST(bool(parse_schema(R"("long")")));
}

BOOST_AUTO_TEST_CASE(logical_types_fit_or_are_ignored) {
    const struct {
        std::string_view type;
        Logical logical;
    } cases[] = {
        {R"({"type":"int","logicalType":"date"})", Logical::date},
        {R"({"type":"int","logicalType":"time-millis"})", Logical::time_millis},
        {R"({"type":"long","logicalType":"time-micros"})", Logical::time_micros},
        {R"({"type":"long","logicalType":"timestamp-millis"})", Logical::timestamp_millis},
        {R"({"type":"long","logicalType":"timestamp-micros"})", Logical::timestamp_micros},
        {R"({"type":"long","logicalType":"local-timestamp-millis"})", Logical::local_timestamp_millis},
        {R"({"type":"long","logicalType":"local-timestamp-micros"})", Logical::local_timestamp_micros},
        {R"({"type":"string","logicalType":"uuid"})", Logical::uuid},
        {R"({"type":"fixed","name":"f","size":12,"logicalType":"duration"})", Logical::duration},
        {R"({"type":"bytes","logicalType":"decimal","precision":5,"scale":2})", Logical::decimal},
        {R"({"type":"fixed","name":"f","size":2,"logicalType":"decimal","precision":4})", Logical::decimal},
        {R"({"type":"fixed","name":"f","size":2,"logicalType":"decimal","precision":5})", Logical::none},
        {R"({"type":"bytes","logicalType":"decimal","precision":2,"scale":5})", Logical::none},
        {R"({"type":"bytes","logicalType":"decimal"})", Logical::none},
        {R"({"type":"long","logicalType":"date"})", Logical::none},
        {R"({"type":"string","logicalType":"date"})", Logical::none},
        {R"({"type":"string","logicalType":"flux"})", Logical::none},
        {R"({"type":"fixed","name":"f","size":11,"logicalType":"duration"})", Logical::none},
    };
    for (const auto &c : cases) {
        const auto schema = parse_schema(c.type);
        BOOST_REQUIRE(bool(schema));
        BOOST_TEST((schema->top().logical == c.logical), c.type);
    }
}

BOOST_AUTO_TEST_CASE(faulty_schemas_are_refused) {
    const struct {
        std::string json;
        std::string_view message;
    } cases[] = {
        {"", "schema is not valid JSON: empty"},
        {"{", "schema is not valid JSON: syntax error"},
        {"{\"type\":\"\xFF\"}", "schema is not valid JSON: invalid UTF-8"},
        {"7", "schema must be a string, an array or an object"},
        {"{}", "schema object has no \"type\""},
        {"\"lon\"", "unknown type \"lon\" in the schema"},
        {"[]", "union has no branches"},
        {R"(["null",["int","long"]])", "union contains a union"},
        {R"(["null",{"type":["int","long"]}])", "union contains a union"},
        {R"(["int","null","int"])", "union contains type \"int\" twice"},
        {R"([{"type":"array","items":"int"},{"type":"array","items":"long"}])",
         "union contains type \"array\" twice"},
        {R"({"type":"int","type":"long"})", "schema has key \"type\" twice in one object"},
        {R"({"type":"int","x":[{"k":1,"k":2}]})", "schema has key \"k\" twice in one object"},
        {R"({"type":"array"})", "array has no \"items\""},
        {R"({"type":"map"})", "map has no \"values\""},
        {R"({"type":"record","fields":[]})", "record has no \"name\""},
        {R"({"type":"record","name":"r"})", "record \"r\" has no \"fields\""},
        {R"({"type":"record","name":"t-1","fields":[]})", "illegal name \"t-1\" in the schema"},
        {R"({"type":"record","name":"t","namespace":"a..b","fields":[]})",
         "illegal name \"a..b.t\" in the schema"},
        {R"({"type":"record","name":"int","fields":[]})", "type name \"int\" is reserved"},
        {R"({"type":"record","name":"r","fields":[7]})", "field of a record has no \"name\""},
        {R"({"type":"record","name":"r","fields":[{"name":"my col","type":"int"}]})",
         "illegal name \"my col\" in the schema"},
        {R"({"type":"record","name":"r","fields":[{"name":"a"}]})", "field \"a\" has no \"type\""},
        {R"({"type":"record","name":"r","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]})",
         "record has field \"a\" twice"},
        {R"({"type":"record","name":"r","aliases":7,"fields":[]})", "\"aliases\" must be an array"},
        {R"({"type":"record","name":"r","aliases":[7],"fields":[]})", "alias must be a string"},
        {R"([{"type":"fixed","name":"f","size":1},{"type":"fixed","name":"f","size":2}])",
         "type \"f\" is defined twice"},
        {R"({"type":"fixed","name":"f","size":-2})", "fixed \"f\" has no valid \"size\""},
        {R"({"type":"fixed","name":"f"})", "fixed \"f\" has no valid \"size\""},
        {R"({"type":"fixed","name":"f","size":9223372036854775807})", "fixed \"f\" has no valid \"size\""},
        {R"({"type":"enum","name":"e"})", "enum \"e\" has no \"symbols\""},
        {R"({"type":"enum","name":"e","symbols":["A","A"]})", "enum \"e\" has symbol \"A\" twice"},
        {R"({"type":"enum","name":"e","symbols":["qu\"ote"]})", "illegal symbol in enum \"e\""},
        {wrap(R"("r")"), "type \"r\" contains itself"},
        {wrap(R"(["null","r"])"), "type \"r\" contains itself"},
        {wrap(R"({"type":"array","items":"r"})"), "type \"r\" contains itself"},
    };
    for (const auto &c : cases) BOOST_TEST(refusal(c.json) == c.message, c.json);
}

// As python3-avro writes a type that is used twice. What differs in anything but blanks is another type.
BOOST_AUTO_TEST_CASE(the_same_definition_may_come_again) {
    const auto twice = [](const std::string &first, const std::string &second) {
        return R"({"type":"record","name":"n.r","fields":[{"name":"a","type":)" + first +
               R"(},{"name":"b","type":["null",)" + second + "]}]}";
    };
    const std::string money =
        R"({"type":"fixed","name":"m","size":8,"logicalType":"decimal","precision":9,"scale":2})";
    const auto schema = parse_schema(twice(money, " " + money));
    BOOST_REQUIRE(bool(schema));
    const Node &top = schema->top();
    BOOST_TEST(schema->at(top.fields[1].node).children[1] == top.fields[0].node);
    const std::string inner =
        R"({"type":"record","name":"i","fields":[{"name":"e","type":{"type":"enum","name":"e","symbols":["A"]}}]})";
    BOOST_TEST(refusal(twice(inner, inner)) == "");
    const std::string other =
        R"({"type":"fixed","name":"m","size":8,"logicalType":"decimal","precision":9,"scale":3})";
    BOOST_TEST(refusal(twice(money, other)) == "type \"n.m\" is defined twice");
    BOOST_TEST(refusal(twice(money, R"({"type":"fixed","name":"x.m","size":9})")) == "");
    BOOST_TEST(refusal("[" + money + "," + money + "]") == "union contains type \"m\" twice");
}

BOOST_AUTO_TEST_CASE(fault_names_the_field) {
    const auto schema =
        parse_schema(wrap(R"({"type":"record","name":"s","fields":[{"name":"b","type":"nope"}]})"));
    BOOST_REQUIRE(!schema);
    BOOST_TEST(schema.error().detail == "The fault is at field \"a.b\".");
}

BOOST_AUTO_TEST_CASE(limits_hold) {
    std::string arrays = "\"int\"";
    for (int i = 0; i < 63; ++i) arrays = R"({"type":"array","items":)" + arrays + "}";
    BOOST_TEST(refusal(arrays) == "");
    arrays = R"({"type":"array","items":)" + arrays + "}";
    BOOST_TEST(refusal(arrays) == "schema is nested deeper than 64 levels");
    std::string wrappers = "\"int\"";
    for (int i = 0; i < 70; ++i) wrappers = R"({"type":)" + wrappers + "}";
    BOOST_TEST(refusal(wrappers) == "schema is nested deeper than 64 levels");
    BOOST_TEST(refusal(std::string(1000, '[') + std::string(1000, ']')) ==
               "schema is not valid JSON: nested too deeply");
    BOOST_TEST(refusal("\"int\"", {.schema_bytes = 4}) == "schema exceeds 4 bytes");
    BOOST_TEST(refusal(R"(["int","null"])", {.nodes = 2}) == "schema expands to more than 2 types");
}

// 40 nested records, each used twice: small as text, 2^40 types once expanded.
BOOST_AUTO_TEST_CASE(expansion_is_refused) {
    std::string type = R"({"type":"record","name":"r0","fields":[]})";
    for (int i = 1; i <= 40; ++i) {
        const std::string inner = "\"r" + std::to_string(i - 1) + "\"";
        type = R"({"type":"record","name":"r)" + std::to_string(i) + R"(","fields":[{"name":"a","type":)" +
               type + R"(},{"name":"b","type":)" + inner + "}]}";
    }
    BOOST_TEST(refusal(type) == "schema expands to more than 100000 types");
}

BOOST_AUTO_TEST_SUITE_END()
