// Implements reject_export.hpp. Statements name every operator with its schema: they run with rights that are
// not the caller's.
#include "load/reject_export.hpp"

#include <memory>
#include <utility>

#include "core/csv/write.hpp"
#include "load/log_owner.hpp"
#include "server/cursor.hpp"

namespace ferry {
namespace {

// What stands around the rows, in the encoding of the input.
struct Frame {
    std::string before, between, after;
};

std::string encoded(const LoggedLoad &load, const std::string &text) {
    std::string bytes;
    done_or_fail(append_encoded(load.encoding, text, bytes));
    return bytes;
}

// Every row has a line end, the last one too: one of no bytes would be lost otherwise.
Frame frame_of_csv(const LoggedLoad &load) {
    std::string header;
    for (const std::string &column : load.columns) {
        if (&column != load.columns.data()) header += load.dialect.delimiter;
        csv::append_csv_field(header, column, false, load.dialect);
    }
    const bool utf16 = load.encoding == Encoding::utf16le || load.encoding == Encoding::utf16be;
    const std::string line_end = encoded(load, "\n");
    return {encoded(load, (utf16 ? std::string(csv::byte_order_mark) : "") + header + "\n"), line_end,
            line_end};
}

// A bytea that grows.
class Bytes {
  public:
    Bytes() {
        pg_call([&] {
            initStringInfo(&buffer_);
            appendStringInfoSpaces(&buffer_, VARHDRSZ);
        });
    }
    void append(std::string_view bytes) {
        if (static_cast<size_t>(buffer_.len) + bytes.size() >= MaxAllocSize)
            fail({Code::limit_exceeded, "the rejects have more bytes than a value can hold", "",
                  "Read ferry.rejects.raw in parts."});
        pg_call([&] { appendBinaryStringInfo(&buffer_, bytes.data(), static_cast<int>(bytes.size())); });
    }
    Datum value() {
        SET_VARSIZE(buffer_.data, buffer_.len);
        return PointerGetDatum(buffer_.data);
    }

  private:
    StringInfoData buffer_;
};

std::unique_ptr<Cursor> select_rows(const LoggedLoad &load, const std::string &status) {
    const AsLogOwner rights;
    const std::vector<SqlArgument> arguments{bigint_argument(load.load_id), text_argument(status)};
    return std::make_unique<Cursor>(
        "SELECT r.raw FROM ferry.rejects r WHERE r.load_id OPERATOR(pg_catalog.=) $1 "
        "AND r.status OPERATOR(pg_catalog.=) $2 ORDER BY r.reject_id",
        arguments);
}

}  // namespace

ExportedRejects export_rejects(const LoggedLoad &load, const std::string &status) {
    if (load.source_kind == "avro")
        fail({Code::unsupported,
              "load " + std::to_string(load.load_id) + " came from an Avro file, whose rows are no text"});
    const Frame frame = load.csv ? frame_of_csv(load) : Frame{"[\n", ",\n", "\n]\n"};
    Bytes file;
    file.append(frame.before);
    ExportedRejects result;
    const std::unique_ptr<Cursor> rows = select_rows(load, status);
    bool any = false;
    while (rows->next()) {
        check_interrupts();
        if (rows->null(0)) {
            ++result.without_row;
            continue;
        }
        if (std::exchange(any, true)) file.append(frame.between);
        file.append(rows->bytes(0));
    }
    rows->close();
    if (any || !load.csv) file.append(frame.after);
    result.value = file.value();
    return result;
}

}  // namespace ferry
