// Rows of JSON for several tables in one request: parents go in before their children, and one answer tells
// of all.
#pragma once

#include <string>

#include "load/json_batch.hpp"

namespace ferry {

// Inserts the rows and gives the answer, a JSON object as text. `request.rows` is a JSON object here: for
// each table, named as in SQL, an array of rows. Every table is opened and the caller's rights are checked
// first. With mode atomic or a dry run the rows of all tables stay together or not at all. Raises 22023 for
// something that is no such object, names a table twice or has no rows, 42P01 and whatever else a table can
// be refused for, 54000 for more rows in all than ferry.batch_limit; and what a constraint raises that can be
// checked only when all rows are in, after which nothing stays.
Datum insert_tables(const BatchRequest &request);

// The qualified names of the tables of such a request, which its own need not be: what they mean depends on
// search_path. Raises as insert_tables() does for names and rights.
std::string tables_of(const BatchRequest &request);

}  // namespace ferry
