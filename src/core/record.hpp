// Records on their way in, as every source gives them: raw fields, where they stood and what is already known
// to be wrong with them. All text is borrowed from the source's window and valid until the source moves on.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/code.hpp"

namespace ferry {

// One raw field. `absent` takes the column's default, `null` is an explicit NULL.
struct Field {
    enum class Kind : uint8_t {
        absent,
        null,
        text,     // characters for the type's input, in `text`; from JSON strings `token` holds the quoted
                  // original
        literal,  // a JSON number, true or false exactly as written, in `text` and `token`
        json,     // a JSON array or object exactly as written, in `text` and `token`
        boolean,  // `integer` is 0 or 1
        integer,  // a whole number in `integer`: of the column itself, or days since 1970-01-01 for a date,
                  // microseconds since midnight for a time, microseconds since 1970-01-01 00:00 for a
                  // timestamp
        real,     // `real`
        bytes,    // any bytes, in `text`
        encoded,  // on the way out: the value in Avro's binary form without a union's branch, in `text`
    };
    Kind kind = Kind::absent;
    std::string_view text;
    std::string_view token;
    int64_t integer = 0;
    double real = 0;
};

// What the source itself found wrong with a record. Fields of such a record that are present are checked all
// the same, so that every fault is told at once; where the fields cannot be told apart the source leaves them
// all absent.
struct Fault {
    Code code;
    int column;             // 0-based field the fault stands at, or -1 for the whole record
    std::string_view text;  // the offending key or piece; borrowed like the fields
};

// What the source mended so that a record could be given after all. Its fields are what came of that.
struct Repair {
    uint32_t record;        // index in Batch::records
    Code code;              // the fault that was mended
    std::string_view text;  // what was done, for people; borrowed like the fields
};

struct Record {
    uint64_t number = 0;   // 1-based, counts data records of the whole input
    uint64_t line = 0;     // 1-based physical line of the record's first byte; 0 where the input has no lines
    uint64_t offset = 0;   // bytes from the start of the input to the record's first byte
    std::string_view raw;  // the whole record as it came, without its line end
    uint32_t first_fault = 0, faults = 0;  // a run of Batch::faults
};

// Some hundred records at a time, so that checks can go column by column. Row r's fields are
// fields[r * width … r * width + width - 1], in the order of the load's columns.
struct Batch {
    size_t width = 0;
    std::vector<Record> records;
    std::vector<Field> fields;
    std::vector<Fault> faults;
    std::vector<Repair> repairs;  // in the order of their records

    void clear(size_t columns) {
        width = columns;
        records.clear();
        fields.clear();
        faults.clear();
        repairs.clear();
    }
    std::span<Field> row(size_t r) { return {fields.data() + r * width, width}; }
    std::span<const Field> row(size_t r) const { return {fields.data() + r * width, width}; }
};

}  // namespace ferry
