// Implements reject_log.hpp. Rejects are packed as length-prefixed strings for the spill and written to the
// log's tables through TableWriter, in thousands at a time.
#include "load/reject_log.hpp"

#include <array>
#include <cstring>

#include "server/relation.hpp"
#include "server/settings.hpp"
#include "server/table_writer.hpp"

namespace ferry {
namespace {

constexpr size_t rows_at_once = 1000, bytes_at_once = size_t{8} << 20U;

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

void pack(std::string &to, std::string_view text) {
    const auto size = static_cast<uint32_t>(text.size());
    to.append(reinterpret_cast<const char *>(&size), sizeof size);
    to.append(text);
}

template <typename T>
void pack_number(std::string &to, T number) {
    to.append(reinterpret_cast<const char *>(&number), sizeof number);
}

// Reads what pack wrote, in its order.
class Unpacker {
  public:
    explicit Unpacker(std::string_view bytes) : left_(bytes) {}
    template <typename T>
    T number() {
        T value;
        std::memcpy(&value, left_.data(), sizeof value);
        left_.remove_prefix(sizeof value);
        return value;
    }
    std::string_view text() {
        const auto size = number<uint32_t>();
        const std::string_view text = left_.substr(0, size);
        left_.remove_prefix(size);
        return text;
    }

  private:
    std::string_view left_;
};

// One table of the log, filled row by row and written in batches.
class LogTable {
  public:
    explicit LogTable(const char *name)
        : rel_(open_table(log_relation(name), RowExclusiveLock)),
          table_(rel_),
          slots_(rel_, rows_at_once),
          writer_(table_) {}

    // Starts a row; every attribute is NULL until set.
    void start_row() {
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
    // Text in the server's encoding, or bytea: the representation is the same.
    void set_bytes(int attribute, std::string_view bytes) {
        bytes_ += bytes.size();
        const ContextSwitch into(values_.get());
        set(attribute, pg_call([&] {
                return PointerGetDatum(
                    cstring_to_text_with_len(bytes.data(), static_cast<int>(bytes.size())));
            }));
    }
    void set_text(int attribute, std::string_view text) {
        if (!text.empty()) set_bytes(attribute, text);
    }
    void end_row() {
        pg_call([&] { ExecStoreVirtualTuple(slots_[used_]); });
        if (++used_ == rows_at_once || bytes_ > bytes_at_once) flush();
    }
    void finish() {
        flush();
        slots_.finish();
        writer_.finish();
        table_.finish();
        close_table(rel_);
    }

  private:
    void flush() {
        std::vector<IndexConflict> none;
        writer_.insert(slots_.all().first(used_), false, none);
        slots_.clear(used_);
        values_.reset();
        used_ = bytes_ = 0;
        check_interrupts();
    }

    Relation rel_;
    ExecutorTable table_;
    SlotArray slots_;
    TableWriter writer_;
    ScopedContext values_{"ferry reject log rows"};
    size_t used_ = 0, bytes_ = 0;
};

int64_t next_value(const char *sequence) {
    const Oid oid = log_relation(sequence);
    return pg_call([&] { return nextval_internal(oid, false); });
}

std::string current_user_name() {
    return pg_call([] { return static_cast<const char *>(GetUserNameFromId(GetUserId(), false)); });
}

}  // namespace

// The two tables of rejects while rows are written to them.
class LogTables {
  public:
    LogTables() : sequence(log_relation("rejects_reject_id_seq")), keep_raw(settings::log_raw_rows()) {}
    void finish() {
        rejects.finish();
        errors.finish();
    }

    const Oid sequence;
    const bool keep_raw;
    LogTable rejects{"rejects"};
    LogTable errors{"reject_errors"};
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

void RejectLog::add(const Record &record, std::span<const RowError> errors, RejectStatus status) {
    std::string item;
    pack_number(item, status);
    pack_number(item, record.number);
    pack_number(item, record.line);
    pack_number(item, record.offset);
    pack(item, record.raw);
    pack_number(item, static_cast<uint32_t>(errors.size()));
    for (const RowError &error : errors) {
        pack_number(item, error.column);
        pack_number(item, error.cls);
        pack_number(item, error.value.has_value());
        pack(item, error.value.value_or(""));
        for (const std::string *text : {&error.column_name, &error.column_type, &error.sqlstate,
                                        &error.constraint, &error.message, &error.hint})
            pack(item, *text);
    }
    window_bytes_ += item.size();
    window_.push_back(std::move(item));
}

size_t RejectLog::keep_window() {
    const ContextSwitch into(context_);
    for (const std::string &item : window_) {
        if (direct_)
            write_item(item);
        else
            spill_.append(item);
    }
    const size_t bytes = window_bytes_;
    forget_window();
    return bytes;
}

void RejectLog::forget_window() {
    window_.clear();
    window_bytes_ = 0;
}

void RejectLog::write(const LoadEntry &load) {
    write_load(load);
    std::string item;
    for (spill_.rewind(); spill_.next(item);) write_item(item);
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
    loads.end_row();
    loads.finish();
}

void RejectLog::write_item(std::string_view item) {
    LogTable &rejects = tables().rejects;
    LogTable &errors = tables().errors;
    const Oid sequence = tables().sequence;
    Unpacker from(item);
    const auto status = from.number<RejectStatus>();
    const auto reject_id = static_cast<uint64_t>(pg_call([&] { return nextval_internal(sequence, false); }));
    rejects.start_row();
    rejects.set_number(1, reject_id);
    rejects.set_number(2, static_cast<uint64_t>(load_id_));
    rejects.set_number(3, from.number<uint64_t>());
    const auto line = from.number<uint64_t>();
    if (line > 0) rejects.set_number(4, line);
    rejects.set_number(5, from.number<uint64_t>());
    const std::string_view raw = from.text();
    if (tables().keep_raw) rejects.set_bytes(6, raw);
    rejects.set_bytes(7, status == RejectStatus::open ? "open" : "fixed");
    rejects.end_row();
    const auto count = from.number<uint32_t>();
    for (uint32_t ordinal = 1; ordinal <= count; ++ordinal) {
        errors.start_row();
        errors.set_number(1, reject_id);
        errors.set(2, Int32GetDatum(static_cast<int32>(ordinal)));
        const auto column = from.number<int>();
        if (column >= 0) errors.set(3, Int32GetDatum(column + 1));
        errors.set_bytes(7, class_name(from.number<ErrorClass>()));
        const auto has_value = from.number<bool>();
        const std::string_view value = from.text();
        if (has_value) errors.set_bytes(6, value);
        for (const int attribute : {4, 5, 8, 9, 10, 11}) errors.set_text(attribute, from.text());
        errors.end_row();
    }
}

}  // namespace ferry
