// Implements arguments.hpp; detoasting happens inside pg_call.
#include "server/arguments.hpp"

namespace ferry {
namespace {

[[noreturn]] void fail_null(const char *name) {
    fail({Code::null_argument, std::string("argument \"") + name + "\" must not be null"});
}

}  // namespace

std::optional<std::string> text_argument(FunctionCallInfo fcinfo, int n) {
    if (PG_ARGISNULL(n)) return std::nullopt;
    const text *value = pg_call([&] { return PG_GETARG_TEXT_PP(n); });
    return std::string(VARDATA_ANY(value), static_cast<size_t>(VARSIZE_ANY_EXHDR(value)));
}

std::optional<std::vector<std::string>> text_array_argument(FunctionCallInfo fcinfo, int n) {
    if (PG_ARGISNULL(n)) return std::nullopt;
    struct Elements {
        Datum *values;
        bool *nulls;
        int count;
    };
    const Elements elements = pg_call([&] {
        Elements found{};
        deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), TEXTOID, -1, false, TYPALIGN_INT, &found.values,
                          &found.nulls, &found.count);
        return found;
    });
    std::vector<std::string> list;
    for (int i = 0; i < elements.count; ++i) {
        if (elements.nulls[i]) fail({Code::null_argument, "array elements must not be null"});
        const text *value = pg_call([&] { return DatumGetTextPP(elements.values[i]); });
        list.emplace_back(VARDATA_ANY(value), static_cast<size_t>(VARSIZE_ANY_EXHDR(value)));
    }
    return list;
}

std::vector<Oid> oid_array_argument(FunctionCallInfo fcinfo, int n) {
    ArrayType *array = pg_call([&] { return PG_GETARG_ARRAYTYPE_P(n); });
    if (array_contains_nulls(array)) fail({Code::null_argument, "array elements must not be null"});
    const int count = pg_call([&] { return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)); });
    const auto *const oids = reinterpret_cast<const Oid *>(ARR_DATA_PTR(array));
    return {oids, oids + count};
}

std::optional<int64_t> bigint_argument(FunctionCallInfo fcinfo, int n) {
    if (PG_ARGISNULL(n)) return std::nullopt;
    return PG_GETARG_INT64(n);
}

std::optional<bool> boolean_argument(FunctionCallInfo fcinfo, int n) {
    if (PG_ARGISNULL(n)) return std::nullopt;
    return PG_GETARG_BOOL(n);
}

Oid require_oid(FunctionCallInfo fcinfo, int n, const char *name) {
    if (PG_ARGISNULL(n)) fail_null(name);
    return PG_GETARG_OID(n);
}

int64_t require_bigint(FunctionCallInfo fcinfo, int n, const char *name) {
    if (PG_ARGISNULL(n)) fail_null(name);
    return PG_GETARG_INT64(n);
}

std::string require_text(FunctionCallInfo fcinfo, int n, const char *name) {
    if (PG_ARGISNULL(n)) fail_null(name);
    return *text_argument(fcinfo, n);
}

std::string_view require_bytes(FunctionCallInfo fcinfo, int n, const char *name) {
    if (PG_ARGISNULL(n)) fail_null(name);
    const bytea *value = pg_call([&] { return PG_GETARG_BYTEA_PP(n); });
    return {VARDATA_ANY(value), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))};
}

Datum text_datum(std::string_view text) {
    return pg_call([&] {
        return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
    });
}

}  // namespace ferry
