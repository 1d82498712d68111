// Implements sql.hpp. Results are copied out of SPI's memory before it finishes.
#include "server/sql.hpp"

namespace ferry {
namespace {

struct Answer {
    uint64_t processed;
    uint64_t rows;
    int columns;
    char **cells;  // row-major; null for NULL; in the caller's memory context
};

// Copies the tuple table to text cells in `context`.
void copy_cells(Answer &answer, MemoryContext context) {
    const SPITupleTable *table = SPI_tuptable;
    answer.rows = SPI_processed;
    answer.columns = table->tupdesc->natts;
    const size_t count = static_cast<size_t>(answer.rows) * static_cast<size_t>(answer.columns);
    answer.cells = static_cast<char **>(MemoryContextAllocHuge(context, (count + 1) * sizeof(char *)));
    size_t next = 0;
    for (uint64_t row = 0; row < answer.rows; ++row) {
        for (int column = 1; column <= answer.columns; ++column) {
            char *text = SPI_getvalue(table->vals[row], table->tupdesc, column);
            answer.cells[next++] = text != nullptr ? MemoryContextStrdup(context, text) : nullptr;
        }
    }
}

Answer run(const char *sql, std::span<const SqlArgument> arguments, bool want_rows, bool read_only = false) {
    const MemoryContext context = CurrentMemoryContext;
    return pg_call([&] {
        Answer answer{};
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
        const int code =
            SPI_execute_with_args(sql, static_cast<int>(count), types, values, nulls, read_only, 0);
        if (code < 0) elog(ERROR, "SPI_execute_with_args: %s", SPI_result_code_string(code));
        answer.processed = SPI_processed;
        if (want_rows && SPI_tuptable != nullptr) copy_cells(answer, context);
        SPI_finish();
        return answer;
    });
}

}  // namespace

SqlArgument text_argument(std::string_view text) {
    const Datum value = pg_call([&] {
        return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
    });
    return {TEXTOID, value};
}

SqlArgument bigint_argument(int64_t value) {
    return {INT8OID, Int64GetDatum(value)};
}

SqlArgument oid_argument(Oid value) {
    return {OIDOID, ObjectIdGetDatum(value)};
}

SqlArgument oid_array_argument(std::span<const Oid> values) {
    const Datum array = pg_call([&] {
        auto *elements = static_cast<Datum *>(palloc((values.size() + 1) * sizeof(Datum)));
        for (size_t i = 0; i < values.size(); ++i) elements[i] = ObjectIdGetDatum(values[i]);
        return PointerGetDatum(construct_array(elements, static_cast<int>(values.size()), OIDOID, sizeof(Oid),
                                               true, TYPALIGN_INT));
    });
    return {OIDARRAYOID, array};
}

uint64_t execute(const std::string &sql, std::span<const SqlArgument> arguments) {
    return run(sql.c_str(), arguments, false).processed;
}

namespace {

std::vector<TextRow> text_rows(const Answer &answer) {
    std::vector<TextRow> rows(answer.rows);
    char **cell = answer.cells;
    for (TextRow &row : rows) {
        for (int column = 0; column < answer.columns; ++column, ++cell)
            row.push_back(*cell != nullptr ? std::optional<std::string>(*cell) : std::nullopt);
    }
    return rows;
}

}  // namespace

std::vector<TextRow> query(const std::string &sql, std::span<const SqlArgument> arguments) {
    return text_rows(run(sql.c_str(), arguments, true));
}

std::vector<TextRow> query_now(const std::string &sql) {
    return text_rows(run(sql.c_str(), {}, true, true));
}

}  // namespace ferry
