// Feeds any bytes to the JSON row reader and to the cutting of objects. Both must judge a text alike; what
// they accept must give every row and member, each with its own bytes of the text, and the same fields
// however often and in whatever portions the rows are read.
#include <cstdlib>

#include "core/json/row_reader.hpp"

namespace {

using namespace ferry;
using json::RowReader;
using json::Unknown;

void demand(bool holds) {
    if (!holds) std::abort();
}

bool same(const Field &a, const Field &b) {
    return a.kind == b.kind && a.text == b.text && a.token == b.token;
}

bool same(const Fault &a, const Fault &b) {
    return a.code == b.code && a.column == b.column && a.text == b.text;
}

// All rows, `portion` at a time. What they borrow is the reader's.
Batch read_all(RowReader &reader, size_t columns, size_t portion) {
    reader.rewind();
    Batch batch;
    batch.clear(columns);
    while (reader.next(batch, portion) > 0) continue;
    demand(batch.records.size() == reader.size() && batch.fields.size() == reader.size() * columns);
    return batch;
}

void check_rows(std::string_view text, RowReader &reader, const Batch &batch) {
    uint32_t faults = 0;
    uint64_t end = 0;
    for (size_t r = 0; r < reader.size(); ++r) {
        const Record &record = batch.records[r];
        demand(record.number == r + 1 && record.offset > end);
        demand(text.substr(record.offset, record.raw.size()) == record.raw);
        end = record.offset + record.raw.size();
        demand(record.first_fault == faults);
        faults += record.faults;
        for (const Field &field : batch.row(r))
            if (field.kind == Field::Kind::text)
                demand(field.token.size() >= field.text.size() + 2);
            else
                demand(field.text == field.token);
        const auto members = json::object_members(record.raw);
        demand(members ? record.raw.front() == '{' : members.error().code == Code::not_an_object);
    }
    demand(faults == batch.faults.size());
}

// A second reader of the same text must say the same. Keys that it ignores are all that may be missing.
void check_again(const Batch &batch, const Batch &other, bool ignores) {
    for (size_t i = 0; i < batch.fields.size(); ++i) demand(same(batch.fields[i], other.fields[i]));
    size_t at = 0;
    for (const Fault &fault : batch.faults) {
        if (ignores && fault.code == Code::unknown_key) continue;
        demand(at < other.faults.size() && same(fault, other.faults[at++]));
    }
    demand(at == other.faults.size());
}

void check_members(std::string_view text, const Result<std::vector<json::Member>> &members) {
    size_t end = 0;
    for (const json::Member &member : *members) {
        demand(member.key.offset > end && member.key.size >= 2 && text[member.key.offset] == '"');
        demand(text[member.key.offset + member.key.size - 1] == '"');
        demand(member.value.offset > member.key.offset + member.key.size && member.value.size > 0);
        end = member.value.offset + member.value.size;
        demand(end < text.size());
        // A value is a text of its own, well formed and without blanks around it.
        const std::string_view value = text.substr(member.value.offset, member.value.size);
        const auto elements = json::array_elements(value);
        demand(elements ? value.front() == '[' : elements.error().code == Code::not_an_array);
        demand(json::skip_blanks(value, 0) == 0 && json::value_end(value, 0) == value.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const std::string_view text(reinterpret_cast<const char *>(data), size);
    const auto elements = json::array_elements(text);
    const auto members = json::object_members(text);
    demand(!elements || !members);
    if (members) check_members(text, members);
    if (!elements) {
        const Error &error = elements.error();
        demand(error.offset <= size);
        if (error.code == Code::not_an_array)
            demand(members || members.error().code == Code::not_an_object);
        else
            demand(error.code == members.error().code && error.offset == members.error().offset);
    }
    RowReader strict({"id", "name", "a\"b", ""}, Unknown::reject);
    RowReader lenient({"id", "name", "a\"b", ""}, Unknown::ignore);
    const Status status = strict.open(text);
    demand(static_cast<bool>(status) == static_cast<bool>(elements) &&
           static_cast<bool>(lenient.open(text)) == static_cast<bool>(elements));
    if (!status) {
        demand(status.error().offset == elements.error().offset && strict.size() == 0);
        return 0;
    }
    demand(strict.size() == elements->size() && lenient.size() == elements->size());
    const Batch rows = read_all(strict, 4, strict.size() + 1);
    check_rows(text, strict, rows);
    check_again(rows, read_all(lenient, 4, 1), true);
    // Fields borrow from their reader until its next rewind: what is compared comes from two.
    RowReader other({"id", "name", "a\"b", ""}, Unknown::reject);
    demand(static_cast<bool>(other.open(text)));
    check_again(rows, read_all(other, 4, 2), false);
    check_again(read_all(other, 4, 3), rows, false);
    return 0;
}
