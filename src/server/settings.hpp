// The extension's settings (GUCs), all under "ferry.": docs/settings.md explains each to its users.
#pragma once

#include <string>

namespace ferry::settings {

// Registers them; called once from _PG_init.
void define();

// ferry.directory as an absolute path: the folder that holds inbox/ and backups/.
std::string directory();
// ferry.batch_limit: the most rows one insert_batch call takes.
int batch_limit();
int idempotency_lifetime();  // seconds
// ferry.log_raw_rows: whether the reject log keeps whole rows as they came.
bool log_raw_rows();
// ferry.log_values: whether the reject log quotes the values of refused rows.
bool log_values();

}  // namespace ferry::settings
