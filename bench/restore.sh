#!/usr/bin/env bash
# Restores: ferry.restore_table_avro beside COPY FROM and pg_restore, and of a table that lacks some rows.
#   FERRY_BENCH_ROWS=1000000 FERRY_BENCH_RUNS=5 bench/restore.sh [whole] [missing]
. "$(dirname "$0")/lib.sh"

rows=${FERRY_BENCH_ROWS:-1000000}

make_tables() {
    sql "CREATE TABLE departments (id int PRIMARY KEY, department text NOT NULL);
         CREATE TABLE jobs (id int PRIMARY KEY, job text NOT NULL);
         INSERT INTO departments SELECT i, 'Department ' || i FROM generate_series(1, 12) i;
         INSERT INTO jobs SELECT i, 'Job ' || i FROM generate_series(1, 183) i;
         CREATE TABLE hires (id int PRIMARY KEY, name text NOT NULL, datetime timestamptz NOT NULL,
                             department_id int NOT NULL REFERENCES departments, job_id int NOT NULL REFERENCES jobs);
         CREATE TABLE hires_free (id int PRIMARY KEY, name text NOT NULL, datetime timestamptz NOT NULL,
                                  department_id int NOT NULL, job_id int NOT NULL);
         INSERT INTO hires SELECT i, 'Name ' || md5(i::text)::char(9), timestamptz '2021-01-01Z' + i * interval '31 s', 1 + i % 12, 1 + i % 183
           FROM generate_series(1, $rows) i"
    backup=$(sql "SELECT backup_id FROM ferry.backup_table_avro('hires')")
    sql "COPY hires TO '$files/hires.csv' CSV; COPY hires TO '$files/hires.bin' (FORMAT binary)"
    pg_dump -Fc -t hires -d bench -f "$work/hires.dump"
}
restore() { echo "SELECT ferry.restore_table_avro('hires', $backup${1:+, '$1'})"; }

# Wall time of pg_restore into the empty table, like median().
median_pg_restore() {
    local i from
    for i in $(seq "$runs"); do
        sql 'TRUNCATE hires; CHECKPOINT'
        from=$(date +%s%N)
        pg_restore --data-only -d bench "$work/hires.dump" || die 'pg_restore failed'
        echo $((($(date +%s%N) - from) / 1000)) | awk '{ print $1 / 1000 }'
    done | sort -n | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'
}

whole() {
    local csv binary theirs ours
    csv=$(median 'TRUNCATE hires' "COPY hires FROM '$files/hires.csv' CSV")
    binary=$(median 'TRUNCATE hires_free' "COPY hires_free FROM '$files/hires.bin' (FORMAT binary)")
    theirs=$(median_pg_restore)
    ours=$(median 'TRUNCATE hires' "$(restore append)")
    heading "$rows hires into an empty table, primary key, both foreign keys" 'faster'
    faster 'COPY, csv' "$csv" "$csv"
    faster 'pg_restore --data-only' "$theirs" "$csv"
    faster 'COPY, binary, into the table without foreign keys' "$binary" "$csv"
    faster 'ferry.restore_table_avro' "$ours" "$csv"
    awk -v p="$theirs" -v b="$binary" -v o="$ours" 'BEGIN { printf "    against pg_restore: %.1f times faster; against COPY binary: %.2f\n", p / o, b / o }'
    faster 'the same over a full table, replaced' "$(median 'SELECT 1' "$(restore)")" "$csv"
}

missing() {
    local full some
    full=$(median 'TRUNCATE hires' "$(restore append)")
    sql 'TRUNCATE hires' && sql "$(restore append)" > /dev/null && sql 'VACUUM hires'
    some=$(median 'DELETE FROM hires WHERE id % 2000 = 0' "$(restore missing_only)")
    heading "$((rows / 2000)) rows of $rows are missing" 'share'
    slower 'a full restore' "$full" "$full"
    slower 'restore_table_avro, missing_only' "$some" "$full"
}

start_bench
machine
make_tables
[ $# -gt 0 ] || set -- whole missing
for part in "$@"; do "$part"; done
