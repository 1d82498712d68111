#!/usr/bin/env bash
# The rules of the house that a machine can check: layering, format, clang-tidy on the core, one version everywhere.
. "$(dirname "$0")/lib.sh"

failures=0
complain() { # RULE, offending lines on stdin
    local lines
    lines=$(cat)
    [ -n "$lines" ] || return 0
    printf '%s\n' "$1" "$lines" | sed '2,$s/^/    /'
    failures=$((failures + 1))
}
# Lines of our sources without their comments, as file:line:text.
code() { # FOLDER...
    local folder
    for folder in "$@"; do
        [ ! -d "$folder" ] || find "$folder" -name '*.[ch]pp' -print0
    done | sort -z | xargs -0r awk '{ sub(/\/\/.*/, "") } NF { print FILENAME ":" FNR ":" $0 }'
}
includes() { code "$@" | grep -E ':[0-9]+:[[:space:]]*#[[:space:]]*include' || true; }
match() { grep -E "$1" || true; }
except() { grep -vE "$1" || true; }

# ---- Layering: functions -> load, archive -> server -> core; archive may use load ----
complain 'core includes nothing of ours but core:' \
    < <(includes src/core | match '"' | except '"core/')
complain 'server includes only server and core:' \
    < <(includes src/server | except '^src/server/pg\.hpp:' | match '"' | except '"(core|server)/')
complain 'load includes only load, server and core:' \
    < <(includes src/load | match '"' | except '"(core|server|load)/')
complain 'archive includes only archive, load, server and core:' \
    < <(includes src/archive | match '"' | except '"(core|server|load|archive)/')
complain 'functions include only our own folders:' \
    < <(includes src/functions | match '"' | except '"(core|server|load|archive|functions)/')

# A quoted include is ours by the rules above; one in angle brackets must not be the server's.
server_headers=$("$PG_CONFIG" --includedir-server)
complain 'only server/pg.hpp includes server headers:' < <(
    includes src | except '^src/server/pg\.hpp:' | match '<' | while IFS= read -r line; do
        header=${line#*<} header=${header%%>*}
        [ ! -e "$server_headers/$header" ] || printf '%s\n' "$line"
    done
)
complain 'only server/compat.hpp mentions PG_VERSION_NUM:' \
    < <(code src | match 'PG_VERSION_NUM' | except '^src/server/compat\.hpp:')
complain 'only server/boundary.* mentions PG_TRY, sigsetjmp, ErrorData and their kin:' < <(
    code src | except '^src/server/boundary\.[ch]pp:' |
        match '\b(PG_TRY|PG_CATCH|PG_FINALLY|PG_END_TRY|PG_RE_THROW|sigsetjmp|siglongjmp|PG_exception_stack|ErrorData)\b'
)

# ---- One version ----
version=$(sed -n "s/^default_version = '\(.*\)'/\1/p" pg_ferry.control)
complain "every file says version $version, as pg_ferry.control does:" < <(
    {
        sed -n "s/^default_version = '\(.*\)'/pg_ferry_hiring.control \1/p" pg_ferry_hiring.control
        jq -r '"META.json \(.version)", (.provides[] | "META.json \(.version)")' META.json
        jq -r '"package.json \(.version)"' package.json
        jq -r '"package-lock.json \(.version)"' package-lock.json
        sed -n 's/^## \[\([^]]*\)\].*/CHANGELOG.md \1/p' CHANGELOG.md | head -1
    } | except " ${version//./\\.}\$"
)
complain 'package-lock.json carries no download addresses:' < <(grep -n '"resolved"' package-lock.json)

# ---- One vocabulary of errors ----
complain 'docs/errors.md lists every code of src/core/code.cpp, in its order:' < <(
    diff <(sed -n 's/.*CodeInfo{Code::[a-z_]*, *"\([a-z_]*\)", *"\([0-9A-Z]*\)".*/\1 \2/p' <(tr '\n' ' ' < src/core/code.cpp | sed 's/CodeInfo/\nCodeInfo/g')) \
        <(sed -n 's/^| `\([a-z_]*\)` | `\([0-9A-Z]\{5\}\)` |.*/\1 \2/p' docs/errors.md) | grep '^[<>]'
)

# ---- Scripts, format, clang-tidy ----
for script in scripts/*.sh data/*.sh rest/*.sh .ci/run; do
    [ ! -e "$script" ] || complain "$script does not parse:" < <(bash -n "$script" 2>&1)
done
complain 'clang-format disagrees (make format mends it):' < <(
    find src test bench -name '*.[ch]pp' -print0 | xargs -0r clang-format --dry-run -Werror 2>&1 |
        grep -oE '^[^:]+:[0-9]+' | sort -u
)
# -isystem-free compile commands of the core come from CMake. clang-tidy counts suppressed warnings on stderr: noise.
cmake -S . -B build/core > /dev/null
complain 'clang-tidy on the core:' < <(
    find src/core -name '*.cpp' -print0 | xargs -0r -n 4 -P 2 clang-tidy -p build/core --quiet 2> /dev/null
)

[ "$failures" = 0 ] || die "$failures rules broken"
say 'lint: all rules hold'
