// Implements cursor.hpp. Large values stay where they are until they are asked for.
#include "server/cursor.hpp"

namespace ferry {

Cursor::Cursor(const std::string &sql, std::span<const SqlArgument> arguments) {
    const char *const text = sql.c_str();
    portal_ = pg_call([&] {
        const MemoryContext context = CurrentMemoryContext;
        const size_t count = arguments.size();
        auto *types = static_cast<Oid *>(palloc((count + 1) * sizeof(Oid)));
        auto *values = static_cast<Datum *>(palloc((count + 1) * sizeof(Datum)));
        auto *nulls = static_cast<char *>(palloc(count + 1));
        for (size_t i = 0; i < count; ++i) {
            types[i] = arguments[i].type;
            values[i] = arguments[i].value;
            nulls[i] = arguments[i].null ? 'n' : ' ';
        }
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
        Portal portal = SPI_cursor_open_with_args(nullptr, text, static_cast<int>(count), types, values,
                                                  nulls, false, CURSOR_OPT_NO_SCROLL);
        descriptor_ = portal->tupDesc;
        const char *name = MemoryContextStrdup(context, portal->name);
        SPI_finish();
        return name;
    });
}

bool Cursor::next() {
    values_.reset();
    if (++at_ >= count_) fetch();
    return at_ < count_;
}

void Cursor::fetch() {
    fetched_.reset();
    const char *const name = portal_.c_str();
    pg_call([&] {
        CHECK_FOR_INTERRUPTS();
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
        Portal portal = SPI_cursor_find(name);
        if (portal == nullptr) elog(ERROR, "cursor \"%s\" is gone", name);
        SPI_cursor_fetch(portal, true, static_cast<long>(rows_at_once));
        count_ = SPI_processed;
        const MemoryContext before = MemoryContextSwitchTo(fetched_.get());
        for (size_t i = 0; i < count_; ++i) tuples_[i] = heap_copytuple(SPI_tuptable->vals[i]);
        MemoryContextSwitchTo(before);
        SPI_finish();
    });
    at_ = 0;
}

Datum Cursor::value(int column, bool &null) {
    return heap_getattr(tuples_[at_], column + 1, descriptor_, &null);
}

bool Cursor::null(int column) {
    bool null;
    value(column, null);
    return null;
}

int64_t Cursor::number(int column) {
    bool null;
    const Datum datum = value(column, null);
    return null ? 0 : DatumGetInt64(datum);
}

std::string_view Cursor::bytes(int column) {
    bool null;
    const Datum datum = value(column, null);
    if (null) return {};
    const ContextSwitch into(values_.get());
    const struct varlena *plain = pg_call([&] { return PG_DETOAST_DATUM_PACKED(datum); });
    return {VARDATA_ANY(plain), static_cast<size_t>(VARSIZE_ANY_EXHDR(plain))};
}

void Cursor::close() {
    const char *const name = portal_.c_str();
    pg_call([&] {
        Portal portal = SPI_cursor_find(name);
        if (portal != nullptr) SPI_cursor_close(portal);
    });
}

}  // namespace ferry
