// Implements self_keys.hpp: the table is asked as for every foreign key, the rows that go along are found by
// the hashes of their keys. Whatever is judged wrongly here, the server's own triggers have the last word.
#include "load/self_keys.hpp"

#include <algorithm>

namespace ferry {
namespace {

// True when the constraint's trigger fires here and now. A partitioned table may have none of its own.
bool is_checked(Relation rel, Oid constraint) {
    const TriggerDesc *triggers = rel->trigdesc;
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; ++i) {
        const Trigger &trigger = triggers->triggers[i];
        if (trigger.tgconstraint == constraint && RI_FKey_trigger_type(trigger.tgfoid) == RI_TRIGGER_FK)
            return trigger.tgenabled == TRIGGER_FIRES_ON_ORIGIN || trigger.tgenabled == TRIGGER_FIRES_ALWAYS;
    }
    return rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
}

struct Deferral {
    bool can_be, is;
};
Deferral deferral_of(Oid constraint) {
    HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
    if (!HeapTupleIsValid(tuple)) return {true, true};
    const auto *facts = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
    const Deferral deferral{facts->condeferrable, facts->condeferred};
    ReleaseSysCache(tuple);
    return deferral;
}

struct Columns {
    std::vector<AttrNumber> own, parent;
};

// A constraint's columns on both sides, as attributes of this table.
Columns find_columns(Relation rel, Oid constraint) {
    struct Found {
        int count;
        AttrNumber own[INDEX_MAX_KEYS], parent[INDEX_MAX_KEYS];
    };
    const Found found = pg_call([&] {
        Found columns{};
        ListCell *cell;
        foreach (cell, RelationGetFKeyList(rel)) {
            const auto *info = static_cast<ForeignKeyCacheInfo *>(lfirst(cell));
            if (info->conoid != constraint) continue;
            columns.count = info->nkeys;
            for (int i = 0; i < info->nkeys; ++i) {
                columns.parent[i] = info->conkey[i];
                columns.own[i] =
                    get_attnum(RelationGetRelid(rel), get_attname(info->confrelid, info->confkey[i], false));
            }
        }
        return columns;
    });
    return {{found.own, found.own + found.count}, {found.parent, found.parent + found.count}};
}

uint64_t hash_or_none(const std::optional<uint64_t> &hash) {
    return hash ? std::max<uint64_t>(*hash, 1) : 0;
}

}  // namespace

std::vector<Oid> SelfKeys::find(Relation rel, bool deferred) {
    if (SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA) return {};
    List *const found = pg_call([&] {
        List *constraints = NIL;
        List *family = list_make1_oid(RelationGetRelid(rel));
        if (rel->rd_rel->relispartition)
            family = list_concat(family, get_partition_ancestors(RelationGetRelid(rel)));
        ListCell *cell;
        foreach (cell, RelationGetFKeyList(rel)) {
            const auto *info = static_cast<ForeignKeyCacheInfo *>(lfirst(cell));
            if (list_member_oid(family, info->confrelid) && is_checked(rel, info->conoid) &&
                (deferred || !deferral_of(info->conoid).is))
                constraints = lappend_oid(constraints, info->conoid);
        }
        return constraints;
    });
    std::vector<Oid> constraints;
    ListCell *cell;
    foreach (cell, found) constraints.push_back(lfirst_oid(cell));
    return constraints;
}

bool SelfKeys::any_deferrable(std::span<const Oid> constraints) {
    return pg_call([&] {
        bool any = false;
        for (const Oid constraint : constraints) any = any || deferral_of(constraint).can_be;
        return any;
    });
}

SelfKeys::SelfKeys(Relation rel, std::span<const Oid> constraints, bool in_order)
    : keys_(rel, constraints),
      in_order_(in_order),
      waiting_keys_(constraints.size()),
      kin_(constraints.size()),
      owners_(constraints.size()) {
    for (const Oid constraint : constraints) {
        const Columns columns = find_columns(rel, constraint);
        own_.emplace_back(rel, columns.own);
        parent_.emplace_back(rel, columns.parent);
    }
}

void SelfKeys::look_at(std::span<TupleTableSlot *const> slots, std::span<const uint32_t> rows) {
    chosen_.clear();
    for (const uint32_t row : rows) chosen_.push_back(slots[row]);
    left_out_.assign(rows.size(), false);
    missing_ = keys_.missing_now(chosen_);
    for (size_t key = 0; key < own_.size(); ++key) {
        const auto own = own_[key].of(chosen_), parent = parent_[key].of(chosen_);
        kin_[key].clear();
        for (size_t i = 0; i < rows.size(); ++i)
            kin_[key].push_back({hash_or_none(own[i]), hash_or_none(parent[i])});
    }
    find_owners();
}

// Which rows have a key that others miss.
void SelfKeys::find_owners() {
    for (auto &owners : owners_) owners.clear();
    for (const Missing &item : missing_) owners_[item.key].try_emplace(kin_[item.key][item.row].parent);
    for (size_t key = 0; key < owners_.size(); ++key) {
        for (uint32_t i = 0; i < chosen_.size() && !owners_[key].empty(); ++i) {
            const auto missed = owners_[key].find(kin_[key][i].own);
            if (missed != owners_[key].end()) missed->second.push_back(i);
        }
    }
}

bool SelfKeys::comes_along(const Missing &missing) const {
    return std::ranges::any_of(owners_[missing.key].at(kin_[missing.key][missing.row].parent),
                               [&](uint32_t owner) { return !left_out_[owner]; });
}

// Leaves out what lacks a parent until nothing more does: what stays is the largest set of rows that stands
// by itself. True when there was any.
bool SelfKeys::leave_out_orphans() {
    bool any = false;
    for (bool changed = true; changed;) {
        changed = false;
        for (const Missing &item : missing_) {
            if (left_out_[item.row] || comes_along(item)) continue;
            left_out_[item.row] = changed = any = true;
        }
    }
    return any;
}

// The same for rows behind one of their key that waits.
bool SelfKeys::leave_out_twins() {
    bool any = false;
    for (size_t key = 0; key < kin_.size(); ++key) {
        for (size_t i = 0; i < chosen_.size(); ++i) {
            const uint64_t own = kin_[key][i].own;
            if (own == 0) continue;
            if (left_out_[i])
                waiting_keys_[key].insert(own);
            else if (waiting_keys_[key].contains(own))
                left_out_[i] = any = true;
        }
    }
    return any;
}

void SelfKeys::remove_left_out(std::vector<uint32_t> &rows) const {
    size_t kept = 0;
    for (size_t i = 0; i < rows.size(); ++i)
        if (!left_out_[i]) rows[kept++] = rows[i];
    rows.resize(kept);
}

void SelfKeys::sort_out(std::span<TupleTableSlot *const> slots, std::vector<uint32_t> &rows,
                        std::vector<Waiting> &waiting) {
    look_at(slots, rows);
    leave_out_orphans();
    while (in_order_ && leave_out_twins()) leave_out_orphans();
    for (size_t i = 0; i < rows.size(); ++i) {
        if (!left_out_[i]) continue;
        waiting.push_back({rows[i], {}});
        for (const auto &kin : kin_) waiting.back().kin.push_back(kin[i]);
    }
    remove_left_out(rows);
}

void SelfKeys::refuse(std::span<TupleTableSlot *const> slots, std::vector<uint32_t> &rows,
                      std::vector<RowError> &errors) {
    look_at(slots, rows);
    leave_out_orphans();
    for (const Missing &item : missing_) {
        if (!left_out_[item.row] || comes_along(item)) continue;
        errors.push_back(keys_.describe(item, chosen_[item.row]));
        errors.back().row = rows[item.row];
    }
    remove_left_out(rows);
}

}  // namespace ferry
