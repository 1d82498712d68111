// Implements tally.hpp: a hash table of one entry for each year and key, and a journal of what the current
// subtransaction counted.
#include "load/tally.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ferry {
namespace {

// Of about 100 bytes each. A window of input may add some hundred thousand before anybody looks; the function
// is told as many at a time.
constexpr size_t most_entries = 100000;
// Far from where a count would overflow.
constexpr uint64_t most_rows = 1000000000;

// As TriggerEnabled in trigger.c has it.
bool fires(const Trigger &trigger) {
    const char silent = SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA ? TRIGGER_FIRES_ON_ORIGIN
                                                                                   : TRIGGER_FIRES_ON_REPLICA;
    return trigger.tgenabled != silent && trigger.tgenabled != TRIGGER_DISABLED;
}

// AFTER INSERT FOR EACH STATEMENT, and no condition.
bool is_after_insert(const Trigger &trigger) {
    return trigger.tgtype == TRIGGER_TYPE_INSERT && trigger.tgqual == nullptr;
}

// The function of another's name, schema and owner that takes these arguments.
Oid find_namesake(Oid function, Oid owner, const Oid *types, int count) {
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple)) return InvalidOid;
    const auto *facts = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    Oid found = InvalidOid;
    HeapTuple other = nullptr;
    if (facts->proowner == owner)
        other = SearchSysCache3(PROCNAMEARGSNSP, NameGetDatum(&facts->proname),
                                PointerGetDatum(buildoidvector(types, count)),
                                ObjectIdGetDatum(facts->pronamespace));
    if (HeapTupleIsValid(other)) {
        const auto *namesake = reinterpret_cast<Form_pg_proc>(GETSTRUCT(other));
        if (namesake->proowner == owner && namesake->prokind == PROKIND_FUNCTION && !namesake->proretset)
            found = namesake->oid;
        ReleaseSysCache(other);
    }
    ReleaseSysCache(tuple);
    return found;
}

struct Month {
    int year;        // before Christ: negative, as date_part has it
    uint32_t month;  // from 0
};

// As timestamp2tm takes a moment apart in UTC (PostgreSQL: src/backend/utils/adt/timestamp.c).
Month month_of(TimestampTz moment) {
    int64_t day = moment / USECS_PER_DAY;
    if (moment % USECS_PER_DAY < 0) --day;
    int year, month, day_of_month;
    j2date(static_cast<int>(day) + POSTGRES_EPOCH_JDATE, &year, &month, &day_of_month);
    return {year > 0 ? year : year - 1, static_cast<uint32_t>(month - 1)};
}

}  // namespace

std::optional<Tally> Tally::of(Relation rel, const Trigger &trigger) {
    if (!is_after_insert(trigger) || !fires(trigger)) return std::nullopt;
    if (trigger.tgnargs < 2 || std::strcmp(trigger.tgargs[0], "ferry.tally") != 0) return std::nullopt;
    Tally tally;
    tally.trigger_function_ = trigger.tgfoid;
    for (int i = 1; i < trigger.tgnargs; ++i)
        if (!tally.add_column(rel, trigger.tgargs[i])) return std::nullopt;
    if (tally.columns_.front().type != TIMESTAMPTZOID || !tally.find_receiver(rel)) return std::nullopt;
    return tally;
}

bool Tally::add_column(Relation rel, const char *name) {
    TupleDesc descriptor = RelationGetDescr(rel);
    for (int i = 0; i < descriptor->natts && columns_.size() < most_columns; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(descriptor, i);
        if (attribute->attisdropped || std::strcmp(NameStr(attribute->attname), name) != 0) continue;
        columns_.push_back({i, attribute->atttypid});
        return attribute->attnotnull && attribute->attbyval && attribute->attgenerated == '\0';
    }
    return false;
}

bool Tally::find_receiver(Relation rel) {
    const size_t count = columns_.size() + months;
    receiver_ = pg_call([&] {
        Oid types[most_columns + months];
        for (size_t i = 0; i < count; ++i)
            types[i] = i == 0 || i >= columns_.size() ? INT4ARRAYOID : get_array_type(columns_[i].type);
        return find_namesake(trigger_function_, rel->rd_rel->relowner, types, static_cast<int>(count));
    });
    return OidIsValid(receiver_);
}

uint32_t &Tally::slot_of(const Datum *key) {
    uint64_t hash = 0;
    for (size_t i = 0; i < columns_.size(); ++i)
        hash = (std::rotl(hash, 23) ^ uint64_t{key[i]}) * 0x9E3779B97F4A7C15ULL;
    size_t i = static_cast<size_t>(hash >> shift_);
    while (slots_[i] != 0 &&
           !std::equal(key, key + columns_.size(), &keys_[(slots_[i] - 1) * columns_.size()]))
        i = (i + 1) & (slots_.size() - 1);
    return slots_[i];
}

// The hash table is at most half full.
void Tally::grow() {
    slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, 0);
    shift_ = 64U - static_cast<unsigned>(std::countr_zero(slots_.size()));
    for (uint32_t i = 0; i < size(); ++i) slot_of(&keys_[i * columns_.size()]) = i + 1;
}

uint32_t Tally::place_of(const Datum *key) {
    if (size() * 2 >= slots_.size()) grow();
    uint32_t &slot = slot_of(key);
    if (slot == 0) {
        keys_.insert(keys_.end(), key, key + columns_.size());
        counts_.resize(counts_.size() + months);
        slot = static_cast<uint32_t>(size());
    }
    return slot - 1;
}

void Tally::count(const TupleTableSlot *slot) {
    const TimestampTz moment = DatumGetTimestampTz(slot->tts_values[columns_[0].attribute]);
    if (TIMESTAMP_NOT_FINITE(moment)) return;
    const Month when = month_of(moment);
    Datum key[most_columns];
    key[0] = Int32GetDatum(when.year);
    for (size_t i = 1; i < columns_.size(); ++i) key[i] = slot->tts_values[columns_[i].attribute];
    since_.push_back(place_of(key) * uint32_t{months} + when.month);
    ++counts_[since_.back()];
}

void Tally::rolled_back() {
    for (const uint32_t place : since_) --counts_[place];
    since_.clear();
}

bool Tally::is_full() const noexcept {
    return size() >= most_entries || rows_ >= most_rows;
}

Datum Tally::array_of(size_t argument, std::span<const uint32_t> places) const {
    const size_t columns = columns_.size();
    const bool is_key = argument < columns;
    const Oid type = is_key && argument > 0 ? columns_[argument].type : Oid{INT4OID};
    auto *values = static_cast<Datum *>(palloc(places.size() * sizeof(Datum)));
    for (size_t i = 0; i < places.size(); ++i)
        values[i] = is_key ? keys_[places[i] * columns + argument]
                           : Int32GetDatum(counts_[places[i] * months + argument - columns]);
    int16 length;
    bool by_value;
    char alignment;
    get_typlenbyvalalign(type, &length, &by_value, &alignment);
    ArrayType *array =
        construct_array(values, static_cast<int>(places.size()), type, length, by_value, alignment);
    pfree(values);
    return PointerGetDatum(array);
}

void Tally::call(std::span<const uint32_t> places) const {
    const auto arguments = static_cast<short>(columns_.size() + months);
    auto *info = static_cast<FunctionCallInfo>(palloc0(SizeForFunctionCallInfo(arguments)));
    FmgrInfo function;
    fmgr_info(receiver_, &function);
    InitFunctionCallInfoData(*info, &function, arguments, InvalidOid, nullptr, nullptr);
    for (short i = 0; i < arguments; ++i) info->args[i] = {array_of(static_cast<size_t>(i), places), false};
    CommandCounterIncrement();
    FunctionCallInvoke(info);
}

void Tally::deliver() {
    std::vector<uint32_t> places;  // but not of what was taken back altogether
    for (uint32_t i = 0; i < size(); ++i) {
        const auto counts = std::span(counts_).subspan(i * months, months);
        if (std::ranges::any_of(counts, [](int32_t count) { return count != 0; })) places.push_back(i);
    }
    for (size_t first = 0; first < places.size(); first += most_entries) {
        const auto portion = std::span(places).subspan(first, std::min(most_entries, places.size() - first));
        const ScopedContext context("ferry tally");
        const ContextSwitch into(context.get());
        pg_call([&] { call(portion); });
    }
    keys_.clear();
    counts_.clear();
    slots_.clear();
    rows_ = 0;
}

}  // namespace ferry
