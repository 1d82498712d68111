// ferry.read_avro: any Avro file as a set of rows, as JSON or typed by a composite.
#include "archive/avro_rows.hpp"
#include "archive/manifest.hpp"
#include "archive/origin.hpp"
#include "archive/table_shape.hpp"
#include "server/arguments.hpp"
#include "server/relation.hpp"
#include "server/result_set.hpp"

namespace ferry {
namespace {

enum Argument : uint8_t { path_argument, row_type_argument };

// There is no table whose rights could be asked.
void require_reader() {
    if (may_read_files()) return;
    fail({Code::no_privilege, "permission denied to read Avro files", "",
          "Only members of pg_read_server_files may read them."});
}

Oid read_row_type(FunctionCallInfo fcinfo) {
    const Oid type = get_fn_expr_argtype(fcinfo->flinfo, row_type_argument);
    if (OidIsValid(type) && pg_call([&] { return get_typtype(type) == TYPTYPE_COMPOSITE; })) return type;
    fail({Code::wrong_object_type,
          "type " + (OidIsValid(type) ? type_text(type, -1) : "unknown") + " is not composite", "",
          "Give a NULL of the type that the rows are to have, such as that of a table: NULL::ports."});
}

// The name of a backup stands for all of its parts.
std::vector<std::string> files_of(const std::string &path) {
    const std::optional<Manifest> manifest = manifest_of(path);
    if (!manifest || manifest->file != path) return {path};
    std::vector<std::string> files;
    for (const ManifestPart &part : manifest->parts) files.push_back(part.file);
    return files;
}

void add_all(const std::string &path, const avro::Column *as, ValueSet &result) {
    for (const std::string &file : files_of(path))
        for (AvroRows rows(file, as); rows.next();) result.add(rows.text());
}

}  // namespace
}  // namespace ferry

using namespace ferry;

FERRY_FUNCTION(read_avro) {
    const std::string path = require_text(fcinfo, path_argument, "path");
    require_reader();
    ValueSet result(fcinfo, JSONBOID);
    add_all(path, nullptr, result);
    return 0;
}

FERRY_FUNCTION(read_avro_typed) {
    const std::string path = require_text(fcinfo, path_argument, "path");
    const Oid type = read_row_type(fcinfo);
    require_reader();
    ValueSet result(fcinfo, type);
    const avro::Column column = describe_row_type(type);
    add_all(path, &column, result);
    return 0;
}
