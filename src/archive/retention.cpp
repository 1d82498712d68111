// Implements retention.hpp.
#include "archive/retention.hpp"

#include <map>

#include "server/staged_files.hpp"

namespace ferry {

bool may_drop(const Manifest &manifest) {
    const char *const taker = manifest.taken_by.c_str();
    return pg_call([&] {
        if (has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES)) return true;
        const Oid role = get_role_oid(taker, true);
        return OidIsValid(role) && has_privs_of_role(GetUserId(), role);
    });
}

void drop_backup(const Manifest &manifest) {
    if (!may_drop(manifest)) {
        fail({Code::no_privilege, "permission denied for backup " + std::to_string(manifest.backup_id), "",
              "Only superusers, members of pg_write_server_files and of the role that took it may drop a "
              "backup."});
    }
    std::vector<std::string> files;
    for (const ManifestPart &part : manifest.parts) files.push_back(part.file);
    Stage stage(Place::backups);
    stage.remove_file(verdict_name(manifest.file));
    stage.remove(manifest.file, files);
}

std::vector<Manifest> find_expired(int64_t keep_last, int64_t keep_since) {
    const std::string database =
        pg_call([] { return static_cast<const char *>(get_database_name(MyDatabaseId)); });
    std::vector<Manifest> all = list_manifests();
    std::erase_if(all, [&](const Manifest &manifest) { return manifest.database != database; });
    std::map<std::string, int64_t> newer;  // by table
    for (const Manifest &manifest : all) ++newer[manifest.target];
    std::vector<Manifest> expired;
    for (Manifest &manifest : all) {
        const bool among_last = --newer[manifest.target] < keep_last;
        if (!among_last && manifest.backup_id < keep_since && may_drop(manifest))
            expired.push_back(std::move(manifest));
    }
    return expired;
}

}  // namespace ferry
