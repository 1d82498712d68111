// Container files: round trips, truncation at every byte, hostile headers and blocks, and avro-c as an
// independent reader and writer.
#include <boost/test/unit_test.hpp>

#include <avro.h>
#include <vector>

#include "avro_memory.hpp"
#include "core/avro/container.hpp"
#include "core/avro/decoder.hpp"
#include "core/avro/encoder.hpp"

using namespace ferry;
using namespace ferry::avro;
using namespace ferry::avro::test;

BOOST_AUTO_TEST_SUITE(avro_container)

namespace {

constexpr Codec all_codecs[] = {Codec::null, Codec::deflate, Codec::snappy, Codec::zstandard};
const std::string int_record = R"({"type":"record","name":"r","fields":[{"name":"a","type":"int"}]})";
const std::string empty_record = R"({"type":"record","name":"r","fields":[]})";

Table hires() {
    Table table{"db", "public", "hires", {}};
    const auto add = [&](const char *name, Kind kind, bool not_null) {
        Column column;
        column.name = name;
        column.kind = kind;
        column.not_null = not_null;
        table.columns.push_back(column);
    };
    add("id", Kind::int64, true);
    add("name", Kind::string, false);
    add("flag", Kind::boolean, false);
    add("ratio", Kind::float64, true);
    return table;
}

struct Row {
    int64_t id = 0;
    std::string name;
    bool has_name = false;
    bool flag = false;
    double ratio = 0;
    bool operator==(const Row &) const = default;
};

std::vector<Row> some_rows(size_t count) {
    std::vector<Row> rows(count);
    for (size_t i = 0; i < count; ++i) {
        const bool has_name = i % 5 != 0;
        rows[i] = {static_cast<int64_t>(i * i) - 50, has_name ? std::string(i % 40, 'n') : "", has_name,
                   i % 3 == 0, static_cast<double>(i) / 8};
    }
    return rows;
}

std::string write_file(const std::vector<Row> &rows, Codec codec, size_t block_size = 200) {
    const Table table = hires();
    const RowEncoder encoder(table.columns);
    MemorySink sink;
    auto compressor = Compressor::create(codec);
    BOOST_REQUIRE(bool(compressor));
    ContainerWriter writer(sink, *std::move(compressor),
                           {schema_json(table), {{"pg_ferry.note", "x"}}, sync_marker(), block_size});
    writer.begin();
    for (const Row &row : rows) {
        Field fields[4];
        fields[0].kind = Field::Kind::integer;
        fields[0].integer = row.id;
        fields[1].kind = row.has_name ? Field::Kind::text : Field::Kind::null;
        fields[1].text = row.name;
        fields[2].kind = Field::Kind::boolean;
        fields[2].integer = row.flag;
        fields[3].kind = Field::Kind::real;
        fields[3].real = row.ratio;
        BOOST_REQUIRE(encoder.encode(fields, writer.block()) == -1);
        BOOST_REQUIRE(bool(writer.row_done()));
    }
    BOOST_REQUIRE(bool(writer.finish()));
    BOOST_TEST(writer.rows() == rows.size());
    BOOST_TEST(writer.bytes() == sink.data.size());
    return sink.data;
}

// Reads rows until the end or the first fault.
Status read_file(std::string_view file, std::vector<Row> &rows, size_t step = SIZE_MAX,
                 const Limits &limits = {}) {
    MemorySource source(file, step);
    ContainerReader reader(source, limits);
    if (Status status = reader.open(); !status) return status;
    const auto schema = parse_schema(reader.schema_text());
    if (!schema) return schema.error();
    const int mapping[] = {0, 1, 2, 3};
    auto decoder = RowDecoder::compile(*schema, mapping, 4);
    if (!decoder) return decoder.error();
    Block block;
    for (;;) {
        const Result<bool> more = reader.next_block(block);
        if (!more) return more.error();
        if (!*more) return Done{};
        Cursor cursor = block.cursor();
        for (uint64_t i = 0; i < block.rows; ++i) {
            Field f[4];
            if (Status status = decoder->decode(cursor, f); !status)
                return place_error(status.error(), block);
            rows.push_back({f[0].integer, std::string(f[1].text), f[1].kind == Field::Kind::text,
                            f[2].integer != 0, f[3].real});
        }
        if (Status status = RowDecoder::check_end(cursor); !status) return place_error(status.error(), block);
    }
}

struct Reading {
    std::vector<uint64_t> rows;  // of each block handed out
    std::string message;         // of the fault, or ""
    uint64_t offset = 0;
    Code code = Code::internal;
};

Reading read_blocks(std::string_view file, const Limits &limits = {}) {
    MemorySource source(file);
    ContainerReader reader(source, limits);
    Reading out;
    const auto stop = [&](const Error &error) {
        out.message = error.message;
        out.offset = error.offset;
        out.code = error.code;
        return out;
    };
    if (const Status status = reader.open(); !status) return stop(status.error());
    Block block;
    for (;;) {
        const Result<bool> more = reader.next_block(block);
        if (!more) return stop(more.error());
        if (!*more) return out;
        out.rows.push_back(block.rows);
    }
}

// A file in /tmp that goes away with the object: avro-c reads and writes paths only.
}  // namespace

BOOST_AUTO_TEST_CASE(files_round_trip) {
    for (const Codec codec : all_codecs)
        for (const size_t count : {size_t{0}, size_t{1}, size_t{7}, size_t{1000}})
            for (const size_t step : {size_t{1}, size_t{1000}, SIZE_MAX}) {
                const auto rows = some_rows(count);
                std::vector<Row> back;
                BOOST_REQUIRE(bool(read_file(write_file(rows, codec), back, step)));
                BOOST_TEST((back == rows));
            }
}

BOOST_AUTO_TEST_CASE(header_is_as_given) {
    const std::string file = write_file({}, Codec::deflate);
    MemorySource source(file);
    ContainerReader reader(source);
    BOOST_REQUIRE(bool(reader.open()));
    BOOST_TEST(reader.schema_text() == schema_json(hires()));
    BOOST_TEST(reader.metadata().at("avro.codec") == "deflate");
    BOOST_TEST(reader.metadata().at("pg_ferry.note") == "x");
    BOOST_TEST((reader.sync() == sync_marker()));
    BOOST_TEST((reader.codec() == Codec::deflate));
    BOOST_TEST(reader.offset() == file.size());
}

BOOST_AUTO_TEST_CASE(large_rows_make_large_blocks) {
    auto rows = some_rows(20);
    rows[7].name = std::string(3'000'000, 'q');
    rows[7].has_name = true;
    const std::string file = write_file(rows, Codec::null, 100);
    std::vector<Row> back;
    BOOST_REQUIRE(bool(read_file(file, back, 100'000)));
    BOOST_TEST((back == rows));
    for (const uint64_t count : read_blocks(file).rows) BOOST_TEST(count > 0U);
}

// A file may end only where a block ends; a shorter reading is then all that can be told.
BOOST_AUTO_TEST_CASE(truncation_at_every_byte) {
    const auto rows = some_rows(40);
    for (const Codec codec : all_codecs) {
        const std::string file = write_file(rows, codec, 150);
        std::vector<size_t> borders;
        for (size_t at = file.find(sync_text); at != std::string::npos; at = file.find(sync_text, at + 1))
            borders.push_back(at + sync_text.size());
        BOOST_REQUIRE(borders.size() > 4U);
        BOOST_REQUIRE(borders.back() == file.size());
        for (size_t cut = 0; cut < file.size(); ++cut) {
            std::vector<Row> back;
            const Status status = read_file(std::string_view(file).substr(0, cut), back);
            const bool border = std::find(borders.begin(), borders.end(), cut) != borders.end();
            BOOST_TEST(bool(status) == border, "cut at " << cut);
            BOOST_TEST(back.size() < rows.size());
            BOOST_TEST(std::equal(back.begin(), back.end(), rows.begin()));
            if (status) continue;
            BOOST_TEST((status.error().code == Code::corrupt_file));
            BOOST_TEST(status.error().offset == (cut < 4 ? 0 : cut));
        }
    }
}

BOOST_AUTO_TEST_CASE(headers_of_other_shapes) {
    const std::string magic("Obj\x01", 4);
    const std::string pair = Bytes().text("avro.schema").text(int_record).str();
    const auto size = static_cast<int64_t>(pair.size());
    const auto end = Bytes().number(0).raw(sync_text).str();
    const auto block = frame(1, "\x02");
    // No codec means null; a negative count comes with a size; several runs are one map.
    BOOST_TEST(read_blocks(magic + Bytes().number(1).raw(pair).str() + end + block).rows.size() == 1U);
    BOOST_TEST(read_blocks(magic + Bytes().number(-1).number(size).raw(pair).str() + end).message == "");
    const std::string other = Bytes().number(1).text("k").text("").str();
    BOOST_TEST(read_blocks(magic + other + Bytes().number(1).raw(pair).str() + end).message == "");

    const struct {
        std::string file, message;
        uint64_t offset;
    } bad[] = {
        {"", "not an Avro container file", 0},
        {"Obj\x02", "not an Avro container file", 0},
        {magic, "unexpected end of Avro file", 4},
        {magic + end, "Avro file has no schema", 5},
        {magic + Bytes().number(INT64_MIN).str() + end, "invalid count in the header of an Avro file", 4},
        {magic + Bytes().number(-1).number(-1).str(), "negative size in the header of an Avro file", 4},
        {magic + Bytes().number(-1).number(size + 1).raw(pair).str() + end,
         "wrong size in the header of an Avro file", 4},
        {magic + Bytes().number(1).number(-3).str(), "negative length in the header of an Avro file", 5},
        {magic + Bytes().number(1).number(INT64_MAX).str(), "header of an Avro file exceeds 67108864 bytes",
         5},
        {magic + Bytes().number(1).number(int64_t{3} << 30).str(),
         "header of an Avro file exceeds 67108864 bytes", 5},
        {magic + Bytes().number(1).number(60 << 20).raw("abc").str(), "unexpected end of Avro file", 12},
        {magic + std::string(10, '\xFF'), "number longer than 64 bits in Avro file", 4},
        {magic + Bytes().number(2).raw(pair).raw(pair).str() + end,
         "header of an Avro file has one key twice", 5 + pair.size()},
        {magic + Bytes().number(int64_t{1} << 62).str(), "unexpected end of Avro file", 14},
    };
    for (const auto &c : bad) {
        const Reading reading = read_blocks(c.file);
        BOOST_TEST(reading.message == c.message);
        BOOST_TEST((reading.code == Code::corrupt_file));
        BOOST_TEST(reading.offset == c.offset, c.message);
    }
    const Reading unknown = read_blocks(header(int_record, "lzma"));
    BOOST_TEST((unknown.code == Code::unsupported));
    BOOST_TEST(unknown.message == "codec \"lzma\" is not supported");
}

BOOST_AUTO_TEST_CASE(hostile_blocks_are_refused) {
    const std::string head = header(int_record);
    const uint64_t h = head.size();
    const std::string good = frame(2, "\x02\x04");
    const uint64_t g = good.size();
    const std::string bad_sync = Bytes().number(1).text("\x02").raw("0123456789abcdeX").str();
    const struct {
        std::string file, message;
        uint64_t offset;
        size_t blocks;  // handed out before the fault
    } cases[] = {
        {good + bad_sync, "wrong sync marker after a block of an Avro file", h + g + 3, 1},
        {Bytes().number(-1).str(), "negative row count in a block of an Avro file", h, 0},
        {Bytes().number(INT64_MIN).number(0).raw(sync_text).str(),
         "negative row count in a block of an Avro file", h, 0},
        {good + Bytes().number(3).number(-5).raw(sync_text).str(),
         "negative length of a block of an Avro file", h + g + 1, 1},
        {Bytes().number(1).number(INT64_MAX).str(), "block of an Avro file exceeds 268435456 bytes", h + 1,
         0},
        {Bytes().number(1).number(200 << 20).raw("abc").str(), "unexpected end of Avro file", h + 9, 0},
        {frame(0, "\x02"), "block of an Avro file has data but no rows", h, 0},
        {frame(int64_t{1} << 62, "\x02"), "block of an Avro file has fewer bytes than rows", h, 0},
        {frame(int64_t{1} << 62, ""), "block of an Avro file has fewer bytes than rows", h, 0},
        {good + "\x80", "unexpected end of Avro file", h + g + 1, 1},
    };
    for (const auto &c : cases) {
        const Reading reading = read_blocks(head + c.file);
        BOOST_TEST(reading.message == c.message);
        BOOST_TEST((reading.code == Code::corrupt_file));
        BOOST_TEST(reading.offset == c.offset, c.message << " at " << reading.offset - h);
        BOOST_TEST(reading.rows.size() == c.blocks);
    }
    const Reading packed =
        read_blocks(header(int_record, "deflate") + Bytes().number(1).number(65 << 20).str());
    BOOST_TEST(packed.message == "block of an Avro file exceeds 67108864 bytes");
    const Reading garbage = read_blocks(header(int_record, "deflate") + frame(1, "\xFF\xFF"));
    BOOST_TEST(garbage.message == "invalid deflate data in a block");
    BOOST_TEST(garbage.offset == header(int_record, "deflate").size() + 2);
}

BOOST_AUTO_TEST_CASE(empty_blocks_are_skipped) {
    const std::string file = header(int_record) + frame(0, "") + frame(1, "\x02") + frame(0, "") +
                             frame(0, "") + frame(2, "\x02\x04") + frame(0, "");
    const Reading reading = read_blocks(file);
    BOOST_TEST(reading.message == "");
    BOOST_TEST((reading.rows == std::vector<uint64_t>{1, 2}));
    // Deflate of nothing is not nothing.
    const Reading packed =
        read_blocks(header(int_record, "deflate") + frame(0, {"\x03\x00", 2}) + frame(0, ""));
    BOOST_TEST(packed.message == "");
    BOOST_TEST(packed.rows.empty());
}

// Counts that lie in a plausible way are found by the row decoder; offsets are those of the file.
BOOST_AUTO_TEST_CASE(counts_that_lie_are_found) {
    const std::string schema = schema_json(hires());
    const std::string row = Bytes().number(1).number(0).number(0).raw("12345678").str();
    const uint64_t h = header(schema).size();
    std::vector<Row> rows;
    Status status = read_file(header(schema) + frame(3, row + row), rows);
    BOOST_REQUIRE(!status);
    BOOST_TEST(status.error().message == "unexpected end of data in field \"id\"");
    BOOST_TEST(status.error().offset == h + 2 + 2 * row.size());
    BOOST_TEST(status.error().detail == "Block 1 begins at byte " + std::to_string(h) +
                                            " of the file; the fault is at byte " +
                                            std::to_string(2 * row.size()) + " of its uncompressed data.");
    status = read_file(header(schema) + frame(1, row + row), rows);
    BOOST_REQUIRE(!status);
    BOOST_TEST(status.error().message == "extra bytes after the last row of a block");
    BOOST_TEST(status.error().offset == h + 2 + row.size());
    status = read_file(header(schema) + frame(3, ""), rows);
    BOOST_REQUIRE(!status);
    BOOST_TEST(status.error().message == "unexpected end of data in field \"id\"");
}

BOOST_AUTO_TEST_CASE(rows_without_columns_are_counted) {
    MemorySink sink;
    auto compressor = Compressor::create(Codec::deflate);
    ContainerWriter writer(sink, *std::move(compressor), {empty_record, {}, sync_marker(), 1000});
    writer.begin();
    for (int i = 0; i < 3'000'000; ++i) BOOST_REQUIRE(bool(writer.row_done()));
    BOOST_REQUIRE(bool(writer.finish()));
    const Reading reading = read_blocks(sink.data);
    BOOST_TEST(reading.message == "");
    BOOST_TEST(reading.rows.size() == 3U);
    BOOST_TEST(reading.rows[0] + reading.rows[1] + reading.rows[2] == 3'000'000U);
}

// ---- avro-c as oracle ----

BOOST_AUTO_TEST_CASE(avro_c_reads_what_we_write) {
    const auto rows = some_rows(500);
    for (const Codec codec : {Codec::null, Codec::deflate, Codec::snappy}) {
        ScratchFile scratch;
        scratch.write(write_file(rows, codec, 1000));
        avro_file_reader_t reader = nullptr;
        BOOST_REQUIRE(avro_file_reader(scratch.path, &reader) == 0);
        avro_schema_t schema = avro_file_reader_get_writer_schema(reader);
        avro_value_iface_t *iface = avro_generic_class_from_schema(schema);
        avro_value_t value;
        avro_generic_value_new(iface, &value);
        std::vector<Row> back;
        while (avro_file_reader_read_value(reader, &value) == 0) {
            Row row;
            avro_value_t field, branch;
            int at = 0, flag = 0;
            const char *text = nullptr;
            size_t size = 0;
            avro_value_get_by_index(&value, 0, &field, nullptr);
            avro_value_get_long(&field, &row.id);
            avro_value_get_by_index(&value, 1, &field, nullptr);
            avro_value_get_discriminant(&field, &at);
            avro_value_get_current_branch(&field, &branch);
            row.has_name = at == 1;
            if (row.has_name) {
                avro_value_get_string(&branch, &text, &size);
                row.name.assign(text, size - 1);
            }
            avro_value_get_by_index(&value, 2, &field, nullptr);
            avro_value_get_current_branch(&field, &branch);
            avro_value_get_boolean(&branch, &flag);
            row.flag = flag != 0;
            avro_value_get_by_index(&value, 3, &field, nullptr);
            avro_value_get_double(&field, &row.ratio);
            back.push_back(row);
        }
        BOOST_TEST((back == rows), codec_name(codec));
        avro_value_decref(&value);
        avro_value_iface_decref(iface);
        avro_schema_decref(schema);
        avro_file_reader_close(reader);
    }
}

BOOST_AUTO_TEST_CASE(we_read_what_avro_c_writes) {
    const auto rows = some_rows(500);
    const std::string json = schema_json(hires());
    for (const Codec codec : {Codec::null, Codec::deflate, Codec::snappy}) {
        ScratchFile scratch;
        avro_schema_t schema = nullptr;
        BOOST_REQUIRE(avro_schema_from_json_length(json.data(), json.size(), &schema) == 0);
        avro_file_writer_t writer = nullptr;
        BOOST_REQUIRE(avro_file_writer_create_with_codec(scratch.path, schema, &writer,
                                                         std::string(codec_name(codec)).c_str(), 1000) == 0);
        avro_value_iface_t *iface = avro_generic_class_from_schema(schema);
        avro_value_t value, field, branch;
        avro_generic_value_new(iface, &value);
        for (const Row &row : rows) {
            avro_value_reset(&value);
            avro_value_get_by_index(&value, 0, &field, nullptr);
            avro_value_set_long(&field, row.id);
            avro_value_get_by_index(&value, 1, &field, nullptr);
            avro_value_set_branch(&field, row.has_name ? 1 : 0, &branch);
            if (row.has_name)
                avro_value_set_string(&branch, row.name.c_str());
            else
                avro_value_set_null(&branch);
            avro_value_get_by_index(&value, 2, &field, nullptr);
            avro_value_set_branch(&field, 1, &branch);
            avro_value_set_boolean(&branch, row.flag);
            avro_value_get_by_index(&value, 3, &field, nullptr);
            avro_value_set_double(&field, row.ratio);
            BOOST_REQUIRE(avro_file_writer_append_value(writer, &value) == 0);
        }
        avro_file_writer_close(writer);
        avro_value_decref(&value);
        avro_value_iface_decref(iface);
        avro_schema_decref(schema);
        std::vector<Row> back;
        const Status status = read_file(scratch.read(), back);
        BOOST_TEST(bool(status), codec_name(codec));
        BOOST_TEST((back == rows), codec_name(codec));
    }
}

BOOST_AUTO_TEST_SUITE_END()
