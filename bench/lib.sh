# Sourced by the benchmarks: a server of their own under .bench/ (git ignores it), medians of wall time, tables of ratios.
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

runs=${FERRY_BENCH_RUNS:-5}
work=$root/.bench
state=$work/cluster

# start_bench [setting=value ...]: builds, starts a server tuned for loads and makes database "bench".
start_bench() {
    mkdir -p "$work"
    build_stage "$work/stage"
    scripts/cluster.sh start "$state" "$work/stage" shared_buffers=1GB max_wal_size=16GB checkpoint_timeout=30min \
        autovacuum=off "$@"
    trap 'scripts/cluster.sh stop "$state"' EXIT
    . "$state/env"
    # A folder that both we and the server can read and write.
    files=$(as_server mktemp -d /tmp/pg_ferry_bench.XXXXXX)
    trap 'scripts/cluster.sh stop "$state"; rm -rf "$files"' EXIT
    psql -qX -d postgres -c 'CREATE DATABASE bench'
    sql 'SET client_min_messages = warning; CREATE EXTENSION pg_ferry_hiring CASCADE'
}

sql() { PGOPTIONS='-c client_min_messages=warning' psql -qXAt -v ON_ERROR_STOP=1 -d bench -c "$1"; }

machine() {
    printf 'PostgreSQL %s, %s CPUs (%s), %s runs each, medians\n' "$(sql 'SHOW server_version')" "$(nproc)" \
        "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$runs"
}

# Milliseconds of the last statement of stdin's script, in one session.
milliseconds() {
    local output
    output=$({ printf '\\timing on\n'; cat; } | psql -qXAt -v ON_ERROR_STOP=1 -d bench 2>&1) || die "$output"
    sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' <<< "$output" | tail -1
}

# median BEFORE STATEMENT: BEFORE and a checkpoint stand outside the clock.
median() {
    local i
    for i in $(seq "$runs"); do
        sql "$1" > /dev/null
        sql 'CHECKPOINT'
        milliseconds <<< "$2"
    done | sort -n | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'
}

# One line of a table: NAME MS BASE_MS TEXT, the ratio being base over ours (how many times faster).
faster() { awk -v n="$1" -v t="$2" -v b="$3" 'BEGIN { printf "%-58s %9.0f ms %7.2f\n", n, t, b / t }'; }
slower() { awk -v n="$1" -v t="$2" -v b="$3" 'BEGIN { printf "%-58s %9.0f ms %7.2f\n", n, t, t / b }'; }
heading() { printf '\n%-58s %12s %7s\n' "$1" time "$2"; }
