// Implements result_set.hpp.
#include "server/result_set.hpp"

namespace ferry {
namespace {

HeapTuple build_tuple(AttInMetadata *input, const std::vector<std::optional<std::string>> &cells) {
    std::vector<char *> values;
    for (const auto &cell : cells) values.push_back(cell ? const_cast<char *>(cell->c_str()) : nullptr);
    char **const array = values.data();
    return pg_call([&] { return BuildTupleFromCStrings(input, array); });
}

}  // namespace

ResultSet::ResultSet(FunctionCallInfo fcinfo) : info_(reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo)) {
    input_ = pg_call([&] {
        InitMaterializedSRF(fcinfo, 0);
        return TupleDescGetAttInMetadata(info_->setDesc);
    });
}

void ResultSet::add(const std::vector<std::optional<std::string>> &cells) {
    row_.reset();
    const ContextSwitch into(row_.get());
    HeapTuple tuple = build_tuple(input_, cells);
    pg_call([&] { tuplestore_puttuple(info_->setResult, tuple); });
}

ValueSet::ValueSet(FunctionCallInfo fcinfo, Oid type)
    : info_(reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo)) {
    pg_call([&] {
        InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
        Oid function;
        getTypeInputInfo(type, &function, &parameter_);
        input_ = static_cast<FmgrInfo *>(palloc(sizeof(FmgrInfo)));
        fmgr_info(function, input_);
        composite_ = get_typtype(type) == TYPTYPE_COMPOSITE;
    });
}

void ValueSet::add(std::string_view text) {
    value_.reset();
    const ContextSwitch into(value_.get());
    pg_call([&] {
        Datum value = InputFunctionCall(input_, pnstrdup(text.data(), text.size()), parameter_, -1);
        bool null = false;
        if (!composite_) {
            tuplestore_putvalues(info_->setResult, info_->setDesc, &value, &null);
            return;
        }
        const HeapTupleHeader header = DatumGetHeapTupleHeader(value);
        HeapTupleData tuple{};
        tuple.t_len = HeapTupleHeaderGetDatumLength(header);
        tuple.t_data = header;
        tuplestore_puttuple(info_->setResult, &tuple);
    });
}

Datum row_datum(const char *type, const std::vector<std::optional<std::string>> &cells) {
    AttInMetadata *input = pg_call([&] {
        const Oid oid = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(type),
                                        ObjectIdGetDatum(get_namespace_oid("ferry", false)));
        return TupleDescGetAttInMetadata(lookup_rowtype_tupdesc_copy(oid, -1));
    });
    HeapTuple tuple = build_tuple(input, cells);
    return pg_call([&] { return HeapTupleGetDatum(tuple); });
}

}  // namespace ferry
