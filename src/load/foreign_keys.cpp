// Implements foreign_keys.hpp after RI_FKey_check (PostgreSQL: src/backend/utils/adt/ri_triggers.c): the same
// query, run as the parent's owner, with the same snapshot rules.
#include "load/foreign_keys.hpp"

#include <cstring>
#include <map>
#include <new>

#include "server/relation.hpp"

namespace ferry {
namespace {

// A cache larger than this is begun anew: asking again is right, only slower.
constexpr size_t most_known_keys = size_t{1} << 20U;

bool is_key_trigger(Oid function) {
    return RI_FKey_trigger_type(function) == RI_TRIGGER_FK;
}

// The server quotes names in its own messages without schema; so do we.
std::string bare_name(Oid relid) {
    const char *name = pg_call([&] { return get_rel_name(relid); });
    return name != nullptr ? name : std::to_string(relid);
}

// Text of the question, in the current memory context.
char *build_question(const ForeignKeyCacheInfo *info, ForeignKeys::Lock lock) {
    StringInfoData text;
    initStringInfo(&text);
    const bool partitioned = get_rel_relkind(info->confrelid) == RELKIND_PARTITIONED_TABLE;
    appendStringInfo(&text, "SELECT 1 FROM %s%s x", partitioned ? "" : "ONLY ",
                     quote_qualified_identifier(get_namespace_name(get_rel_namespace(info->confrelid)),
                                                get_rel_name(info->confrelid)));
    for (int i = 0; i < info->nkeys; ++i) {
        appendStringInfoString(&text, i == 0 ? " WHERE " : " AND ");
        generate_operator_clause(&text,
                                 quote_identifier(get_attname(info->confrelid, info->confkey[i], false)),
                                 get_atttype(info->confrelid, info->confkey[i]), info->conpfeqop[i],
                                 psprintf("$%d", i + 1), get_atttype(info->conrelid, info->conkey[i]));
    }
    if (lock == ForeignKeys::Lock::key_share) appendStringInfoString(&text, " FOR KEY SHARE OF x");
    return text.data;
}

struct AsOwner {
    Oid user;
    int context;
};
AsOwner become(Oid owner) {
    AsOwner before;
    GetUserIdAndSecContext(&before.user, &before.context);
    SetUserIdAndSecContext(owner, before.context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
    return before;
}
void come_back(const AsOwner &before) {
    SetUserIdAndSecContext(before.user, before.context);
}

// Plans of questions that nobody asks at the moment: a session that sends row after row asks the same ones
// again. They are never destroyed, because the server is gone when statics are.
constexpr size_t most_idle = 64;
std::map<std::string, KeptPlan> &idle_plans() {
    static auto *const plans = new std::map<std::string, KeptPlan>;
    return *plans;
}

KeptPlan take_idle(const std::string &key) {
    const auto found = idle_plans().find(key);
    if (found == idle_plans().end()) return {};
    KeptPlan plan = std::move(found->second);
    idle_plans().erase(found);
    return plan;
}

// What finds no room is freed.
void put_by(std::string key, KeptPlan plan) noexcept {
    if (plan.get() == nullptr || idle_plans().size() >= most_idle) return;
    try {
        idle_plans().try_emplace(std::move(key), std::move(plan));
    } catch (const std::bad_alloc &) {
    }
}

}  // namespace

bool ForeignKeys::cover(Relation rel) {
    return pg_call([&] {
        if (SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA) return false;
        ListCell *cell;
        foreach (cell, RelationGetFKeyList(rel)) {
            const auto *info = static_cast<ForeignKeyCacheInfo *>(lfirst(cell));
            HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(info->conoid));
            if (!HeapTupleIsValid(tuple)) return false;
            const auto *constraint = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
            const bool usual = !constraint->condeferrable &&
                               constraint->confmatchtype == FKCONSTR_MATCH_SIMPLE &&
                               info->confrelid != RelationGetRelid(rel) &&
                               get_rel_relkind(info->confrelid) == RELKIND_RELATION;
            ReleaseSysCache(tuple);
            if (!usual) return false;
        }
        const TriggerDesc *triggers = rel->trigdesc;
        for (int i = 0; triggers != nullptr && i < triggers->numtriggers; ++i) {
            const Trigger &trigger = triggers->triggers[i];
            if (is_key_trigger(trigger.tgfoid) && trigger.tgenabled != TRIGGER_FIRES_ON_ORIGIN) return false;
        }
        return true;
    });
}

ForeignKeys::ForeignKeys(Relation rel) : rel_(rel) {
    List *list = pg_call([&] { return static_cast<List *>(copyObjectImpl(RelationGetFKeyList(rel))); });
    ListCell *cell;
    foreach (cell, list) add_key(static_cast<ForeignKeyCacheInfo *>(lfirst(cell)));
}

ForeignKeys::ForeignKeys(Relation rel, std::span<const Oid> constraints, Lock lock) : rel_(rel) {
    List *list = pg_call([&] { return static_cast<List *>(copyObjectImpl(RelationGetFKeyList(rel))); });
    for (const Oid constraint : constraints) {
        ListCell *cell;
        foreach (cell, list) {
            const auto *info = static_cast<ForeignKeyCacheInfo *>(lfirst(cell));
            if (info->conoid == constraint) add_key(info, lock);
        }
    }
}

void ForeignKeys::add_key(const ForeignKeyCacheInfo *info, Lock lock) {
    Key key;
    const char *name = pg_call([&] { return get_constraint_name(info->conoid); });
    key.name = name != nullptr ? name : "";
    key.parent = info->confrelid;
    key.parent_name = bare_name(key.parent);
    for (int i = 0; i < info->nkeys; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel_), info->conkey[i] - 1);
        key.columns += (i == 0 ? "" : ", ") + std::string(NameStr(attribute->attname));
        key.numbers.push_back(info->conkey[i]);
        key.types.push_back(attribute->atttypid);
        key.lengths.push_back(attribute->attlen);
        key.by_value.push_back(attribute->attbyval);
    }
    const char *const question = pg_call([&] {
        Relation parent =
            table_open(info->confrelid, lock == Lock::key_share ? RowShareLock : AccessShareLock);
        key.parent_owner = RelationGetForm(parent)->relowner;
        table_close(parent, NoLock);
        return static_cast<const char *>(build_question(info, lock));
    });
    key.plan_key = std::to_string(key.parent_owner) + " " + question;
    for (const Oid type : key.types) key.plan_key += " " + std::to_string(type);
    key.plan = take_idle(key.plan_key);
    if (key.plan.get() == nullptr) prepare(key, question);
    word_errors(key);
    keys_.push_back(std::move(key));
}

void ForeignKeys::prepare(Key &key, const char *question) {
    const int count = static_cast<int>(key.types.size());
    Oid *const types = key.types.data();
    pg_call([&] {
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
        const AsOwner before = become(key.parent_owner);
        SPIPlanPtr plan = SPI_prepare(question, count, types);
        if (plan == nullptr) elog(ERROR, "SPI_prepare: %s", SPI_result_code_string(SPI_result));
        come_back(before);
        SPI_keepplan(plan);
        key.plan.set(plan);
        SPI_finish();
    });
}

ForeignKeys::~ForeignKeys() {
    for (Key &key : keys_) put_by(std::move(key.plan_key), std::move(key.plan));
}

// The bytes of the key's values. Equal values of different bytes only cost one question more.
std::string ForeignKeys::image_of(const Key &key, TupleTableSlot *slot) {
    std::string image;
    for (size_t i = 0; i < key.numbers.size(); ++i) {
        const Datum value = slot->tts_values[key.numbers[i] - 1];
        if (key.by_value[i]) {
            image.append(reinterpret_cast<const char *>(&value), sizeof value);
            continue;
        }
        const Size size = datumGetSize(value, false, key.lengths[i]);
        image.append(reinterpret_cast<const char *>(&size), sizeof size);
        image.append(reinterpret_cast<const char *>(DatumGetPointer(value)), size);
    }
    return image;
}

// What is known of the slot's key; null when a part of it is NULL.
KeyState *ForeignKeys::find(Key &key, TupleTableSlot *slot) {
    for (const AttrNumber number : key.numbers)
        if (slot->tts_isnull[number - 1]) return nullptr;
    if (key.flat()) return &key.known.state(uint64_t{slot->tts_values[key.numbers[0] - 1]});
    return &key.known.state(std::string_view(image_of(key, slot)));
}

void ForeignKeys::check_key(size_t k, std::span<TupleTableSlot *const> slots) {
    Key &key = keys_[k];
    for (uint32_t r = 0; r < slots.size(); ++r) {
        KeyState *const state = find(key, slots[r]);
        if (state == nullptr || *state == KeyState::present) continue;
        if (*state == KeyState::unknown) {
            *state = KeyState::asked;
            questions_.push_back({k, slots[r], false});
            recent_.emplace_back(k, image_of(key, slots[r]));
        }
        missing_.push_back({r, k});
    }
}

void ForeignKeys::find_missing(std::span<TupleTableSlot *const> slots) {
    questions_.clear();
    missing_.clear();
    for (size_t k = 0; k < keys_.size(); ++k) check_key(k, slots);
    if (!questions_.empty()) ask();
    std::erase_if(missing_, [&](const Missing &item) {
        return *find(keys_[item.key], slots[item.row]) != KeyState::missing;
    });
}

void ForeignKeys::check(std::span<TupleTableSlot *const> slots, std::vector<RowError> &errors) {
    find_missing(slots);
    for (const Missing &item : missing_) errors.push_back(describe(item, slots[item.row]));
}

std::span<const ForeignKeys::Missing> ForeignKeys::missing_now(std::span<TupleTableSlot *const> slots) {
    for (const auto &absent : absent_) state_of(absent) = KeyState::unknown;
    absent_.clear();
    find_missing(slots);
    for (const Question &question : questions_)
        if (!question.answer)
            absent_.emplace_back(question.key, image_of(keys_[question.key], question.slot));
    return missing_;
}

void ForeignKeys::ask() {
    pg_call([&] {
        if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
        for (Question &question : questions_) {
            CHECK_FOR_INTERRUPTS();
            const Key &key = keys_[question.key];
            Datum values[INDEX_MAX_KEYS];
            for (size_t i = 0; i < key.numbers.size(); ++i)
                values[i] = question.slot->tts_values[key.numbers[i] - 1];
            const AsOwner before = become(key.parent_owner);
            const int code = SPI_execute_snapshot(key.plan.get(), values, nullptr, InvalidSnapshot,
                                                  InvalidSnapshot, false, false, 1);
            come_back(before);
            if (code != SPI_OK_SELECT) elog(ERROR, "SPI_execute_snapshot: %s", SPI_result_code_string(code));
            question.answer = SPI_processed > 0;
            SPI_freetuptable(SPI_tuptable);
        }
        SPI_finish();
    });
    for (const Question &question : questions_)
        *find(keys_[question.key], question.slot) = question.answer ? KeyState::present : KeyState::missing;
}

KeyState &ForeignKeys::state_of(const std::pair<size_t, std::string> &recent) {
    Key &key = keys_[recent.first];
    if (!key.flat()) return key.known.state(std::string_view(recent.second));
    uint64_t value;
    std::memcpy(&value, recent.second.data(), sizeof value);
    return key.known.state(value);
}

void ForeignKeys::forget() {
    for (const auto &recent : recent_) state_of(recent) = KeyState::unknown;
    recent_.clear();
}

void ForeignKeys::settle() {
    for (const auto &recent : recent_) {
        KeyState &state = state_of(recent);
        if (state == KeyState::missing) state = KeyState::unknown;
    }
    recent_.clear();
    for (Key &key : keys_)
        if (key.known.size() > most_known_keys) key.known.clear();
}

// The texts are ri_ReportViolation's.
void ForeignKeys::word_errors(Key &key) const {
    if (key.types.size() == 1) key.type_name = type_text(key.types[0], -1);
    key.message = std::string("insert or update on table \"") + RelationGetRelationName(rel_) +
                  "\" violates foreign key constraint \"" + key.name + "\": Key (" + key.columns + ")=(";
    key.hint = "Add the missing row to table \"" + key.parent_name + "\", then send this row again.";
    for (const Oid type : key.types) {
        key.outputs.push_back(pg_call([&] {
            Oid function;
            bool varlena;
            getTypeOutputInfo(type, &function, &varlena);
            return function;
        }));
    }
}

RowError ForeignKeys::describe(const Missing &missing, TupleTableSlot *slot) {
    words_.reset();
    const ContextSwitch into(words_.get());
    const Key &key = keys_[missing.key];
    RowError error;
    error.row = missing.row;
    error.cls = ErrorClass::foreign_key;
    error.sqlstate = code_info(Code::foreign_key).sqlstate;
    error.constraint = key.name;
    error.column_name = key.columns;
    error.column_type = key.type_name;
    error.hint = key.hint;
    std::string &values = error.value.emplace();
    for (size_t i = 0; i < key.numbers.size(); ++i) {
        const Datum value = slot->tts_values[key.numbers[i] - 1];
        const char *text = pg_call([&] { return OidOutputFunctionCall(key.outputs[i], value); });
        values.append(i == 0 ? "" : ", ").append(text);
    }
    error.message.reserve(key.message.size() + values.size() + key.parent_name.size() + 32);
    error.message.append(key.message).append(values).append(") is not present in table \"");
    error.message.append(key.parent_name).append("\".");
    return error;
}

}  // namespace ferry
