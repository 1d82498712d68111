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
    HeapTuple tuple = build_tuple(input_, cells);
    pg_call([&] {
        tuplestore_puttuple(info_->setResult, tuple);
        heap_freetuple(tuple);
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
