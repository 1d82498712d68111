#!/usr/bin/env bash
# Everything that can fail, in one run: set-up, build, exports, unit tests, pg_regress, isolation tests, HTTP tests, and
# tests of crashes, full disks, replicas, cancels and memory on servers of their own.
# Own servers, own ports, no network; logs stay in build/test. Closes with "N passed, N failed".
. "$(dirname "$0")/lib.sh"

out=$root/build/test
passed=0 failed=0
count() { # PASSED FAILED WHAT [LOG]
    passed=$((passed + $1)) failed=$((failed + $2))
    say "$3: $1 passed, $2 failed"
    if [ "$2" != 0 ] && [ -n "${4:-}" ]; then sed 's/^/    /' "$4"; fi
}
sum() { awk '{ n += $1 } END { print n + 0 }'; }
# Lines of pg_regress and pg_isolation_regress: both their old format and TAP (from 17 on).
count_regress() { # STATUS WHAT LOG
    local ok bad
    ok=$(grep -cE '^(test .*\.\.\. ok|ok [0-9])' "$3" || true)
    bad=$(grep -cE '^(test .*\.\.\. FAILED|not ok [0-9])' "$3" || true)
    if [ "$1" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    count "$ok" "$bad" "$2" "$3"
}
# One file of node's tests. What it skipped counts as nothing; that, and what was measured, is told as well.
node_tests() { # FOLDER FILE
    local log status ok bad
    log=$out/$1-$(basename "$2" .mjs).log
    timeout 600 node --test --test-reporter=tap "$2" > "$log" 2>&1 && status=0 || status=$?
    ok=$(sed -n 's/^# pass //p' "$log" | sum)
    bad=$(sed -n 's/^# \(fail\|cancelled\) //p' "$log" | sum)
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    count "$ok" "$bad" "$1 $(basename "$2")" "$log"
    awk '/^ *ok / { name = $0; sub(/.*ok [0-9]+ - /, "", name); if (name ~ / # SKIP/) print "    not run: " name }
         sub(/^ *# measured: /, "") { print "    " name ": " $0 }' "$log"
}
stop_servers() {
    local env
    scripts/postgrest.sh stop "$out"
    for env in "$out"/env "$out"/*/env; do
        if [ -e "$env" ]; then scripts/cluster.sh stop "$(dirname "$env")"; fi
    done
}
finish() {
    local status=$?
    set +e
    stop_servers
    if [ "$status" != 0 ]; then failed=$((failed + 1)); fi
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}

scripts/setup.sh
stop_servers
rm -rf "$out" && mkdir -p "$out"
trap finish EXIT

say 'building the module'
build_stage build/stage > "$out/build.log" 2>&1 || { cat "$out/build.log"; die 'the build failed'; }

say 'building the core and its tests'
{
    cmake -S . -B build/core && cmake --build build/core -j2
} > "$out/cmake.log" 2>&1 || { cat "$out/cmake.log"; die 'the build of the core failed'; }

# ---- Exports: the server must see our entry points and nothing else ----
nm -D --defined-only pg_ferry.so | awk '{ print $NF }' | sed 's/@.*//' |
    grep -vxE 'Pg_magic_func|_PG_init|pg_finfo_ferry_.*|ferry_.*' > "$out/exports.log" || true
if [ -s "$out/exports.log" ]; then count 0 1 'exported names' "$out/exports.log"; else count 1 0 'exported names'; fi

# ---- Unit tests: Boost's own report is counted, case by case ----
if [ -e build/core/ferry_unit ]; then
    rm -f build/core/unit.xml
    ctest --test-dir build/core --output-on-failure --no-tests=error > "$out/unit.log" 2>&1 && status=0 || status=$?
    total() { # ATTRIBUTE of the outermost suite
        grep -o '<TestSuite [^>]*>' build/core/unit.xml 2> /dev/null | head -1 | grep -o "$1=\"[0-9]*\"" |
            tr -dc '0-9' || true
    }
    ok=$(($(total test_cases_passed)+0)) bad=$(($(total test_cases_failed)+0))
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi # it crashed before it could report
    count "$ok" "$bad" 'unit tests' "$out/unit.log"
fi

# ---- The server, with the module in a stage folder ----
say 'starting a server'
scripts/cluster.sh start "$out" build/stage fsync=off full_page_writes=off max_connections=50
. "$out/env"
export FERRY_PGHOST=$PGHOST FERRY_PGPORT=$PGPORT FERRY_PGUSER=$PGUSER FERRY_PGDATABASE=ferry_test
# Copies, since the checkout may be closed to the server's user.
cp -r data "$FERRY_SERVER/samples"
export FERRY_TEST_DATA=$FERRY_SERVER/samples
if [ -e build/test-module/ferry_boundary.so ]; then
    cp build/test-module/ferry_boundary.so "$FERRY_SERVER/"
    export FERRY_TEST_MODULE=$FERRY_SERVER/ferry_boundary.so
fi

# ---- pg_regress ----
if compgen -G "sql/*.sql" > /dev/null; then
    # pg_regress gives up altogether at a test without an expected file; here the others still run.
    for file in sql/*.sql; do
        name=$(basename "$file" .sql)
        if [ ! -e "expected/$name.out" ]; then
            count 0 1 "pg_regress $name (no expected/$name.out)"
            skip="${skip:-} $name"
        fi
    done
    make -s installcheck REGRESS_SKIP="${skip:-}" REGRESS_OUTPUT="$out/regress" > "$out/regress.log" 2>&1 && status=0 || status=$?
    if [ -s "$out/regress/regression.diffs" ]; then cat "$out/regress/regression.diffs" >> "$out/regress.log"; fi
    count_regress $status 'pg_regress' "$out/regress.log"
fi

# ---- Isolation: sessions interleaved step by step, beside COPY ----
scripts/isolation.sh "$out" "$out/isolation" > "$out/isolation.log" 2>&1 && status=0 || status=$?
count_regress $status 'isolation tests' "$out/isolation.log"

# ---- HTTP: one file after the other, all against one PostgREST ----
if compgen -G 'test/http/*.mjs' > /dev/null; then
    psql -Xq -v ON_ERROR_STOP=1 -d postgres -c "CREATE DATABASE $FERRY_PGDATABASE"
    psql -Xq -v ON_ERROR_STOP=1 -d "$FERRY_PGDATABASE" > "$out/deploy-sql.log" 2>&1 << 'END' || { cat "$out/deploy-sql.log"; exit 1; }
CREATE EXTENSION pg_ferry_hiring CASCADE;
SELECT hiring.create_tables();
END
    scripts/postgrest.sh start "$out" "$FERRY_PGDATABASE"
    . "$out/env"
    files=(test/http/*.test.mjs)
    [ -e "${files[0]}" ] || files=(test/http/*.mjs)
    for file in "${files[@]}"; do PGDATABASE=$FERRY_PGDATABASE node_tests http "$file"; done
fi

# ---- Crashes, full disks, replicas, cancels, memory: each file starts and stops its own servers ----
export FERRY_TEST_OUT=$out FERRY_TEST_STAGE=$root/build/stage
for file in test/t/*.test.mjs; do node_tests t "$file"; done

# A crash restarts the server and may go unnoticed by a test that reconnects.
if grep -E 'was terminated by signal|TRAP:' "$out/postgres.log" > "$out/crashes.log"; then
    count 0 1 'server crashes' "$out/crashes.log"
else
    count 1 0 'server crashes'
fi
