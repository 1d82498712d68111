// Implements reject_log.hpp. Rejects are packed with their texts in the form of the server's values, so that
// rows of the log's tables only point into the packed bytes; TableWriter writes them in thousands at a time.
#include "load/reject_log.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "load/masking.hpp"
#include "server/relation.hpp"
#include "server/settings.hpp"
#include "server/table_writer.hpp"

namespace ferry {
namespace {

constexpr size_t rows_at_once = 1000;
// Memory for packed rejects that is kept from window to window.
constexpr size_t kept_room = size_t{16} << 20U;

// The OID of a relation in the extension's schema.
Oid log_relation(const char *name) {
    const Oid oid = pg_call([&] {
        const Oid schema = get_namespace_oid("ferry", false);
        return get_relname_relid(name, schema);
    });
    if (!OidIsValid(oid))
        fail({Code::undefined_object, std::string("relation \"ferry.") + name + "\" does not exist", "",
              "Run CREATE EXTENSION pg_ferry, or ALTER EXTENSION pg_ferry UPDATE."});
    return oid;
}

// Packed rejects begin with their number.
uint32_t packed_count(std::string_view packed) {
    uint32_t count;
    std::memcpy(&count, packed.data(), sizeof count);
    return count;
}

void count_one_more(std::string &packed) {
    if (packed.empty()) packed.assign(sizeof(uint32_t), '\0');
    const uint32_t count = packed_count(packed) + 1;
    std::memcpy(packed.data(), &count, sizeof count);
}

struct PackedKind {
    uint64_t number;
    int32_t column;
    ErrorClass cls;
    bool quotes_value;
};

struct PackedReject {
    uint64_t record, line, offset;
    RejectStatus status;
};

template <typename Part>
void pack(std::string &to, const Part &part) {
    to.append(reinterpret_cast<const char *>(&part), sizeof part);
}

// Values begin with a length word, which counts itself, on a boundary of four.
size_t start_value(std::string &to) {
    to.resize(TYPEALIGN(sizeof(uint32_t), to.size()));
    const size_t start = to.size();
    pack(to, uint32_t{0});
    return start;
}
void end_value(std::string &to, size_t start) {
    SET_VARSIZE(to.data() + start, to.size() - start);
}

// A text or bytea value.
void pack_value(std::string &to, std::string_view bytes) {
    const size_t start = start_value(to);
    to.append(bytes);
    end_value(to, start);
}

// The head of an array of one dimension, or of none where it is empty, behind its length word (PostgreSQL:
// utils/array.h).
void pack_array_head(std::string &to, Oid type, size_t count, size_t null_bytes) {
    const auto data =
        null_bytes > 0 ? static_cast<int32_t>(MAXALIGN(sizeof(ArrayType) + 2 * sizeof(int32_t) + null_bytes))
                       : 0;
    for (const int32_t word : {int32_t{count > 0}, data, static_cast<int32_t>(type)}) pack(to, word);
    if (count == 0) return;
    for (const int32_t word : {static_cast<int32_t>(count), int32_t{1}}) pack(to, word);
}

void pack_numbers(std::string &to, std::span<const uint64_t> numbers) {
    const size_t start = start_value(to);
    pack_array_head(to, INT8OID, numbers.size(), 0);
    for (const uint64_t number : numbers) pack(to, number);
    end_value(to, start);
}

// The values of a row's errors, as text[].
void pack_values(std::string &to, std::span<const RowError *const> errors) {
    const bool some_null = std::ranges::any_of(errors, [](const RowError *error) { return !error->value; });
    const size_t null_bytes = some_null ? (errors.size() + 7) / 8 : 0;
    const size_t start = start_value(to);
    pack_array_head(to, TEXTOID, errors.size(), null_bytes);
    const size_t present = to.size();
    if (some_null) to.resize(start + MAXALIGN(present - start + null_bytes));
    for (size_t i = 0; i < errors.size(); ++i) {
        if (!errors[i]->value) continue;
        if (some_null) to[present + i / 8] = static_cast<char>(to[present + i / 8] | 1 << (i % 8));
        pack_value(to, *errors[i]->value);
    }
    to.resize(TYPEALIGN(sizeof(uint32_t), to.size()));
    end_value(to, start);
}

// Where in the row they are, as int4[]; -1 for those that nobody knows.
void pack_positions(std::string &to, std::span<const RowError *const> errors) {
    const size_t start = start_value(to);
    pack_array_head(to, INT4OID, errors.size(), 0);
    for (const RowError *error : errors)
        pack(to, error->position ? static_cast<int32_t>(*error->position) : int32_t{-1});
    end_value(to, start);
}

// Reads what was packed, in its order.
class Unpacker {
  public:
    explicit Unpacker(std::string_view packed) : start_(packed.data()), at_(start_ + sizeof(uint32_t)) {}
    template <typename Part>
    Part part() {
        Part part;
        std::memcpy(&part, at_, sizeof part);
        at_ += sizeof part;
        return part;
    }
    // Points into the packed bytes.
    Datum value() {
        const char *value = start_ + TYPEALIGN(sizeof(uint32_t), static_cast<size_t>(at_ - start_));
        at_ = value + VARSIZE(value);
        return PointerGetDatum(value);
    }

  private:
    const char *start_, *at_;
};

// One table of the log, filled row by row and written in batches.
class LogTable {
  public:
    explicit LogTable(const char *name)
        : rel_(open_table(log_relation(name), RowExclusiveLock)),
          table_(rel_),
          slots_(rel_),
          writer_(table_) {}

    // Starts a row; every attribute is NULL until set.
    void start_row() {
        if (used_ == slots_.all().size()) slots_.reserve(std::min(2 * used_ + 1, rows_at_once));
        TupleTableSlot *slot = slots_[used_];
        const auto attributes = static_cast<size_t>(RelationGetDescr(rel_)->natts);
        std::memset(slot->tts_isnull, 1, attributes);
        std::memset(slot->tts_values, 0, attributes * sizeof(Datum));
    }
    void set(int attribute, Datum value) {
        slots_[used_]->tts_values[attribute - 1] = value;
        slots_[used_]->tts_isnull[attribute - 1] = false;
    }
    void set_number(int attribute, uint64_t value) {
        set(attribute, Int64GetDatum(static_cast<int64_t>(value)));
    }
    // A value that lives until the next flush(); an empty text is NULL.
    void set_text(int attribute, Datum text) {
        if (VARSIZE(DatumGetPointer(text)) > VARHDRSZ) set(attribute, text);
    }
    // The same of a text that need not live on.
    void set_text(int attribute, std::string_view text) {
        if (text.empty()) return;
        const ContextSwitch into(values_.get());
        set(attribute, pg_call([&] {
                return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
            }));
    }
    void end_row() {
        if (++used_ == rows_at_once) flush();
    }
    void flush() {
        pg_call([&] {
            for (size_t i = 0; i < used_; ++i) ExecStoreVirtualTuple(slots_[i]);
        });
        std::vector<IndexConflict> none;
        writer_.insert(slots_.all().first(used_), false, none);
        slots_.clear(used_);
        values_.reset();
        used_ = 0;
        check_interrupts();
    }
    void finish() {
        flush();
        slots_.finish();
        writer_.finish();
        table_.finish();
        close_table(rel_);
    }

  private:
    Relation rel_;
    ExecutorTable table_;
    SlotArray slots_;
    TableWriter writer_;
    ScopedContext values_{"ferry reject log rows"};
    size_t used_ = 0;
};

int64_t next_value(const char *sequence) {
    const Oid oid = log_relation(sequence);
    return pg_call([&] { return nextval_internal(oid, false); });
}

std::string current_user_name() {
    return pg_call([] { return static_cast<const char *>(GetUserNameFromId(GetUserId(), false)); });
}

}  // namespace

// The tables of rejects while rows are written to them.
class LogTables {
  public:
    LogTables() : reject_ids(log_relation("rejects_reject_id_seq")), keep_raw(settings::log_raw_rows()) {
        constexpr std::array names{"open", "fixed", "dismissed"};
        for (size_t i = 0; i < names.size(); ++i) pack_value(statuses[i], names[i]);
    }
    void finish() {
        kinds.finish();
        rejects.finish();
    }

    const Oid reject_ids;
    const bool keep_raw;
    LogTable kinds{"reject_kinds"};
    LogTable rejects{"rejects"};
    std::array<std::string, 3> statuses;  // by RejectStatus
    std::vector<uint64_t> ids;
};

RejectLog::RejectLog(bool may_be_taken_back)
    : load_id_(next_value("loads_load_id_seq")),
      direct_(!may_be_taken_back),
      context_(CurrentMemoryContext) {}

RejectLog::~RejectLog() = default;

LogTables &RejectLog::tables() {
    if (!tables_) tables_ = std::make_unique<LogTables>();
    return *tables_;
}

uint64_t RejectLog::kind_of(const RowError &error, const CutMessage &message) {
    if (const uint64_t known = kinds_.find(error, message); known != 0) return known;
    const auto number = static_cast<uint64_t>(next_value("reject_kinds_kind_id_seq"));
    kinds_.add(number);
    count_one_more(window_kinds_);
    pack(window_kinds_, PackedKind{number, error.column, error.cls, message.quotes});
    for (const std::string_view text :
         {error.column_name, error.column_type, class_name(error.cls), std::string_view(error.sqlstate),
          error.constraint, message.head, message.tail, error.hint})
        pack_value(window_kinds_, text);
    return number;
}

void RejectLog::hide_values() {
    hidden_.clear();
    for (const RowError *error : told_) hidden_.push_back(masked(*error));
    for (size_t i = 0; i < told_.size(); ++i) told_[i] = &hidden_[i];
}

void RejectLog::add(const Record &record, std::span<const RowError> errors, std::span<const RowError> repairs,
                    RejectStatus status) {
    told_.clear();
    numbers_.clear();
    for (const std::span<const RowError> part : {errors, repairs})
        for (const RowError &error : part) told_.push_back(&error);
    if (!settings::log_values()) hide_values();
    for (const RowError *error : told_) numbers_.push_back(kind_of(*error, cut_message(*error)));
    count_one_more(window_);
    pack(window_, PackedReject{record.number, record.line, record.offset, status});
    pack_value(window_, record.raw);
    pack_numbers(window_, numbers_);
    pack_values(window_, told_);
    pack_positions(window_, told_);
}

size_t RejectLog::keep_window() {
    const size_t bytes = window_.size();
    if (bytes == 0) return 0;
    const ContextSwitch into(context_);
    if (direct_) {
        write_kinds(window_kinds_);
        write_rejects(window_);
    } else {
        spill_.append(window_kinds_);
        spill_.append(window_);
    }
    kinds_.keep();
    clear_window();
    return bytes;
}

void RejectLog::forget_window() {
    kinds_.forget();
    clear_window();
}

void RejectLog::clear_window() {
    for (std::string *packed : {&window_kinds_, &window_}) {
        packed->clear();
        if (packed->capacity() > kept_room) packed->shrink_to_fit();
    }
}

void RejectLog::write(const LoadEntry &load) {
    write_load(load);
    std::string packed;
    for (spill_.rewind(); spill_.next(packed);) {
        write_kinds(packed);
        spill_.next(packed);
        write_rejects(packed);
    }
    spill_.close();
    if (tables_) tables_->finish();
}

void RejectLog::write_load(const LoadEntry &load) {
    LogTable loads("loads");
    loads.start_row();
    loads.set_number(1, static_cast<uint64_t>(load_id_));
    loads.set_text(2, load.target);
    loads.set_text(3, load.source_kind);
    loads.set_text(4, load.source_name);
    loads.set_text(5, load.source_sha256);
    const std::string &options = load.options;
    loads.set(6, pg_call([&] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(options.c_str())); }));
    loads.set_text(7, current_user_name());
    loads.set(8, TimestampTzGetDatum(load.started_at));
    loads.set(9, TimestampTzGetDatum(load.finished_at));
    loads.set_text(10, load.status);
    const std::array counts{load.rows_read, load.rows_loaded, load.rows_rejected, load.rows_repaired,
                            load.bytes_read};
    for (size_t i = 0; i < counts.size(); ++i) loads.set_number(static_cast<int>(11 + i), counts[i]);
    Interval elapsed{load.finished_at - load.started_at, 0, 0};
    loads.set(16, IntervalPGetDatum(&elapsed));
    loads.set(17, ObjectIdGetDatum(GetUserId()));
    loads.set_number(18, load.rows_skipped);
    loads.set_number(19, load.rows_updated);
    if (load.replay_of) loads.set_number(20, static_cast<uint64_t>(*load.replay_of));
    loads.end_row();
    loads.finish();
}

void RejectLog::write_kinds(std::string_view packed) {
    if (packed.empty()) return;
    LogTable &to = tables().kinds;
    Unpacker from(packed);
    for (uint32_t left = packed_count(packed); left > 0; --left) {
        const auto kind = from.part<PackedKind>();
        to.start_row();
        to.set_number(1, kind.number);
        to.set_number(2, static_cast<uint64_t>(load_id_));
        if (kind.column >= 0) to.set(3, Int32GetDatum(kind.column + 1));
        for (const int attribute : {4, 5, 6, 7, 8}) to.set_text(attribute, from.value());
        to.set(9, from.value());
        const Datum tail = from.value();
        if (kind.quotes_value) to.set(10, tail);
        to.set_text(11, from.value());
        to.end_row();
    }
    to.flush();
}

void RejectLog::write_rejects(std::string_view packed) {
    LogTables &to = tables();
    Unpacker from(packed);
    to.ids.resize(packed_count(packed));
    pg_call([&] {
        for (uint64_t &id : to.ids) {
            CHECK_FOR_INTERRUPTS();
            id = static_cast<uint64_t>(nextval_internal(to.reject_ids, false));
        }
    });
    for (const uint64_t id : to.ids) {
        const auto reject = from.part<PackedReject>();
        to.rejects.start_row();
        to.rejects.set_number(1, id);
        to.rejects.set_number(2, static_cast<uint64_t>(load_id_));
        to.rejects.set_number(3, reject.record);
        if (reject.line > 0) to.rejects.set_number(4, reject.line);
        to.rejects.set_number(5, reject.offset);
        const Datum raw = from.value();
        if (to.keep_raw) to.rejects.set(6, raw);
        to.rejects.set(7, PointerGetDatum(to.statuses[static_cast<size_t>(reject.status)].data()));
        to.rejects.set(8, from.value());
        to.rejects.set(9, from.value());
        to.rejects.set(10, from.value());
        to.rejects.end_row();
    }
    to.rejects.flush();
}

}  // namespace ferry
