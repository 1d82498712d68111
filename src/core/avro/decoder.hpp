// Rows out of Avro's binary form into Fields, by a plan compiled once per file from the writer's schema.
// Whatever the bytes are, it reads only what is there and stops at the first byte that cannot be.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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
// notation; duration and our own intervals → text as interval input takes it; arrays and records → text as
// the input functions of arrays and composites take it, where the target is one, maps as that of hstore does
// for such a target, else JSON. Unions may hold these and null in any order.
class RowDecoder {
  public:
    // `mapping` has, per field of the writer's record, the column of the target row that takes it, or -1 to
    // skip it; `width` is the target's number of columns. No column is taken twice. `targets`, one per column
    // or none at all, say what nested values become; the fields of a record go to the parts of the same name.
    // Code::unsupported when the schema is no record, Code::schema_mismatch when a nested value goes to a
    // column that takes none.
    static Result<RowDecoder> compile(const Schema &schema, std::span<const int> mapping, size_t width,
                                      std::span<const Column> targets = {}, const Limits &limits = {});

    // Reads one row. Columns that no field maps to become absent. Text and bytes are views into the block, or
    // into memory of the decoder (decimal, duration, uuid of fixed, nested values) that lasts until
    // release(). Faults are Code::corrupt_file, values beyond a Field's range Code::out_of_range, at the
    // cursor's offset. Bytes inside a nested value that are no text where text is needed come alone, as
    // bytes.
    Status decode(Cursor &cursor, std::span<Field> out);

    // The same, with values of a file of ours as the table gave them for writing: intervals, arrays and
    // records encoded, decimals as unscaled integers, or encoded beyond 64 bits. So the rows have the content
    // hash that the backup has.
    Status decode_as_written(Cursor &cursor, std::span<Field> out);

    // After a block's last row: nothing may be left.
    static Status check_end(const Cursor &cursor);

    // Gives up all text made for rows decoded so far. Call it when their batch is done with.
    void release() noexcept;
    // Bytes of text made since then.
    size_t made() const noexcept { return made_; }

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
        interval,
        union_of,
        array,
        map,
        record,
    };
    // One type of the schema; the index is that of its Node.
    struct Plan {
        Op op = Op::null;
        Logical logical = Logical::none;
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
        int view = -1;  // for nested values
    };
    // How a nested value, or a part of one, becomes text.
    struct View {
        struct Part {
            int view = -1;   // -1 for a field that has no place, and for an attribute that has no field
            int field = -1;  // plan of the field whose bytes these are, -1 for none
            std::string name;
        };
        int plan = -1;
        bool json = false;
        bool dimension = false;  // an array whose items are a dimension of the array around it
        Notation notation = Notation::plain;
        char delimiter = ',';
        char decimal_point = '.';
        std::vector<Part> parts;  // branches of a union, the item of an array or map, fields of a record
        std::vector<int> order;   // of a composite: which part each attribute is, -1 for none; empty when all
                                  // are as in the file
    };
    enum class Wrote : uint8_t { failed, null, text, dimension };
    class ViewMaker;
    // Some items of an array or map, one run after the other.
    struct Run {
        uint64_t count = 0, size = 0;
        bool sized = false;        // `size` is the file's own word
        uint64_t empty_items = 0;  // of this run and those before it
    };

    RowDecoder() = default;

    static Plan make_plan(const Schema &schema, const Node &node);
    static Op choose_op(const Node &node) noexcept;
    static bool is_interval(const Schema &schema, const Node &node);
    Step make_step(const Schema &schema, int node, int target) const;
    bool is_nested(int index) const;
    const Plan &plan(int index) const { return plans_[static_cast<size_t>(index)]; }

    bool read_step(const Step &step, Cursor &cursor, std::span<Field> out);
    bool read_null(const Step &step, Cursor &cursor, bool &null) const;
    bool read_as_written(const Step &step, Cursor &cursor, Field &out);
    bool read_value(Op op, int index, Cursor &cursor, Field &out);
    static bool read_real(Op op, Cursor &cursor, Field &out);
    bool read_integer(Op op, Cursor &cursor, Field &out);
    bool read_enum(const Plan &plan, Cursor &cursor, Field &out);
    bool read_made_text(const Plan &plan, Cursor &cursor, Field &out);
    bool read_branch(const Plan &plan, Cursor &cursor, int &child) const;
    bool skip_value(int index, Cursor &cursor) const;
    bool skip_items(const Plan &plan, Cursor &cursor) const;
    bool read_run(const Plan &plan, Cursor &cursor, Run &run) const;
    bool make_text(const Plan &plan, Cursor &cursor);

    bool read_nested(const Step &step, Cursor &cursor, Field &out);
    Wrote write_view(int index, Cursor &cursor, std::string &out);
    Wrote write_array(const View &view, Cursor &cursor, std::string &out);
    Wrote write_composite(const View &view, Cursor &cursor, std::string &out);
    Wrote write_in_order(const View &view, Cursor &cursor, std::string &out);
    Wrote write_json_object(const View &view, Cursor &cursor, std::string &out);
    Wrote write_map(const View &view, Cursor &cursor, std::string &out);
    bool write_key(const View &view, Cursor &cursor, std::string &out);
    bool write_pair_value(int view, Cursor &cursor, std::string &out);
    bool write_json_part(int view, Cursor &cursor, std::string &out);
    Wrote write_scalar(const View &view, Cursor &cursor, std::string &out);
    bool write_integer(const View &view, Cursor &cursor, std::string &out);
    Wrote write_bytes(const View &view, std::string_view bytes, Cursor &cursor, std::string &out);
    bool is_too_long(const std::string &out, Cursor &cursor);

    std::string_view keep(std::string_view text);
    Error take_error(size_t step, const Cursor &cursor);

    std::vector<Plan> plans_;
    std::vector<Step> steps_;
    std::vector<std::string> names_;  // of the record's fields
    std::vector<int> unmapped_;       // target columns without a field
    std::vector<View> views_;
    uint64_t max_empty_items_ = 0;
    size_t max_text_ = 0;
    bool out_of_range_ = false;                 // the last fault was a value, not the bytes
    std::optional<std::string_view> not_text_;  // bytes that a nested value could not be written with

    // Text made for rows: chunks that are never moved.
    std::vector<std::unique_ptr<char[]>> chunks_;
    size_t chunk_used_ = 0, chunk_size_ = 0;
    size_t made_ = 0;
    std::string scratch_, nested_;
};

}  // namespace ferry::avro
