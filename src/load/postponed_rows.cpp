// Implements postponed_rows.hpp. A row is packed with its kin in front, so that the order can be found
// without unpacking the rest.
#include "load/postponed_rows.hpp"

#include <cstring>

namespace ferry {
namespace {

constexpr uint32_t no_piece = UINT32_MAX;

class Packer {
  public:
    explicit Packer(std::string &to) : to_(to) {}
    template <typename T>
    void put(const T &value) {
        to_.append(reinterpret_cast<const char *>(&value), sizeof value);
    }
    void put_text(std::string_view text) {
        put(static_cast<uint32_t>(text.size()));
        to_.append(text);
    }
    // A piece of `whole`, as a rule: where it stands there says where it is in the input.
    void put_piece(std::string_view whole, std::string_view text) {
        const std::optional<size_t> offset = offset_within(whole, text);
        put(offset ? static_cast<uint32_t>(*offset) : no_piece);
        if (offset)
            put(static_cast<uint32_t>(text.size()));
        else
            put_text(text);
    }

  private:
    std::string &to_;
};

// Reads what Packer wrote, in its order; texts are borrowed.
class Unpacker {
  public:
    explicit Unpacker(std::string_view from) : left_(from) {}
    template <typename T>
    T take() {
        T value;
        std::memcpy(&value, left_.data(), sizeof value);
        left_.remove_prefix(sizeof value);
        return value;
    }
    std::string_view take_text() {
        const auto size = take<uint32_t>();
        const std::string_view text = left_.substr(0, size);
        left_.remove_prefix(size);
        return text;
    }
    std::string_view take_piece(std::string_view whole) {
        const auto offset = take<uint32_t>();
        return offset == no_piece ? take_text() : whole.substr(offset, take<uint32_t>());
    }

  private:
    std::string_view left_;
};

std::vector<Kin> unpack_kin(Unpacker &from) {
    std::vector<Kin> kin(from.take<size_t>());
    for (Kin &item : kin) item = from.take<Kin>();
    return kin;
}

bool is_number(Field::Kind kind) {
    return kind == Field::Kind::boolean || kind == Field::Kind::integer || kind == Field::Kind::real;
}

void pack_field(Packer &to, const Field &field, std::string_view raw) {
    to.put(field.kind);
    if (field.kind <= Field::Kind::null) return;
    if (is_number(field.kind)) {
        to.put(field.integer);
        to.put(field.real);
    } else {
        to.put_piece(raw, field.text);
        to.put_piece(raw, field.token);
    }
}

Field unpack_field(Unpacker &from, std::string_view raw) {
    Field field;
    field.kind = from.take<Field::Kind>();
    if (field.kind <= Field::Kind::null) return field;
    if (is_number(field.kind)) {
        field.integer = from.take<int64_t>();
        field.real = from.take<double>();
    } else {
        field.text = from.take_piece(raw);
        field.token = from.take_piece(raw);
    }
    return field;
}

// A row has no faults, or it would not wait.
std::string pack_row(const Batch &batch, const Waiting &waiting) {
    const Record &record = batch.records[waiting.row];
    std::string item;
    Packer to(item);
    to.put(waiting.kin.size());
    for (const Kin &kin : waiting.kin) to.put(kin);
    to.put(record.number);
    to.put(record.line);
    to.put(record.offset);
    to.put_text(record.raw);
    for (const Field &field : batch.row(waiting.row)) pack_field(to, field, record.raw);
    for (const Repair &repair : batch.repairs) {
        if (repair.record != waiting.row) continue;
        to.put(true);
        to.put(repair.code);
        to.put_text(repair.text);
    }
    to.put(false);
    return item;
}

void unpack_row(std::string_view item, Batch &batch) {
    Unpacker from(item);
    unpack_kin(from);
    Record record;
    record.number = from.take<uint64_t>();
    record.line = from.take<uint64_t>();
    record.offset = from.take<uint64_t>();
    record.raw = from.take_text();
    record.first_fault = static_cast<uint32_t>(batch.faults.size());
    for (size_t c = 0; c < batch.width; ++c) batch.fields.push_back(unpack_field(from, record.raw));
    while (from.take<bool>()) {
        const auto code = from.take<Code>();
        batch.repairs.push_back({static_cast<uint32_t>(batch.records.size()), code, from.take_text()});
    }
    batch.records.push_back(record);
}

}  // namespace

void PostponedRows::add(const Batch &batch, const Waiting &waiting) {
    window_.push_back(pack_row(batch, waiting));
}

size_t PostponedRows::keep_window() {
    size_t bytes = 0;
    for (const std::string &item : window_) {
        spill_.append(item);
        bytes += item.size() + sizeof item;
    }
    window_.clear();
    return bytes;
}

PostponedSource::PostponedSource(PostponedRows &rows, bool sorted, const RecordSource &input)
    : spill_(rows.spill_), sorted_(sorted), input_(input) {
    if (sorted_) sort();
    spill_.rewind();
}

void PostponedSource::sort() {
    std::string item;
    uint64_t position = 0;
    positions_.reserve(spill_.count());
    for (spill_.rewind(); spill_.next(item); check_interrupts()) {
        Unpacker from(item);
        const std::vector<Kin> kin = unpack_kin(from);
        if (positions_.empty()) order_ = KinOrder(kin.size(), spill_.count());
        order_.add(kin);
        positions_.push_back(position);
        position += Spill::size_of(item);
    }
    order_.sort(check_interrupts);
}

bool PostponedSource::next_item(std::string &item) {
    if (!sorted_) return spill_.next(item);
    if (row_ == positions_.size()) return false;
    spill_.read(positions_[order_.order()[row_++]], item);
    return true;
}

bool PostponedSource::next_window(size_t size_hint) {
    window_.clear();
    next_ = 0;
    const auto &circles = order_.circles();
    const bool more = next_circle_ < circles.size();
    circle_ = more && circles[next_circle_].first == row_;
    size_t left = SIZE_MAX;
    if (circle_)
        left = circles[next_circle_++].rows;
    else if (more)
        left = circles[next_circle_].first - row_;
    std::string item;
    for (size_t bytes = 0; left > 0 && (circle_ || bytes < size_hint) && next_item(item); --left) {
        bytes += item.size();
        window_.push_back(std::move(item));
    }
    if (window_.empty()) spill_.close();
    return !window_.empty();
}

size_t PostponedSource::fill(Batch &batch, size_t limit) {
    size_t filled = 0;
    for (; filled < limit && next_ < window_.size(); ++filled) unpack_row(window_[next_++], batch);
    return filled;
}

}  // namespace ferry
