// The library as the server loads it: its magic block and what happens once, at load.
#include "server/boundary.hpp"
#include "server/settings.hpp"

extern "C" {
PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
void _PG_init(void) {
    ferry::settings::define();
}
}
