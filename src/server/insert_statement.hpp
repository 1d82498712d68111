// An INSERT that takes its rows from a batch of slots: many rows in one statement, so that triggers,
// partitions, foreign servers and row-level security act as always, with the fate of every row told.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/key_hash.hpp"
#include "server/sql.hpp"

namespace ferry {

class InsertStatement {
  public:
    enum class Fate : uint8_t {
        inserted,
        updated,     // by ON CONFLICT DO UPDATE
        conflicted,  // another row was in its way and it was left alone: ON CONFLICT
        kept_out,    // by a trigger, without an error; on a foreign server by whatever it was
    };

    // What is to be done with a row that meets a conflict: the clause as SQL writes it, or nothing. For DO
    // UPDATE `key` is what it goes by: one statement may not touch a row twice.
    struct OnConflict {
        std::string clause;
        std::vector<AttrNumber> key = {};
    };

    // Prepares INSERT INTO rel (`columns`) SELECT … `on_conflict`. Values for GENERATED ALWAYS identities are
    // taken as they are, as COPY does; columns without a value take their defaults. `returned` are the
    // attributes that run() brings back as they were stored, which asks for the right to read them. `rel`
    // outlives this object.
    InsertStatement(Relation rel, std::span<const AttrNumber> columns, const OnConflict &on_conflict,
                    std::vector<AttrNumber> returned = {});
    InsertStatement(const InsertStatement &) = delete;
    InsertStatement &operator=(const InsertStatement &) = delete;

    // Inserts these rows in their order with the current user's rights, as one statement where no key comes
    // twice; fates[i] is that of rows[i]. Raises what the server raises. Raises 02000 when some rows were
    // kept out and it cannot be told which, or why: never for a single row, so send them one by one then.
    void run(std::span<TupleTableSlot *const> rows, std::span<Fate> fates);
    // Puts what was returned since the last call into the slots' values, where it lives until forget(); not
    // before it is sure that the rows need not be sent again.
    void deliver();
    // The runs since the last deliver() were rolled back.
    void discard() noexcept { returns_.clear(); }
    void forget() noexcept {
        discard();
        values_.reset();
    }

  private:
    struct Counts {
        uint64_t stored, conflicts;
    };
    // A value on its way back to its slot.
    struct Return {
        TupleTableSlot *slot;
        int attribute;  // 0-based
        bool null;
        Datum value;
    };
    struct Listener;
    static bool hear(TupleTableSlot *slot, DestReceiver *self);
    void run_once(std::span<TupleTableSlot *const> rows, std::span<Fate> fates);
    Counts execute(std::span<TupleTableSlot *const> rows, Fate *fates);

    Relation rel_;
    std::vector<AttrNumber> returned_;
    std::string text_;
    bool told_;                   // the statement tells of each row as it goes in
    bool skips_;                  // ON CONFLICT DO NOTHING
    std::optional<KeyHash> key_;  // ON CONFLICT DO UPDATE: of the key
    KeptPlan plan_;
    std::vector<Return> returns_;
    ScopedContext values_{"ferry returned values"};
};

}  // namespace ferry
