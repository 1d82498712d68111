// Implements avro_rows.hpp. A row is read as if it were the one field of a record around it, which takes no
// bytes of its own: so the decoder writes all of it as it writes nested values.
#include "archive/avro_rows.hpp"

namespace ferry {
namespace {

std::string record_around(const std::string &name, const std::string &field, const std::string &schema) {
    return R"({"type":"record","name":")" + name + R"(","fields":[{"name":")" + field + R"(","type":)" +
           schema + "}]}";
}

avro::Schema wrap(const OpenPart &file, bool typed) {
    std::string schema(file.reader.schema_text());
    if (file.schema.top().type != avro::Type::record) {
        if (typed) fail({Code::schema_mismatch, "the Avro file does not hold records"});
        schema = record_around("pg_ferry.value", "value", schema);
    }
    return value_or_fail(avro::parse_schema(record_around("pg_ferry.row", "row", schema)));
}

}  // namespace

AvroRows::AvroRows(const std::string &path, const avro::Column *as) : file_(path) {
    avro::Column json;
    json.notation = avro::Notation::json;
    const int mapping[] = {0};
    decoder_.emplace(value_or_fail(
        avro::RowDecoder::compile(wrap(file_, as != nullptr), mapping, 1, {as != nullptr ? as : &json, 1})));
}

bool AvroRows::next() {
    check_interrupts();
    decoder_->release();
    while (left_ == 0) {
        if (cursor_)
            if (const Status end = avro::RowDecoder::check_end(*cursor_); !end)
                fail(avro::place_error(end.error(), block_));
        if (!value_or_fail(file_.reader.next_block(block_))) return false;
        cursor_.emplace(block_.data);
        left_ = block_.rows;
    }
    if (const Status read = decoder_->decode(*cursor_, {&row_, 1}); !read)
        fail(avro::place_error(read.error(), block_));
    if (row_.kind == Field::Kind::bytes)
        fail(avro::place_error({Code::invalid_encoding, "bytes are not text"}, block_));
    --left_;
    return true;
}

}  // namespace ferry
