// An INSERT that takes its rows from a batch of slots: many rows in one statement, so that triggers,
// partitions, foreign servers and row-level security act as always, with the fate of every row told.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

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

    // Prepares INSERT INTO rel (`columns`) SELECT … `on_conflict`, the clause as SQL writes it or nothing.
    // Values for GENERATED ALWAYS identities are taken as they are, as COPY does; columns without a value
    // take their defaults. `returned` are the attributes that run() brings back as they were stored, which
    // asks for the right to read them. `rel` outlives this object.
    InsertStatement(Relation rel, std::span<const AttrNumber> columns, const std::string &on_conflict,
                    std::vector<AttrNumber> returned = {});
    InsertStatement(const InsertStatement &) = delete;
    InsertStatement &operator=(const InsertStatement &) = delete;

    // Inserts these rows in their order as one statement with the current user's rights; fates[i] is that of
    // rows[i]. What is returned goes into the slots' values and lives until the next run. Raises what the
    // server raises. Raises 02000 when some rows were kept out and it cannot be told which: never for a
    // single row, so send them one by one then.
    void run(std::span<TupleTableSlot *const> rows, std::span<Fate> fates);

  private:
    struct Counts {
        uint64_t stored, conflicts;
    };
    Counts execute(std::span<TupleTableSlot *const> rows, Fate *fates);

    Relation rel_;
    std::vector<AttrNumber> returned_;
    bool told_;   // the statement tells of each row as it goes in
    bool skips_;  // ON CONFLICT DO NOTHING
    KeptPlan plan_;
    ScopedContext values_{"ferry returned values"};
};

}  // namespace ferry
