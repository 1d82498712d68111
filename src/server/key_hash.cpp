// Implements key_hash.hpp with the hash functions of the types' default operator classes.
#include "server/key_hash.hpp"

namespace ferry {

KeyHash::KeyHash(Relation rel, std::span<const AttrNumber> columns) {
    for (const AttrNumber number : columns) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), number - 1);
        FmgrInfo *const function = pg_call([&]() -> FmgrInfo * {
            const TypeCacheEntry *type = lookup_type_cache(attribute->atttypid, TYPECACHE_HASH_EXTENDED_PROC);
            if (!OidIsValid(type->hash_extended_proc)) return nullptr;
            auto *found = static_cast<FmgrInfo *>(palloc0(sizeof(FmgrInfo)));
            fmgr_info(type->hash_extended_proc, found);
            return found;
        });
        columns_.push_back({number - 1, attribute->attcollation, function});
    }
}

std::vector<std::optional<uint64_t>> KeyHash::of(std::span<TupleTableSlot *const> rows) const {
    std::vector<std::optional<uint64_t>> hashes(rows.size(), 0);
    std::optional<uint64_t> *hash = hashes.data();
    pg_call([&] {
        for (TupleTableSlot *row : rows) {
            for (const Column &column : columns_) {
                if (row->tts_isnull[column.attribute]) hash->reset();
                if (!hash->has_value()) break;
                // Each column's hash begins where the one before ended.
                if (column.function != nullptr)
                    *hash = DatumGetUInt64(FunctionCall2Coll(column.function, column.collation,
                                                             row->tts_values[column.attribute],
                                                             UInt64GetDatum(**hash)));
            }
            ++hash;
        }
    });
    return hashes;
}

}  // namespace ferry
