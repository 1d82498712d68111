#!/usr/bin/env bash
# Loading CSV: ferry.migrate_csv beside COPY, clean and dirty, and beside pgloader where it is installed.
#   FERRY_BENCH_ROWS=1000000 FERRY_BENCH_RUNS=5 bench/load.sh [clean] [dirty] [wide] [large] [pgloader]
. "$(dirname "$0")/lib.sh"

rows=${FERRY_BENCH_ROWS:-1000000}
large=${FERRY_BENCH_LARGE_ROWS:-10000000}

make_tables() {
    sql "CREATE TABLE departments (id int PRIMARY KEY, department text NOT NULL);
         CREATE TABLE jobs (id int PRIMARY KEY, job text NOT NULL);
         INSERT INTO departments SELECT i, 'Department ' || i FROM generate_series(1, 12) i;
         INSERT INTO jobs SELECT i, 'Job ' || i FROM generate_series(1, 183) i;
         CREATE TABLE hires (id int PRIMARY KEY, name text NOT NULL CHECK (name <> ''), datetime timestamptz NOT NULL,
                             department_id int NOT NULL REFERENCES departments, job_id int NOT NULL REFERENCES jobs);
         CREATE TABLE hires_free (id int PRIMARY KEY, name text NOT NULL CHECK (name <> ''), datetime timestamptz NOT NULL,
                                  department_id int NOT NULL, job_id int NOT NULL)"
}

# hires_query ROWS BAD_PER_10000: the lines of a file, eight kinds of bad rows in turn.
hires_query() {
    cat << END
SELECT CASE WHEN i::bigint * 7919 % 10000 >= $2 THEN good ELSE
    CASE i % 8 WHEN 0 THEN i || ',' || name || ',' || moment || ',' || d                        -- a field short
               WHEN 1 THEN good || ',more'                                                      -- a field too many
               WHEN 2 THEN i || 'x,' || name || ',' || moment || ',' || d || ',' || j           -- no integer
               WHEN 3 THEN i || ',' || name || ',2021-02-30T00:00:00Z,' || d || ',' || j        -- no such day
               WHEN 4 THEN i || ',,' || moment || ',' || d || ',' || j                          -- NOT NULL
               WHEN 5 THEN i || ',"",' || moment || ',' || d || ',' || j                        -- CHECK
               WHEN 6 THEN (i / 2) || ',' || name || ',' || moment || ',' || d || ',' || j      -- UNIQUE
               ELSE i || ',' || name || ',' || moment || ',99,' || j END END                    -- FOREIGN KEY
FROM (SELECT i, name, moment, d, j, i || ',' || name || ',' || moment || ',' || d || ',' || j AS good FROM (
    SELECT i, 'Name ' || md5(i::text)::char(9) AS name, to_char(timestamp '2021-01-01' + i * interval '31 s', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS moment,
           1 + i % 12 AS d, 1 + i % 183 AS j FROM generate_series(1, $1) i) x) y
END
}
make_file() { # NAME ROWS BAD_PER_10000
    psql -qXAt -v ON_ERROR_STOP=1 -d bench -c "$(hires_query "$2" "$3")" > "$files/$1" || die 'cannot make a file'
    chmod a+r "$files/$1"
}
ferry() { echo "SELECT ferry.migrate_csv('$1', '$files/$2', force => true)"; }

clean() {
    make_file clean.csv "$rows" 0
    local copy free ours
    copy=$(median 'TRUNCATE hires' "COPY hires FROM '$files/clean.csv' CSV")
    free=$(median 'TRUNCATE hires_free' "COPY hires_free FROM '$files/clean.csv' CSV")
    ours=$(median 'TRUNCATE hires' "$(ferry hires clean.csv)")
    heading "$rows clean rows, primary key, both foreign keys" 'faster'
    faster 'COPY' "$copy" "$copy"
    faster 'COPY into the table without foreign keys' "$free" "$copy"
    faster 'ferry.migrate_csv' "$ours" "$copy"
    awk -v f="$free" -v o="$ours" 'BEGIN { printf "    against COPY without foreign keys: %.2f times faster\n", f / o }'
}

dirty() {
    [ -e "$files/clean.csv" ] || make_file clean.csv "$rows" 0
    local base bad ours
    base=$(median 'TRUNCATE hires' "$(ferry hires clean.csv)")
    heading "$rows rows, eight kinds of bad rows mixed" 'slower'
    slower 'ferry.migrate_csv, none bad' "$base" "$base"
    for bad in 100 1000 5000; do
        make_file "dirty$bad.csv" "$rows" "$bad"
        ours=$(median 'TRUNCATE hires; TRUNCATE ferry.loads CASCADE' "$(ferry hires "dirty$bad.csv")")
        slower "ferry.migrate_csv, $((bad / 100)) % bad ($(sql 'SELECT rows_loaded FROM ferry.loads ORDER BY load_id DESC LIMIT 1') loaded)" "$ours" "$base"
        rm "$files/dirty$bad.csv"
    done
}

wide() {
    local columns copy ours
    columns=$(sql "SELECT string_agg('c' || i || ' int', ', ') FROM generate_series(1, 500) i")
    sql "CREATE TABLE wide ($columns)"
    sql "COPY (SELECT string_agg((i % 90 + k % 10)::text, ',') FROM generate_series(1, 20000) i, generate_series(1, 500) k GROUP BY i) TO '$files/wide.csv'"
    sed -i 's/\\,/,/g' "$files/wide.csv"
    copy=$(median 'TRUNCATE wide' "COPY wide FROM '$files/wide.csv' CSV")
    ours=$(median 'TRUNCATE wide' "$(ferry wide wide.csv)")
    heading '20000 rows of 500 short columns' 'faster'
    faster 'COPY' "$copy" "$copy"
    faster 'ferry.migrate_csv' "$ours" "$copy"
}

# Time per row, peak memory of the backend beside shared memory, and how many subtransactions took an XID.
large() {
    local n ms
    heading 'size' 'ns/row'
    for n in $((large / 10)) $((large / 3)) "$large"; do
        make_file large.csv "$n" 0
        sql 'TRUNCATE hires; CHECKPOINT'
        ms=$(milliseconds <<< "SELECT pg_current_xact_id_if_assigned(); $(ferry hires large.csv)")
        awk -v n="$n" -v t="$ms" 'BEGIN { printf "%-58s %9.0f ms %7.0f\n", n " rows", t, t * 1e6 / n }'
    done
    sql 'TRUNCATE hires; CHECKPOINT'
    psql -qXAt -d bench << END | sed 's/^/    /'
SELECT pg_current_xact_id()::text::bigint AS before \gset
BEGIN;
SELECT ferry.migrate_csv('hires', '$files/large.csv', force => true) \g /dev/null
COMMIT;
SELECT 'transaction ids used: ' || pg_current_xact_id()::text::bigint - :before - 1;
SELECT 'memory of the backend beside shared memory, at its peak: ' || (a - s) / 1024 || ' MB' FROM (SELECT
  (regexp_match(t, 'VmHWM:\s+(\d+)'))[1]::int AS a, (regexp_match(t, 'RssShmem:\s+(\d+)'))[1]::int AS s
  FROM pg_read_file('/proc/self/status') t) x;
END
    rm "$files/large.csv"
}

pgloader() {
    command -v pgloader > /dev/null || { printf '\npgloader is not installed: apt-get install pgloader\n'; return; }
    local bad kept ours start
    heading '100000 rows, one run each' 'kept'
    for bad in 0 100 1000; do
        make_file peer.csv 100000 "$bad"
        sql 'TRUNCATE hires; TRUNCATE ferry.loads CASCADE'
        start=$(date +%s%N)
        HOME=$files command pgloader --root-dir "$files/pgloader" --type csv --with "fields terminated by ','" --field 'id,name,datetime,department_id,job_id' \
            "$files/peer.csv" "postgresql://$PGUSER@unix:$PGHOST:$PGPORT/bench?tablename=hires" > "$work/pgloader.log" 2>&1 || true
        kept=$(sql 'SELECT count(*) FROM hires')
        printf '%-58s %9.0f ms %7s\n' "pgloader, $(awk "BEGIN { print $bad / 100 }") % bad" $((($(date +%s%N) - start) / 1000000)) "$kept"
        sql 'TRUNCATE hires'
        ours=$(milliseconds <<< "$(ferry hires peer.csv)")
        printf '%-58s %9.0f ms %7s\n' "ferry.migrate_csv" "$ours" "$(sql 'SELECT count(*) FROM hires')"
    done
}

start_bench
machine
make_tables
for part in "${@:-clean}"; do "$part"; done
