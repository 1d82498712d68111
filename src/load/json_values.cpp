// Implements json_values.hpp with json_to_record, which shares its making of values with json_populate_record
// (PostgreSQL: src/backend/utils/adt/jsonfuncs.c).
#include "load/json_values.hpp"

namespace ferry {

std::string JsonValues::wrap(std::string_view json) {
    return "{\"v\":" + std::string(json) + "}";
}

void JsonValues::prepare(size_t column, const PlannedColumn &plan) {
    if (plans_.size() <= column) plans_.resize(column + 1);
    if (plans_[column].get() != nullptr) return;
    plans_[column].set(pg_call([&] {
        const char *type = format_type_extended(plan.type, plan.typmod,
                                                FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
        Oid json = JSONOID;
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
        SPIPlanPtr kept =
            SPI_prepare(psprintf("SELECT r.v FROM pg_catalog.json_to_record($1) AS r(v %s)", type), 1, &json);
        if (kept == nullptr) elog(ERROR, "SPI_prepare: %s", SPI_result_code_string(SPI_result));
        SPI_keepplan(kept);
        SPI_finish();
        return kept;
    }));
}

Datum JsonValues::make(size_t column, const char *wrapped, bool &null) const {
    const MemoryContext context = CurrentMemoryContext;
    Datum text = CStringGetTextDatum(wrapped);
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    const int code = SPI_execute_plan(plans_[column].get(), &text, nullptr, true, 1);
    if (code != SPI_OK_SELECT || SPI_processed != 1)
        elog(ERROR, "SPI_execute_plan: %s", SPI_result_code_string(code));
    const FormData_pg_attribute *attribute = TupleDescAttr(SPI_tuptable->tupdesc, 0);
    Datum value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null);
    if (!null) {
        const MemoryContext before = MemoryContextSwitchTo(context);
        value = datumCopy(value, attribute->attbyval, attribute->attlen);
        MemoryContextSwitchTo(before);
    }
    SPI_finish();
    return value;
}

}  // namespace ferry
