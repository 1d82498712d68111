// The Avro codec alone, beside avro-c's generic writer and reader: rows of hires from memory into a file and
// back, codec null. Prints nanoseconds a row and how many times faster ours is; medians of five, in turn.
#include <avro.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/avro/container.hpp"
#include "core/avro/decoder.hpp"
#include "core/avro/encoder.hpp"

using namespace ferry;

namespace {

// As many rows as a processor's cache holds, again and again: it is not the memory that is measured.
constexpr int distinct = 4'000, rounds = 250, rows = distinct * rounds, runs = 5;

struct Hire {
    int32_t id;
    std::string name;
    int64_t datetime;
    int32_t department, job;
    bool has_job;
};

std::vector<Hire> make_hires() {
    std::vector<Hire> hires;
    for (int i = 0; i < distinct; ++i)
        hires.push_back({i, "Name " + std::to_string(i * 7919LL % 1'000'003),
                         1'609'459'200'000'000LL + i * 31'000'000LL, 1 + i % 12, 1 + i % 183, i % 20 != 0});
    return hires;
}

avro::Table describe() {
    avro::Table table;
    table.database = "bench";
    table.schema = "public";
    table.name = "hires";
    const auto add = [&](const char *name, avro::Kind kind, bool not_null) {
        avro::Column column;
        column.name = name;
        column.kind = kind;
        column.not_null = not_null;
        table.columns.push_back(column);
    };
    add("id", avro::Kind::int32, true);
    add("name", avro::Kind::string, true);
    add("datetime", avro::Kind::timestamp_micros, true);
    add("department_id", avro::Kind::int32, true);
    add("job_id", avro::Kind::int32, false);
    return table;
}

[[noreturn]] void die(const char *what) {
    std::fprintf(stderr, "%s\n", what);
    std::exit(1);
}

class File final : public ByteSink, public ByteSource {
  public:
    File(const char *path, int flags) : fd_(open(path, flags, 0600)) {
        if (fd_ < 0) die("cannot open a file");
    }
    ~File() override { close(fd_); }
    void write(std::string_view bytes) override {
        if (::write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
            die("cannot write");
    }
    size_t read(char *to, size_t room) override {
        const ssize_t size = ::read(fd_, to, room);
        return size < 0 ? 0 : static_cast<size_t>(size);
    }

  private:
    int fd_;
};

void write_ours(const std::vector<Hire> &hires, const avro::Table &table, const char *path) {
    File file(path, O_WRONLY | O_CREAT | O_TRUNC);
    avro::WriterOptions options;
    options.schema_json = avro::schema_json(table);
    avro::ContainerWriter writer(file, *avro::Compressor::create(avro::Codec::null), options);
    const avro::RowEncoder encoder(table.columns);
    std::vector<Field> row(table.columns.size());
    const auto integer = [&](size_t at, int64_t value) {
        row[at].kind = Field::Kind::integer;
        row[at].integer = value;
    };
    writer.begin();
    for (int i = 0; i < rows; ++i) {
        const Hire &hire = hires[static_cast<size_t>(i % distinct)];
        integer(0, hire.id);
        row[1].kind = Field::Kind::text;
        row[1].text = hire.name;
        integer(2, hire.datetime);
        integer(3, hire.department);
        integer(4, hire.job);
        if (!hire.has_job) row[4].kind = Field::Kind::null;
        if (encoder.encode(row, writer.block()) >= 0 || !writer.row_done()) die("cannot encode");
    }
    if (!writer.finish()) die("cannot finish");
}

int64_t read_ours(const avro::Table &table, const char *path) {
    File file(path, O_RDONLY);
    avro::ContainerReader reader(file);
    if (!reader.open()) die("cannot read the header");
    const auto schema = avro::parse_schema(reader.schema_text());
    const std::vector<int> mapping{0, 1, 2, 3, 4};
    auto decoder = avro::RowDecoder::compile(*schema, mapping, table.columns.size());
    if (!decoder) die("cannot compile");
    std::vector<Field> row(table.columns.size());
    avro::Block block;
    int64_t sum = 0;
    for (;;) {
        const auto more = reader.next_block(block);
        if (!more) die("cannot read a block");
        if (!*more) break;
        avro::Cursor cursor = block.cursor();
        for (uint64_t i = 0; i < block.rows; ++i) {
            if (!decoder->decode(cursor, row)) die("cannot decode");
            sum +=
                row[0].integer + static_cast<int64_t>(row[1].text.size()) + row[2].integer + row[3].integer;
            if (row[4].kind == Field::Kind::integer) sum += row[4].integer;
        }
        decoder->release();
    }
    return sum;
}

avro_schema_t avro_c_schema(const avro::Table &table) {
    const std::string json = avro::schema_json(table);
    avro_schema_t schema;
    if (avro_schema_from_json_length(json.data(), json.size(), &schema) != 0)
        die("avro-c refuses the schema");
    return schema;
}

void write_avro_c(const std::vector<Hire> &hires, const avro::Table &table, const char *path) {
    avro_schema_t schema = avro_c_schema(table);
    avro_file_writer_t writer;
    std::remove(path);
    if (avro_file_writer_create_with_codec(path, schema, &writer, "null", 128 << 10) != 0)
        die(avro_strerror());
    avro_value_iface_t *type = avro_generic_class_from_schema(schema);
    avro_value_t row, field, branch;
    avro_generic_value_new(type, &row);
    for (int i = 0; i < rows; ++i) {
        const Hire &hire = hires[static_cast<size_t>(i % distinct)];
        avro_value_get_by_index(&row, 0, &field, nullptr);
        avro_value_set_int(&field, hire.id);
        avro_value_get_by_index(&row, 1, &field, nullptr);
        avro_value_set_string_len(&field, const_cast<char *>(hire.name.c_str()), hire.name.size() + 1);
        avro_value_get_by_index(&row, 2, &field, nullptr);
        avro_value_set_long(&field, hire.datetime);
        avro_value_get_by_index(&row, 3, &field, nullptr);
        avro_value_set_int(&field, hire.department);
        avro_value_get_by_index(&row, 4, &field, nullptr);
        avro_value_set_branch(&field, hire.has_job ? 1 : 0, &branch);
        if (hire.has_job)
            avro_value_set_int(&branch, hire.job);
        else
            avro_value_set_null(&branch);
        if (avro_file_writer_append_value(writer, &row) != 0) die(avro_strerror());
    }
    avro_file_writer_close(writer);
    avro_value_decref(&row);
    avro_value_iface_decref(type);
    avro_schema_decref(schema);
}

int64_t read_avro_c(const char *path) {
    avro_file_reader_t reader;
    if (avro_file_reader(path, &reader) != 0) die(avro_strerror());
    avro_schema_t schema = avro_file_reader_get_writer_schema(reader);
    avro_value_iface_t *type = avro_generic_class_from_schema(schema);
    avro_value_t row, field, branch;
    avro_generic_value_new(type, &row);
    int64_t sum = 0;
    while (avro_file_reader_read_value(reader, &row) == 0) {
        int32_t number;
        int64_t moment;
        const char *text;
        size_t size;
        avro_value_get_by_index(&row, 0, &field, nullptr);
        avro_value_get_int(&field, &number);
        sum += number;
        avro_value_get_by_index(&row, 1, &field, nullptr);
        avro_value_get_string(&field, &text, &size);
        sum += static_cast<int64_t>(size) - 1;
        avro_value_get_by_index(&row, 2, &field, nullptr);
        avro_value_get_long(&field, &moment);
        sum += moment;
        avro_value_get_by_index(&row, 3, &field, nullptr);
        avro_value_get_int(&field, &number);
        sum += number;
        avro_value_get_by_index(&row, 4, &field, nullptr);
        avro_value_get_current_branch(&field, &branch);
        if (avro_value_get_type(&branch) == AVRO_INT32) {
            avro_value_get_int(&branch, &number);
            sum += number;
        }
        avro_value_reset(&row);
    }
    avro_value_decref(&row);
    avro_value_iface_decref(type);
    avro_schema_decref(schema);
    avro_file_reader_close(reader);
    return sum;
}

// User CPU time: neither a busy machine counts nor the kernel's copy into the file, which is the same for
// both.
double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec) + static_cast<double>(usage.ru_utime.tv_usec) / 1e6;
}

template <typename F>
double nanoseconds(F &&f) {
    const double from = cpu_seconds();
    f();
    return (cpu_seconds() - from) * 1e9 / rows;
}

double median(std::vector<double> times) {
    std::ranges::sort(times);
    return times[times.size() / 2];
}

void report(const char *what, const std::vector<double> &ours, const std::vector<double> &theirs) {
    std::printf("%-8s avro-c %7.1f ns a row, ours %6.1f, %5.1f times faster\n", what, median(theirs),
                median(ours), median(theirs) / median(ours));
}

}  // namespace

int main(int argc, char **argv) {
    const std::string folder = argc > 1 ? argv[1] : ".";
    const std::string ours = folder + "/ours.avro", theirs = folder + "/theirs.avro";
    const std::vector<Hire> hires = make_hires();
    const avro::Table table = describe();
    std::vector<double> write[2], read[2];
    int64_t sum[2] = {0, 1};
    for (int run = 0; run < runs; ++run) {
        write[0].push_back(nanoseconds([&] { write_ours(hires, table, ours.c_str()); }));
        write[1].push_back(nanoseconds([&] { write_avro_c(hires, table, theirs.c_str()); }));
        read[0].push_back(nanoseconds([&] { sum[0] = read_ours(table, ours.c_str()); }));
        read[1].push_back(nanoseconds([&] { sum[1] = read_avro_c(ours.c_str()); }));
    }
    if (sum[0] != sum[1]) die("the readers do not agree");
    report("writing", write[0], write[1]);
    report("reading", read[0], read[1]);
    std::remove(ours.c_str());
    std::remove(theirs.c_str());
}
