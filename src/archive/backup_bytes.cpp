// Implements backup_bytes.hpp. A part is reached through its manifest alone: a caller gives numbers, never
// names.
#include "archive/backup_bytes.hpp"

#include <algorithm>
#include <set>

#include "archive/origin.hpp"
#include "archive/parts_source.hpp"
#include "server/compat.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// Read between two looks for a cancel.
constexpr uint64_t piece_size = uint64_t{1} << 20U;

[[noreturn]] void refuse(const Manifest &manifest, const char *hint) {
    fail(
        {Code::no_privilege, "permission denied for backup " + std::to_string(manifest.backup_id), "", hint});
}

std::set<std::string> columns_of(Relation rel) {
    std::set<std::string> names;
    for (int i = 0; i < RelationGetDescr(rel)->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), i);
        if (!attribute->attisdropped) names.emplace(NameStr(attribute->attname));
    }
    return names;
}

// All parts have the columns of the first.
bool shows_lost_column(const Manifest &manifest, Relation rel) {
    const std::set<std::string> columns = columns_of(rel);
    const OpenPart part(manifest.file);
    return std::ranges::any_of(part.schema.top().fields, [&](const avro::SchemaField &field) {
        return !columns.contains(avro::column_name(field));
    });
}

}  // namespace

void require_reader_of_bytes(const Manifest &manifest) {
    if (may_read_files()) return;
    const Oid origin = find_origin(manifest);
    if (!OidIsValid(origin))
        refuse(manifest, "Without its table only members of pg_read_server_files may read it.");
    if (pg_call([&] { return compat::owns_table(origin, GetUserId()); })) return;
    Relation rel = open_table(origin, AccessShareLock);
    require_rights(rel, ACL_SELECT);
    require_any_insert(rel);
    if (row_security_applies(rel))
        refuse(manifest, "Row-level security of its table applies to you, and the file has all rows.");
    if (shows_lost_column(manifest, rel))
        refuse(manifest,
               "It has a column that its table has lost: only the table's owner and members of "
               "pg_read_server_files may read it.");
    close_table(rel);
}

const bytea *read_part(const ManifestPart &part, uint64_t start, uint64_t length) {
    InputFile file(Place::backups, part.file);
    start = std::min(start, file.size());
    const uint64_t left = file.size() - start;
    const size_t size = std::min({length, left, largest_read});
    bytea *const value = pg_call([&] { return static_cast<bytea *>(palloc(size + VARHDRSZ)); });
    file.seek(start);
    size_t done = 0;
    while (done < size) {
        check_interrupts();
        const size_t n = file.read(VARDATA(value) + done, std::min<size_t>(size - done, piece_size));
        if (n == 0) break;  // cut off by somebody meanwhile
        done += n;
    }
    SET_VARSIZE(value, done + VARHDRSZ);
    return value;
}

}  // namespace ferry
