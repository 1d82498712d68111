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
    pg_call([] {
        CommandCounterIncrement();
        PushActiveSnapshot(GetLatestSnapshot());
    });
    OutputSettings settings;
    const auto scan = scan_rows(rel, table, GetActiveSnapshot());
    while (const size_t rows = scan->next())
        for (size_t i = 0; i < rows; ++i) hash.add(scan->row(i));
    scan->finish();
    settings.restore();
    pg_call([] { PopActiveSnapshot(); });
    close_table(rel);
    return hash.text();
}

}  // namespace ferry
