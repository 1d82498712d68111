// The JSON scanner as an SQL function, for sql/json_grammar.sql: the server's type json refuses a text before
// any function of ours is given it.
#include <string>

#include "core/json/scanner.hpp"
#include "server/boundary.hpp"

using namespace ferry;

// The offset of the byte at which a text goes wrong, or NULL.
FERRY_FUNCTION(test_json_fault) {
    const auto *bytes = pg_call([&] { return PG_GETARG_BYTEA_PP(0); });
    const auto elements =
        json::array_elements({VARDATA_ANY(bytes), static_cast<size_t>(VARSIZE_ANY_EXHDR(bytes))});
    if (elements || elements.error().code == Code::not_an_array) {
        fcinfo->isnull = true;
        return 0;
    }
    return Int64GetDatum(static_cast<int64>(elements.error().offset));
}
