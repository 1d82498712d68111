// Implements reject_log.hpp. Rejects are packed with their texts in the form of the server's values, so that
// rows of the log's tables only point into the packed bytes; TableWriter writes them in thousands at a time.
#include "load/reject_log.hpp"

#include <array>
#include <cstring>
#include <vector>

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

struct PackedReject {
    uint64_t record, line, offset;
    RejectStatus status;
    uint32_t errors;
};

struct PackedError {
    int32_t column;
    ErrorClass cls;
    bool has_value;
};

template <typename Head>
void pack_head(std::string &to, const Head &head) {
    to.append(reinterpret_cast<const char *>(&head), sizeof head);
}

// A text or bytea value: a length word, which counts itself, and the bytes, on a boundary of four.
void pack_value(std::string &to, std::string_view bytes) {
    to.resize(TYPEALIGN(sizeof(uint32_t), to.size()));
    uint32_t header;
    SET_VARSIZE(&header, bytes.size() + VARHDRSZ);
    to.append(reinterpret_cast<const char *>(&header), sizeof header);
    to.append(bytes);
}

void pack_error(std::string &to, const RowError &error) {
    pack_head(to, PackedError{error.column, error.cls, error.value.has_value()});
    pack_value(to, error.value ? *error.value : std::string_view());
    for (const std::string_view text :
         {error.column_name, error.column_type, std::string_view(error.sqlstate), error.constraint,
          std::string_view(error.message), error.hint})
        pack_value(to, text);
}

// Reads what was packed, in its order.
class Unpacker {
  public:
    explicit Unpacker(std::string_view packed) : start_(packed.data()), at_(start_ + sizeof(uint32_t)) {}
    template <typename Head>
    Head head() {
        Head head;
        std::memcpy(&head, at_, sizeof head);
        at_ += sizeof head;
        return head;
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

// The two tables of rejects while rows are written to them.
class LogTables {
  public:
    LogTables() : sequence(log_relation("rejects_reject_id_seq")), keep_raw(settings::log_raw_rows()) {
        for (size_t cls = 0; cls < classes.size(); ++cls)
            pack_value(classes[cls], class_name(static_cast<ErrorClass>(cls)));
        pack_value(open, "open");
        pack_value(fixed, "fixed");
    }
    void finish() {
        rejects.finish();
        errors.finish();
    }

    const Oid sequence;
    const bool keep_raw;
    LogTable rejects{"rejects"};
    LogTable errors{"reject_errors"};
    std::array<std::string, static_cast<size_t>(ErrorClass::privilege) + 1> classes;
    std::string open, fixed;
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

void RejectLog::add(const Record &record, std::span<const RowError> errors, std::span<const RowError> repairs,
                    RejectStatus status) {
    if (window_.empty()) pack_head(window_, uint32_t{0});
    const uint32_t count = packed_count(window_) + 1;
    std::memcpy(window_.data(), &count, sizeof count);
    const auto told = static_cast<uint32_t>(errors.size() + repairs.size());
    pack_head(window_, PackedReject{record.number, record.line, record.offset, status, told});
    pack_value(window_, record.raw);
    for (const RowError &error : errors) pack_error(window_, error);
    for (const RowError &repair : repairs) pack_error(window_, repair);
}

size_t RejectLog::keep_window() {
    const size_t bytes = window_.size();
    if (bytes == 0) return 0;
    const ContextSwitch into(context_);
    if (direct_)
        write_packed(window_);
    else
        spill_.append(window_);
    forget_window();
    return bytes;
}

void RejectLog::forget_window() {
    window_.clear();
    if (window_.capacity() > kept_room) window_.shrink_to_fit();
}

void RejectLog::write(const LoadEntry &load) {
    write_load(load);
    std::string packed;
    for (spill_.rewind(); spill_.next(packed);) write_packed(packed);
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

void RejectLog::write_packed(std::string_view packed) {
    LogTables &to = tables();
    Unpacker from(packed);
    to.ids.resize(packed_count(packed));
    pg_call([&] {
        for (uint64_t &id : to.ids) {
            CHECK_FOR_INTERRUPTS();
            id = static_cast<uint64_t>(nextval_internal(to.sequence, false));
        }
    });
    for (const uint64_t id : to.ids) {
        const auto reject = from.head<PackedReject>();
        to.rejects.start_row();
        to.rejects.set_number(1, id);
        to.rejects.set_number(2, static_cast<uint64_t>(load_id_));
        to.rejects.set_number(3, reject.record);
        if (reject.line > 0) to.rejects.set_number(4, reject.line);
        to.rejects.set_number(5, reject.offset);
        const Datum raw = from.value();
        if (to.keep_raw) to.rejects.set(6, raw);
        to.rejects.set(7, PointerGetDatum((reject.status == RejectStatus::open ? to.open : to.fixed).data()));
        to.rejects.end_row();
        for (uint32_t ordinal = 1; ordinal <= reject.errors; ++ordinal) {
            const auto error = from.head<PackedError>();
            to.errors.start_row();
            to.errors.set_number(1, id);
            to.errors.set(2, Int32GetDatum(static_cast<int32>(ordinal)));
            if (error.column >= 0) to.errors.set(3, Int32GetDatum(error.column + 1));
            to.errors.set(7, PointerGetDatum(to.classes[static_cast<size_t>(error.cls)].data()));
            const Datum value = from.value();
            if (error.has_value) to.errors.set(6, value);
            for (const int attribute : {4, 5, 8, 9, 10, 11}) to.errors.set_text(attribute, from.value());
            to.errors.end_row();
        }
    }
    to.rejects.flush();
    to.errors.flush();
}

}  // namespace ferry
