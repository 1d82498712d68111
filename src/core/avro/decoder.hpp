// Rows out of Avro's binary form into Fields, by a plan compiled once per file from the writer's schema.
// Whatever the bytes are, it reads only what is there and stops at the first byte that cannot be.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/avro/limits.hpp"
#include "core/avro/schema.hpp"
#include "core/avro/wire.hpp"
#include "core/record.hpp"
#include "core/result.hpp"

namespace ferry::avro {

// What arrives in the Fields: boolean → boolean; int, long → integer; float, double → real; string, uuid,
// enum → text; bytes, fixed → bytes; date → integer days; time-* → integer microseconds since midnight;
// timestamp-* and local-timestamp-* → integer microseconds since 1970-01-01 00:00; decimal → text in plain
// notation; duration → text as interval input takes it. Unions may hold these and null in any order.
class RowDecoder {
  public:
    // `mapping` has, per field of the writer's record, the column of the target row that takes it, or -1 to
    // skip it; `width` is the target's number of columns. No column is taken twice. Code::unsupported when
    // the schema is no record, or a field to be taken is (or may be) an array, map or record.
    static Result<RowDecoder> compile(const Schema &schema, std::span<const int> mapping, size_t width,
                                      const Limits &limits = {});

    // Reads one row. Columns that no field maps to become absent. Text and bytes are views into the block, or
    // into memory of the decoder (decimal, duration, uuid of fixed) that lasts until release(). Faults are
    // Code::corrupt_file, values beyond a Field's range Code::out_of_range, at the cursor's offset.
    Status decode(Cursor &cursor, std::span<Field> out);

    // After a block's last row: nothing may be left.
    static Status check_end(const Cursor &cursor);

    // Gives up all text made for rows decoded so far. Call it when their batch is done with.
    void release() noexcept;

  private:
    enum class Op : uint8_t {
        null,
        boolean,
        int32,
        int64,
        float32,
        float64,
        bytes,
        string,
        enumeration,
        fixed,
        millis32,  // an int of milliseconds
        millis64,  // a long of milliseconds
        decimal,
        decimal_fixed,
        uuid_fixed,
        duration,
        union_of,
        array,
        map,
        record,
    };
    // One type of the schema; the index is that of its Node.
    struct Plan {
        Op op = Op::null;
        bool empty = false;      // every value takes no bytes
        uint64_t min_bytes = 0;  // of the item of an array, of key and value of a map
        size_t size = 0;         // of a fixed
        int scale = 0;
        std::vector<int> children;         // those with bytes, for a record; all, for a union
        std::vector<std::string> symbols;  // of an enum
    };
    // One field of the record.
    struct Step {
        Op op = Op::null;
        int8_t null_branch = -1;  // of a union of null and one type, with `op` and `plan` of that type
        int target = -1;
        int plan = -1;
    };

    RowDecoder() = default;

    static Plan make_plan(const Schema &schema, const Node &node);
    static Op choose_op(const Node &node) noexcept;
    Step make_step(const Schema &schema, int node, int target) const;
    bool can_project(int index) const;
    const Plan &plan(int index) const { return plans_[static_cast<size_t>(index)]; }

    bool read_step(const Step &step, Cursor &cursor, std::span<Field> out);
    bool read_value(Op op, int index, Cursor &cursor, Field &out);
    static bool read_real(Op op, Cursor &cursor, Field &out);
    bool read_integer(Op op, Cursor &cursor, Field &out);
    bool read_enum(const Plan &plan, Cursor &cursor, Field &out);
    bool read_made_text(const Plan &plan, Cursor &cursor, Field &out);
    bool read_branch(const Plan &plan, Cursor &cursor, int &child) const;
    bool skip_value(int index, Cursor &cursor) const;
    bool skip_items(const Plan &plan, Cursor &cursor) const;
    std::string_view keep(std::string_view text);
    Error take_error(size_t step, const Cursor &cursor);

    std::vector<Plan> plans_;
    std::vector<Step> steps_;
    std::vector<std::string> names_;  // of the record's fields
    std::vector<int> unmapped_;       // target columns without a field
    uint64_t max_empty_items_ = 0;
    bool out_of_range_ = false;  // the last fault was a value, not the bytes

    // Text made for rows: chunks that are never moved.
    std::vector<std::unique_ptr<char[]>> chunks_;
    size_t chunk_used_ = 0, chunk_size_ = 0;
    std::string scratch_;
};

}  // namespace ferry::avro
