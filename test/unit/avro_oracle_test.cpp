// avro-c as the oracle on random schemas and rows: what our encoder writes it reads value by value, and what
// it writes our decoder reads. Both sides show a value as a short text, so that equal texts are equal values.
#include <boost/test/unit_test.hpp>

#include <avro.h>

#include <bit>
#include <cmath>
#include <iterator>
#include <random>
#include <vector>

#include "avro_memory.hpp"
#include "core/avro/container.hpp"
#include "core/avro/decoder.hpp"
#include "core/avro/encoder.hpp"

using namespace ferry;
using namespace ferry::avro;
using namespace ferry::avro::test;

BOOST_AUTO_TEST_SUITE(avro_oracle)

namespace {

using Random = std::mt19937_64;
using Shown = std::vector<std::string>;  // one text per value, row after row

constexpr Codec common_codecs[] = {Codec::null, Codec::deflate, Codec::snappy};
constexpr int schemas = 300;

size_t below(Random &random, size_t limit) {
    return static_cast<size_t>(random() % limit);
}
// Of any length from none to 64 bits.
int64_t any_number(Random &random) {
    return static_cast<int64_t>(random()) >> (random() % 64);
}
std::string any_text(Random &random) {
    static constexpr const char *pieces[] = {"a",   " ", "\"", "\\", "\n", "\xC3\xA9", "\xF0\x9F\x98\x80",
                                             "null"};
    std::string out;
    for (size_t i = below(random, 12); i > 0; --i) out += pieces[below(random, 8)];
    return out;
}
std::string any_bytes(Random &random, size_t size) {
    std::string out(size, '\0');
    for (char &byte : out) byte = static_cast<char>(random());
    return out;
}

std::string show_number(int64_t value) {
    return "number " + std::to_string(value);
}
std::string show_real(double value) {
    return std::isnan(value) ? "NaN" : "real " + std::to_string(std::bit_cast<uint64_t>(value));
}
std::string show_boolean(bool value) {
    return value ? "true" : "false";
}
const std::string shown_null = "null";

std::string show(const Field &field) {
    switch (field.kind) {
        case Field::Kind::null:
            return shown_null;
        case Field::Kind::boolean:
            return show_boolean(field.integer != 0);
        case Field::Kind::integer:
            return show_number(field.integer);
        case Field::Kind::real:
            return show_real(field.real);
        case Field::Kind::bytes:
            return "bytes " + std::string(field.text);
        case Field::Kind::text:
            return "text " + std::string(field.text);
        default:
            return "nothing";
    }
}

// A value of avro-c's, of a schema that it goes with.
class Value {
  public:
    explicit Value(avro_schema_t schema) : schema_(schema), iface_(avro_generic_class_from_schema(schema)) {
        BOOST_REQUIRE(iface_ != nullptr);
        BOOST_REQUIRE(avro_generic_value_new(iface_, &value_) == 0);
    }
    Value(const Value &) = delete;
    ~Value() {
        avro_value_decref(&value_);
        avro_value_iface_decref(iface_);
        avro_schema_decref(schema_);
    }
    avro_value_t *get() { return &value_; }
    avro_value_t field(size_t index) {
        avro_value_t out;
        BOOST_REQUIRE(avro_value_get_by_index(&value_, index, &out, nullptr) == 0);
        return out;
    }

  private:
    avro_schema_t schema_;
    avro_value_iface_t *iface_;
    avro_value_t value_{};
};

// A decimal's bytes; they fit 64 bits here.
int64_t unscaled(std::string_view bytes) {
    int64_t out = static_cast<signed char>(bytes.at(0)) < 0 ? -1 : 0;
    for (const char byte : bytes) out = out * 256 + static_cast<unsigned char>(byte);
    return out;
}

std::string show_bytes(const void *data, size_t size, bool decimal) {
    const std::string bytes(static_cast<const char *>(data), size);
    return decimal ? show_number(unscaled(bytes)) : "bytes " + bytes;
}

std::string show(avro_value_t value, bool decimal = false) {
    if (avro_value_get_type(&value) == AVRO_UNION) {
        avro_value_t branch;
        BOOST_REQUIRE(avro_value_get_current_branch(&value, &branch) == 0);
        return show(branch, decimal);
    }
    int flag = 0;
    int32_t small = 0;
    int64_t number = 0;
    float single = 0;
    double real = 0;
    const void *data = nullptr;
    const char *text = nullptr;
    size_t size = 0;
    switch (avro_value_get_type(&value)) {
        case AVRO_NULL:
            return shown_null;
        case AVRO_BOOLEAN:
            BOOST_REQUIRE(avro_value_get_boolean(&value, &flag) == 0);
            return show_boolean(flag != 0);
        case AVRO_INT32:
            BOOST_REQUIRE(avro_value_get_int(&value, &small) == 0);
            return show_number(small);
        case AVRO_INT64:
            BOOST_REQUIRE(avro_value_get_long(&value, &number) == 0);
            return show_number(number);
        case AVRO_FLOAT:
            BOOST_REQUIRE(avro_value_get_float(&value, &single) == 0);
            return show_real(static_cast<double>(single));
        case AVRO_DOUBLE:
            BOOST_REQUIRE(avro_value_get_double(&value, &real) == 0);
            return show_real(real);
        case AVRO_BYTES:
            BOOST_REQUIRE(avro_value_get_bytes(&value, &data, &size) == 0);
            return show_bytes(data, size, decimal);
        case AVRO_FIXED:
            BOOST_REQUIRE(avro_value_get_fixed(&value, &data, &size) == 0);
            return show_bytes(data, size, decimal);
        case AVRO_STRING:
            BOOST_REQUIRE(avro_value_get_string(&value, &text, &size) == 0);
            return "text " + std::string(text, size - 1);
        default:
            return "nothing";
    }
}

void check_same(const Shown &actual, const Shown &expected, const std::string &schema) {
    BOOST_REQUIRE_MESSAGE(actual.size() == expected.size(), actual.size() << " values of " << schema);
    for (size_t i = 0; i < actual.size(); ++i)
        BOOST_REQUIRE_MESSAGE(actual[i] == expected[i], "value " << i << ": " << actual[i] << " for "
                                                                 << expected[i] << " of " << schema);
}

// ---- Ours to avro-c ----

Column any_column(Random &random, size_t number) {
    static constexpr const char *names[] = {"id", "ID", "my col", "caf\xC3\xA9", "1x", "select", ""};
    Column column;
    column.name = number < 3 ? names[below(random, 7)] : "c" + std::to_string(number);
    column.kind = static_cast<Kind>(below(random, static_cast<size_t>(Kind::decimal) + 1));
    column.not_null = random() % 2 == 0;
    column.text_branch = random() % 3 == 0;
    column.precision = 1 + static_cast<int>(below(random, 18));
    column.scale = static_cast<int>(below(random, static_cast<size_t>(column.precision) + 1));
    return column;
}

// A value that the column takes. Its text lives in `kept`.
Field any_field(Random &random, const Column &column, std::string &kept) {
    Field out;
    const int64_t number = any_number(random);
    out.kind = Field::Kind::integer;
    if (!column.not_null && random() % 4 == 0) {
        out.kind = Field::Kind::null;
        return out;
    }
    const bool as_text = column.text_branch && random() % 3 == 0;
    if (as_text || column.kind == Kind::string || column.kind == Kind::uuid) {
        kept = any_text(random);
        out.kind = Field::Kind::text;
        out.text = kept;
        return out;
    }
    switch (column.kind) {
        case Kind::boolean:
            out.kind = Field::Kind::boolean;
            out.integer = number & 1;
            return out;
        case Kind::int32:
        case Kind::date:
            out.integer = static_cast<int32_t>(number);
            return out;
        case Kind::float32:
            out.kind = Field::Kind::real;
            out.real = static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(random())));
            return out;
        case Kind::float64:
            out.kind = Field::Kind::real;
            out.real = std::bit_cast<double>(random());
            return out;
        case Kind::bytes:
            kept = any_bytes(random, below(random, 20));
            out.kind = Field::Kind::bytes;
            out.text = kept;
            return out;
        case Kind::time_micros:
            out.integer = static_cast<int64_t>(random() % 86'400'000'000);
            return out;
        case Kind::decimal: {
            int64_t limit = 1;
            for (int i = 0; i < column.precision; ++i) limit *= 10;
            out.integer = number % limit;
            return out;
        }
        default:
            out.integer = number;
            return out;
    }
}

Shown read_with_avro_c(const char *path, const std::vector<Column> &columns) {
    avro_file_reader_t reader = nullptr;
    BOOST_REQUIRE_MESSAGE(avro_file_reader(path, &reader) == 0, avro_strerror());
    Shown out;
    Value value(avro_file_reader_get_writer_schema(reader));
    int status = 0;
    while ((status = avro_file_reader_read_value(reader, value.get())) == 0)
        for (size_t i = 0; i < columns.size(); ++i)
            out.push_back(show(value.field(i), columns[i].kind == Kind::decimal));
    BOOST_TEST(status == EOF, avro_strerror());
    avro_file_reader_close(reader);
    return out;
}

// ---- avro-c's to us ----

// Schemas of one field's type. Named types are numbered, so that no name comes twice.
class TypeMaker {
  public:
    explicit TypeMaker(Random &random) : random_(random) {}
    std::string make(bool nested) {
        const size_t choice = below(random_, nested ? 13 : 12);
        if (choice < std::size(simple_types)) return std::string("\"") + simple_types[choice] + "\"";
        switch (choice) {
            case 8:
                return R"({"type":"fixed","name":)" + name() + R"(,"size":)" +
                       std::to_string(below(random_, 20)) + "}";
            case 9:
                return R"({"type":"enum","name":)" + name() + R"(,"symbols":["A","b_2","_"]})";
            case 12:
                return make_nested();
            default:
                return make_union();
        }
    }

  private:
    static constexpr const char *simple_types[] = {"null",  "boolean", "int",   "long",
                                                   "float", "double",  "bytes", "string"};
    std::string name() { return "\"n" + std::to_string(++names_) + "\""; }
    // Some types, each once, in any order.
    std::string make_union() {
        std::vector<std::string> branches;
        for (const char *simple : simple_types)
            if (random_() % 3 == 0) branches.push_back(std::string("\"") + simple + "\"");
        if (random_() % 3 == 0) branches.push_back(R"({"type":"fixed","name":)" + name() + R"(,"size":3})");
        if (branches.empty()) branches.push_back("\"null\"");
        std::shuffle(branches.begin(), branches.end(), random_);
        std::string out;
        for (const std::string &branch : branches) out += (out.empty() ? "[" : ",") + branch;
        return out + "]";
    }
    std::string make_nested() {
        const std::string inner = make(false);
        switch (below(random_, 3)) {
            case 0:
                return R"({"type":"array","items":)" + inner + "}";
            case 1:
                return R"({"type":"map","values":)" + inner + "}";
            default:
                return R"({"type":"record","name":)" + name() + R"(,"fields":[{"name":"x","type":)" + inner +
                       R"(},{"name":"y","type":"long"}]})";
        }
    }

    Random &random_;
    int names_ = 0;
};

// Fills a value at random and shows what it is, nested values aside.
std::string fill(Random &random, avro_value_t *value) {
    const auto good = [](int status) { BOOST_REQUIRE_MESSAGE(status == 0, avro_strerror()); };
    const int64_t number = any_number(random);
    switch (avro_value_get_type(value)) {
        case AVRO_NULL:
            good(avro_value_set_null(value));
            return shown_null;
        case AVRO_BOOLEAN:
            good(avro_value_set_boolean(value, static_cast<int>(number & 1)));
            return show_boolean((number & 1) != 0);
        case AVRO_INT32:
            good(avro_value_set_int(value, static_cast<int32_t>(number)));
            return show_number(static_cast<int32_t>(number));
        case AVRO_INT64:
            good(avro_value_set_long(value, number));
            return show_number(number);
        case AVRO_FLOAT: {
            const auto single = std::bit_cast<float>(static_cast<uint32_t>(random()));
            good(avro_value_set_float(value, single));
            return show_real(static_cast<double>(single));
        }
        case AVRO_DOUBLE: {
            const auto real = std::bit_cast<double>(random());
            good(avro_value_set_double(value, real));
            return show_real(real);
        }
        case AVRO_BYTES: {
            std::string data = any_bytes(random, below(random, 20));
            good(avro_value_set_bytes(value, data.data(), data.size()));
            return "bytes " + data;
        }
        case AVRO_FIXED: {
            const int64_t size = avro_schema_fixed_size(avro_value_get_schema(value));
            std::string data = any_bytes(random, static_cast<size_t>(size));
            good(avro_value_set_fixed(value, data.data(), data.size()));
            return "bytes " + data;
        }
        case AVRO_STRING: {
            std::string text = any_text(random);
            good(avro_value_set_string_len(value, text.data(), text.size() + 1));
            return "text " + text;
        }
        case AVRO_ENUM: {
            const int at = static_cast<int>(below(random, 3));
            good(avro_value_set_enum(value, at));
            return std::string("text ") + avro_schema_enum_get(avro_value_get_schema(value), at);
        }
        case AVRO_UNION: {
            const size_t branches = avro_schema_union_size(avro_value_get_schema(value));
            avro_value_t branch;
            good(avro_value_set_branch(value, static_cast<int>(below(random, branches)), &branch));
            return fill(random, &branch);
        }
        case AVRO_ARRAY:
        case AVRO_MAP:
            for (size_t i = 0, count = below(random, 4); i < count; ++i) {
                avro_value_t item;
                good(avro_value_get_type(value) == AVRO_ARRAY
                         ? avro_value_append(value, &item, nullptr)
                         : avro_value_add(value, std::to_string(i).c_str(), &item, nullptr, nullptr));
                (void)fill(random, &item);
            }
            return "";
        default:
            for (size_t i = 0; i < 2; ++i) {
                avro_value_t part;
                good(avro_value_get_by_index(value, i, &part, nullptr));
                (void)fill(random, &part);
            }
            return "";
    }
}

// Reads all rows; the columns that no field maps to are left out.
Shown read_with_ours(std::string_view file, const std::vector<int> &mapping, size_t width) {
    MemorySource source(file, 777);
    ContainerReader reader(source);
    BOOST_REQUIRE(bool(reader.open()));
    const auto schema = parse_schema(reader.schema_text());
    BOOST_REQUIRE(bool(schema));
    auto decoder = RowDecoder::compile(*schema, mapping, width);
    BOOST_REQUIRE(bool(decoder));
    Shown out;
    Block block;
    for (;;) {
        const Result<bool> more = reader.next_block(block);
        BOOST_REQUIRE_MESSAGE(bool(more), (more ? "" : more.error().message));
        if (!*more) return out;
        Cursor cursor = block.cursor();
        for (uint64_t i = 0; i < block.rows; ++i) {
            std::vector<Field> row(width);
            const Status status = decoder->decode(cursor, row);
            BOOST_REQUIRE_MESSAGE(bool(status), (status ? "" : status.error().message));
            for (const Field &field : row) out.push_back(show(field));
            decoder->release();
        }
        BOOST_REQUIRE(bool(RowDecoder::check_end(cursor)));
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(avro_c_reads_our_random_files) {
    Random random(20210727);
    size_t values = 0;
    for (int round = 0; round < schemas; ++round) {
        std::vector<Column> columns;
        for (size_t i = 0, count = below(random, 12); i < count; ++i)
            columns.push_back(any_column(random, i));
        const Codec codec = common_codecs[below(random, 3)];
        const std::string schema = schema_json({"my db", "public", "t-1", columns});
        const RowEncoder encoder(columns);
        MemorySink sink;
        auto compressor = Compressor::create(codec);
        ContainerWriter writer(sink, *std::move(compressor),
                               {schema, {}, sync_marker(), below(random, 2000)});
        writer.begin();
        Shown expected;
        // avro-c takes a snappy block without bytes for an error.
        const size_t rows = columns.empty() && codec == Codec::snappy ? 0 : below(random, 60);
        for (size_t r = 0; r < rows; ++r) {
            std::vector<Field> row;
            std::vector<std::string> kept(columns.size());
            for (size_t i = 0; i < columns.size(); ++i) {
                row.push_back(any_field(random, columns[i], kept[i]));
                expected.push_back(show(row.back()));
            }
            BOOST_REQUIRE_MESSAGE(encoder.encode(row, writer.block()) == -1, schema);
            BOOST_REQUIRE(bool(writer.row_done()));
        }
        BOOST_REQUIRE(bool(writer.finish()));
        ScratchFile file;
        file.write(sink.data);
        check_same(read_with_avro_c(file.path, columns), expected, schema);
        values += expected.size();
    }
    BOOST_TEST(values > 10'000U);
}

BOOST_AUTO_TEST_CASE(we_read_random_files_of_avro_c) {
    Random random(20210728);
    size_t values = 0;
    for (int round = 0; round < schemas; ++round) {
        TypeMaker maker(random);
        // A first field that takes bytes, because avro-c fails on blocks without any.
        std::string json =
            R"({"type":"record","name":"r","namespace":"a.b","fields":[{"name":"f0","type":"long"})";
        const size_t fields = 1 + below(random, 8);
        for (size_t i = 1; i < fields; ++i)
            json += R"(,{"name":"f)" + std::to_string(i) + R"(","type":)" + maker.make(true) + "}";
        json += "]}";
        avro_schema_t schema = nullptr;
        BOOST_REQUIRE_MESSAGE(avro_schema_from_json_length(json.data(), json.size(), &schema) == 0, json);
        Value value(schema);

        // Nested fields are skipped, and some others; the rest go to columns in another order.
        std::vector<int> mapping(fields, -1), taken;
        for (size_t i = 0; i < fields; ++i) {
            avro_value_t field = value.field(i);
            const avro_type_t type = avro_value_get_type(&field);
            const bool nested = type == AVRO_ARRAY || type == AVRO_MAP || type == AVRO_RECORD;
            if (!nested && random() % 5 != 0) taken.push_back(static_cast<int>(i));
        }
        std::shuffle(taken.begin(), taken.end(), random);
        for (size_t column = 0; column < taken.size(); ++column)
            mapping[static_cast<size_t>(taken[column])] = static_cast<int>(column);

        ScratchFile file;
        avro_file_writer_t writer = nullptr;
        const std::string codec(codec_name(common_codecs[below(random, 3)]));
        BOOST_REQUIRE(avro_file_writer_create_with_codec(file.path, schema, &writer, codec.c_str(), 4096) ==
                      0);
        Shown expected;
        for (size_t r = 0, rows = below(random, 60); r < rows; ++r) {
            BOOST_REQUIRE(avro_value_reset(value.get()) == 0);
            Shown row(fields);
            for (size_t i = 0; i < fields; ++i) {
                avro_value_t field = value.field(i);
                row[i] = fill(random, &field);
            }
            for (const int field : taken) expected.push_back(row[static_cast<size_t>(field)]);
            BOOST_REQUIRE_MESSAGE(avro_file_writer_append_value(writer, value.get()) == 0, avro_strerror());
        }
        BOOST_REQUIRE(avro_file_writer_close(writer) == 0);
        check_same(read_with_ours(file.read(), mapping, taken.size()), expected, json);
        values += expected.size();
    }
    BOOST_TEST(values > 10'000U);
}

BOOST_AUTO_TEST_SUITE_END()
