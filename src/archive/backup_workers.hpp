// Several processes at one backup: of one table each takes blocks and writes parts of its own; of many tables
// each takes the next.
#pragma once

#include <span>

#include "archive/part_writer.hpp"
#include "server/boundary.hpp"

namespace ferry {

struct WorkerTable {
    Relation rel;
    const avro::Table *table;
    const PartPlan *plan;
    uint32_t number;  // goes into the facts of its parts
};

// Writes tables that may_share_scan() allows, under the active snapshot, with the help of up to `workers`
// processes, and tells `list` of all parts. The stage that the plans name outlives the call.
void write_with_workers(std::span<const WorkerTable> tables, int workers, PartList &list);

}  // namespace ferry
