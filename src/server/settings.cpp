// Implements settings.hpp. Boot values are literals, so nothing is allocated before the server asks.
#include "server/settings.hpp"

#include "server/boundary.hpp"

namespace ferry::settings {
namespace {

char *directory_setting = nullptr;
int batch_limit_setting = 1000;
int idempotency_lifetime_setting = 86400;
bool log_raw_rows_setting = true;
bool log_values_setting = true;

}  // namespace

void define() {
    DefineCustomIntVariable(
        "ferry.batch_limit", "Sets the most rows that one call of insert_batch or insert_batches takes.",
        nullptr, &batch_limit_setting, 1000, 1, 1000000, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("ferry.directory",
                               "Sets the folder on the server that holds inbox and backups.",
                               "A relative path is under the data directory.", &directory_setting, "pg_ferry",
                               PGC_SUSET, GUC_SUPERUSER_ONLY, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("ferry.idempotency_lifetime",
                            "Sets how long the answer to a request with an idempotency key is kept.", nullptr,
                            &idempotency_lifetime_setting, 86400, 1, INT_MAX, PGC_SUSET, GUC_UNIT_S, nullptr,
                            nullptr, nullptr);
    DefineCustomBoolVariable("ferry.log_raw_rows", "Keeps every rejected row whole in the reject log.",
                             "When off, only the errors are kept.", &log_raw_rows_setting, true, PGC_SUSET, 0,
                             nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("ferry.log_values", "Quotes the values of rejected rows in the reject log.",
                             "When off, errors are told without them.", &log_values_setting, true, PGC_SUSET,
                             0, nullptr, nullptr, nullptr);
    MarkGUCPrefixReserved("ferry");
}

std::string directory() {
    std::string path = directory_setting;
    if (path.empty()) path = "pg_ferry";
    if (!is_absolute_path(path.c_str())) path = std::string(DataDir) + "/" + path;
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
}

int batch_limit() {
    return batch_limit_setting;
}

int idempotency_lifetime() {
    return idempotency_lifetime_setting;
}

bool log_raw_rows() {
    return log_raw_rows_setting;
}

bool log_values() {
    return log_values_setting;
}

}  // namespace ferry::settings
