// Foreign keys at bulk speed: the parent is asked once per distinct key, in the words and with the row lock
// of the server's own trigger, and the answer holds for every later row, because the lock holds until the
// transaction ends.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "load/key_cache.hpp"
#include "load/reject.hpp"
#include "server/sql.hpp"

namespace ferry {

class ForeignKeys {
  public:
    // True when all foreign keys of the table can be checked here: neither deferrable, nor MATCH FULL, nor on
    // the table itself, nor towards a partitioned table, and their triggers are switched on in the ordinary
    // way. If not, rows must go in with their triggers.
    static bool cover(Relation rel);

    // Prepares one question per foreign key, in the current memory context. `rel` outlives this object.
    explicit ForeignKeys(Relation rel);
    // Whether parents that were found are kept from going away. Without locks it works on a standby, and an
    // answer is what it was when it was given.
    enum class Lock : uint8_t { key_share, none };
    // The same for these constraints alone, in their order.
    ForeignKeys(Relation rel, std::span<const Oid> constraints, Lock lock = Lock::key_share);
    ~ForeignKeys();
    ForeignKeys(const ForeignKeys &) = delete;
    ForeignKeys &operator=(const ForeignKeys &) = delete;

    bool empty() const noexcept { return keys_.empty(); }
    // Appends one error per row and key whose parent row does not exist. Keys with a NULL need none (MATCH
    // SIMPLE). The rows are looked at through their slots' values.
    void check(std::span<TupleTableSlot *const> slots, std::vector<RowError> &errors);

    // A row, as a position in the span, and a key whose parent it lacks.
    struct Missing {
        uint32_t row;
        size_t key;
    };
    // The same without words, for parents that may come any time: what was missing is asked for again. Valid
    // until the next question.
    std::span<const Missing> missing_now(std::span<TupleTableSlot *const> slots);
    RowError describe(const Missing &missing, TupleTableSlot *slot);

    // Forgets what was learned since the last settle(): the subtransaction that held those locks was rolled
    // back.
    void forget();
    // What was learned so far stands under locks that stay. A missing parent may be committed by somebody
    // else at any time, so that answer is forgotten.
    void settle();

  private:
    struct Key {
        std::string name;  // of the constraint
        Oid parent, parent_owner;
        std::string parent_name, columns;  // as the server's messages write them
        std::vector<AttrNumber> numbers;   // attributes of this table
        std::vector<Oid> types;
        std::vector<int16> lengths;
        std::vector<bool> by_value;
        std::vector<Oid> outputs;              // the types' output functions
        std::string type_name, message, hint;  // of its errors; the message up to the values
        KeptPlan plan;
        std::string plan_key;  // what it is known by among the idle ones
        KeyCache known;
        bool flat() const { return numbers.size() == 1 && by_value[0]; }
    };
    struct Question {
        size_t key;  // in keys_
        TupleTableSlot *slot;
        bool answer;
    };

    static void prepare(Key &key, const char *question);
    void add_key(const ForeignKeyCacheInfo *info, Lock lock = Lock::key_share);
    KeyState *find(Key &key, TupleTableSlot *slot);
    static std::string image_of(const Key &key, TupleTableSlot *slot);
    void check_key(size_t k, std::span<TupleTableSlot *const> slots);
    void find_missing(std::span<TupleTableSlot *const> slots);
    void ask();
    KeyState &state_of(const std::pair<size_t, std::string> &recent);
    void word_errors(Key &key) const;

    Relation rel_;
    std::vector<Key> keys_;
    ScopedContext words_{"ferry foreign key errors"};
    std::vector<Question> questions_;
    std::vector<Missing> missing_;  // before the answers: all whose key was not known to be present
    // Images of the keys learned since the last settle(), by the key they belong to.
    std::vector<std::pair<size_t, std::string>> recent_;
    std::vector<std::pair<size_t, std::string>> absent_;  // of those, the missing ones
};

}  // namespace ferry
