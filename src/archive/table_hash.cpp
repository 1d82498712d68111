// Implements table_hash.hpp.
#include "archive/table_hash.hpp"

#include "archive/row_scan.hpp"
#include "core/content_hash.hpp"
#include "server/relation.hpp"

namespace ferry {

std::string hash_table(Oid target) {
    Relation rel = open_table(target, AccessShareLock);
    const avro::Table table = describe_table(rel);
    ContentHash hash;
    std::vector<Field> row(table.columns.size());
    pg_call([] {
        CommandCounterIncrement();
        PushActiveSnapshot(GetLatestSnapshot());
    });
    OutputSettings settings;
    const auto scan = scan_rows(rel, table, GetActiveSnapshot());
    while (scan->next(row)) hash.add(row);
    scan->finish();
    settings.restore();
    pg_call([] { PopActiveSnapshot(); });
    close_table(rel);
    return hash.text();
}

}  // namespace ferry
