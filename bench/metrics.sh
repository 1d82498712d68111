#!/usr/bin/env bash
# The hiring metrics beside the best SQL written by hand for the same questions, with the plans of both; then with a
# rollup, and what the rollup costs those who write.
#   FERRY_BENCH_HIRES=10000000 FERRY_BENCH_RUNS=5 bench/metrics.sh [metrics] [plans] [rollup] [writes] [loads]
# "loads" needs no hires: FERRY_BENCH_HIRES=1000 does.
. "$(dirname "$0")/lib.sh"

hires=${FERRY_BENCH_HIRES:-10000000}
writes=${FERRY_BENCH_ROWS:-1000000}
year=2021

# Ten years, evenly, in the order of their moments, as hires come.
make_tables() {
    sql "SELECT hiring.create_tables();
         INSERT INTO departments (department) SELECT 'Department ' || i FROM generate_series(1, 12) i;
         INSERT INTO jobs (job) SELECT 'Job ' || i FROM generate_series(1, 183) i;
         ALTER TABLE hired_employees DROP CONSTRAINT hired_employees_department_id_fkey, DROP CONSTRAINT hired_employees_job_id_fkey;
         SELECT setseed(0.5);
         INSERT INTO hired_employees (id, name, datetime, department_id, job_id)
         SELECT i, 'Name ' || i, timestamptz '2013-01-01Z' + i * (interval '3652 days' / $hires), 1 + floor(random() * 12), 1 + floor(random() * 183)
         FROM generate_series(1, $hires) i;
         ALTER TABLE hired_employees ADD CONSTRAINT hired_employees_department_id_fkey FOREIGN KEY (department_id) REFERENCES departments,
           ADD CONSTRAINT hired_employees_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs"
    sql 'VACUUM (ANALYZE, FREEZE) hired_employees'
    sql 'ANALYZE departments, jobs'
}

# The year spelt out as a range, hires counted by number before the names are joined, and nothing else.
quarters_by_hand="SELECT d.department, j.job, h.q1, h.q2, h.q3, h.q4
FROM (SELECT department_id, job_id,
        count(*) FILTER (WHERE datetime < '$year-04-01Z') AS q1,
        count(*) FILTER (WHERE datetime >= '$year-04-01Z' AND datetime < '$year-07-01Z') AS q2,
        count(*) FILTER (WHERE datetime >= '$year-07-01Z' AND datetime < '$year-10-01Z') AS q3,
        count(*) FILTER (WHERE datetime >= '$year-10-01Z') AS q4
      FROM hired_employees WHERE datetime >= '$year-01-01Z' AND datetime < '$((year + 1))-01-01Z'
      GROUP BY department_id, job_id) h
JOIN departments d ON d.id = h.department_id JOIN jobs j ON j.id = h.job_id
ORDER BY d.department, j.job, d.id, j.id"
# As most people write it: names first, the quarter of each row taken apart.
quarters_usual="SELECT d.department, j.job,
  sum(CASE WHEN extract(quarter FROM h.datetime AT TIME ZONE 'UTC') = 1 THEN 1 ELSE 0 END) AS q1,
  sum(CASE WHEN extract(quarter FROM h.datetime AT TIME ZONE 'UTC') = 2 THEN 1 ELSE 0 END) AS q2,
  sum(CASE WHEN extract(quarter FROM h.datetime AT TIME ZONE 'UTC') = 3 THEN 1 ELSE 0 END) AS q3,
  sum(CASE WHEN extract(quarter FROM h.datetime AT TIME ZONE 'UTC') = 4 THEN 1 ELSE 0 END) AS q4
FROM hired_employees h JOIN departments d ON d.id = h.department_id JOIN jobs j ON j.id = h.job_id
WHERE extract(year FROM h.datetime AT TIME ZONE 'UTC') = $year GROUP BY d.department, j.job ORDER BY 1, 2"
mean_by_hand="WITH y AS (SELECT department_id, count(*) AS hired FROM hired_employees
  WHERE datetime >= '$year-01-01Z' AND datetime < '$((year + 1))-01-01Z' GROUP BY department_id)
SELECT d.id, d.department, y.hired FROM y JOIN departments d ON d.id = y.department_id
WHERE y.hired > (SELECT sum(hired) FROM y) / (SELECT count(*) FROM departments) ORDER BY y.hired DESC, d.id"
months_by_hand="SELECT date_trunc('month', datetime AT TIME ZONE 'UTC') AS starts, count(*) FROM hired_employees
WHERE datetime >= '$year-01-01Z' AND datetime < '$((year + 1))-01-01Z' GROUP BY 1 ORDER BY 1"
trend_by_hand="SELECT date_trunc('quarter', datetime AT TIME ZONE 'UTC') AS starts, count(*) FROM hired_employees GROUP BY 1 ORDER BY 1"

quarters="SELECT * FROM hiring.hires_by_quarter($year)"
mean="SELECT * FROM hiring.departments_above_mean($year)"
months="SELECT * FROM hiring.hires_by_month($year)"
trend='SELECT * FROM hiring.hires_trend()'

# query STATEMENT: median milliseconds of the second and later runs in one session, so that files and catalogs are warm.
query() {
    { echo "$1;"; for _ in $(seq "$runs"); do echo "$1;"; done; } | psql -qXAt -v ON_ERROR_STOP=1 -d bench -o /dev/null \
        -c '\timing on' -f - | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n "$runs" | sort -n | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'
}
row() { awk -v n="$1" -v t="$2" -v b="$3" 'BEGIN { printf "%-58s %9.2f ms %7.2f\n", n, t, b / t }'; }
pair() { # NAME BY_HAND OURS
    local theirs ours
    theirs=$(query "$2")
    ours=$(query "$3")
    row "$1, by hand" "$theirs" "$theirs"
    row "$1, ours" "$ours" "$theirs"
}

metrics() {
    local best
    heading "$hires hires, the year $year of ten" 'faster'
    best=$(query "$quarters_by_hand")
    row 'hires_by_quarter, as usually written' "$(query "$quarters_usual")" "$best"
    pair hires_by_quarter "$quarters_by_hand" "$quarters"
    row 'hires_by_quarter, the view' "$(query "SELECT * FROM hiring.hires_by_quarter_all WHERE year = $year ORDER BY 2, 3")" "$best"
    pair departments_above_mean "$mean_by_hand" "$mean"
    pair hires_by_month "$months_by_hand" "$months"
    pair 'hires_trend (all ten years)' "$trend_by_hand" "$trend"
}

plans() {
    local name
    for name in quarters_by_hand quarters mean_by_hand mean; do
        printf '\n---- %s ----\n' "$name"
        sql "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) ${!name}"
    done
}

rollup() {
    local name started
    started=$(milliseconds <<< 'SELECT hiring.enable_rollup();')
    heading "with a rollup (made in $(printf %.1f "$(awk -v t="$started" 'BEGIN { print t / 1000 }')") s; $(sql 'SELECT count(*) FROM hired_employees_rollup') rows)" ''
    for name in quarters mean months trend; do
        awk -v n="${!name}" -v t="$(query "${!name}")" 'BEGIN { printf "%-58s %9.2f ms\n", n, t }'
    done
    [ "$(sql 'SELECT count(*) FROM hiring.check_rollup()')" = 0 ] || die 'the rollup differs from the hires'
    sql 'SELECT hiring.disable_rollup()'
}

# What writers pay: one statement, single rows, a load. The writes are of one year, in its order.
writes() {
    psql -qXAt -v ON_ERROR_STOP=1 -d bench -c "SELECT 100000000 + i || ',Name ' || i || ',' || to_char(timestamp '2023-01-01' + i * (interval '365 days' / $writes),
        'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') || ',' || 1 + i % 12 || ',' || 1 + i % 183 FROM generate_series(1, $writes) i" > "$files/hires.csv"
    chmod a+r "$files/hires.csv"
    echo "INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES ('Name', '2021-06-01T08:00:00Z', 3, 7);" > "$files/single.sql"
    one() { "$("$PG_CONFIG" --bindir)/pgbench" -n -M prepared -c "$1" -j 2 -T 5 -f "$files/single.sql" bench 2>&1 | sed -n 's/^latency average = \([0-9.]*\) ms/\1/p'; }
    measure() {
        copy=$(median 'DELETE FROM hired_employees WHERE id > 100000000' "COPY hired_employees FROM '$files/hires.csv' CSV")
        load=$(median 'DELETE FROM hired_employees WHERE id > 100000000' "SELECT ferry.migrate_csv('hired_employees', '$files/hires.csv', force => true)")
        sql 'DELETE FROM hired_employees WHERE id > 100000000'
        single=$(one 1)
        eight=$(one 8)
    }
    local copy load single eight before with_copy with_load with_single with_eight
    sql "SELECT setval('hired_employees_id_seq', 200000000)"
    measure
    before="$copy $load $single $eight"
    sql 'SELECT hiring.enable_rollup()'
    measure
    read -r with_copy with_load with_single with_eight <<< "$copy $load $single $eight"
    read -r copy load single eight <<< "$before"
    heading "$writes hires written without and with a rollup" 'slower'
    slower 'COPY' "$copy" "$copy"
    slower 'COPY with a rollup' "$with_copy" "$copy"
    slower 'ferry.migrate_csv' "$load" "$load"
    slower 'ferry.migrate_csv with a rollup' "$with_load" "$load"
    cost() { awk -v n="$1" -v t="$2" -v b="$3" 'BEGIN { printf "%-58s %9.3f ms %7.2f\n", n, t, t / b }'; }
    cost 'INSERT of one row, one session' "$single" "$single"
    cost 'INSERT of one row with a rollup, one session' "$with_single" "$single"
    cost 'INSERT of one row, eight sessions' "$eight" "$eight"
    cost 'INSERT of one row with a rollup, eight sessions' "$with_eight" "$eight"
    [ "$(sql 'SELECT count(*) FROM hiring.check_rollup()')" = 0 ] || die 'the rollup differs from the hires'
}

# What a rollup adds to a load: two schemas, one with it, loaded in turn, each as often first. The backend's own CPU time,
# commit included, is steadier than the clock where others use the machine.
loads() {
    local schema i
    for schema in plain kept; do
        sql "CREATE SCHEMA $schema; SET search_path = $schema; SELECT hiring.create_tables();
             INSERT INTO departments (department) SELECT 'Department ' || i FROM generate_series(1, 12) i;
             INSERT INTO jobs (job) SELECT 'Job ' || i FROM generate_series(1, 183) i"
    done
    sql 'SET search_path = kept; SELECT hiring.enable_rollup()'
    hires_csv() { # NAME MOMENT DEPARTMENT JOB
        psql -qXAt -v ON_ERROR_STOP=1 -d bench -c "DO 'BEGIN PERFORM setseed(0.5); END'" -c "
            SELECT i || ',Name ' || i || ',' || to_char($2, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') || ',' || $3 || ',' || $4
            FROM generate_series(1, $writes) i" > "$files/$1.csv"
        chmod a+r "$files/$1.csv"
    }
    one_load() { # SCHEMA NAME COLUMNS: milliseconds by the clock and of CPU
        psql -qXAtF ' ' -v ON_ERROR_STOP=1 -d bench << END
SET search_path = $1;
CREATE FUNCTION pg_temp.ticks() RETURNS integer LANGUAGE sql AS
    'SELECT t[12]::integer + t[13]::integer FROM string_to_array(regexp_replace(pg_read_file(''/proc/self/stat'', 0, 1000), ''^.*\) '', ''''), '' '') t';
CREATE TEMP TABLE before AS SELECT clock_timestamp() AS at, pg_temp.ticks() AS ticks;
SELECT status FROM ferry.migrate_csv('hired_employees', '$files/$2.csv', header => 'off', columns => '{$3}', force => true) \g /dev/null
SELECT round(1000 * extract(epoch FROM clock_timestamp() - at)), (pg_temp.ticks() - ticks) * 1000 / $(getconf CLK_TCK) FROM before;
END
    }
    middle() { cut -d ' ' -f "$2" "$files/$1.times" | sort -n | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'; }
    compare() { # TEXT BEFORE NAME COLUMNS: BEFORE stands outside the clock
        rm -f "$files"/*.times
        for i in $(seq "$runs"); do
            for schema in $([ $((i % 2)) = 0 ] && echo kept plain || echo plain kept); do
                sql "SET search_path = $schema; $2" > /dev/null
                sql 'CHECKPOINT'
                one_load "$schema" "$3" "$4" >> "$files/$schema.times"
            done
        done
        [ "$(sql 'SET search_path = kept; SELECT count(*) FROM hiring.check_rollup()')" = 0 ] || die 'the rollup differs from the hires'
        slower "$1" "$(middle plain 1)" "$(middle plain 1)"
        slower '  with a rollup' "$(middle kept 1)" "$(middle plain 1)"
        slower '  CPU' "$(middle plain 2)" "$(middle plain 2)"
        slower '  CPU with a rollup' "$(middle kept 2)" "$(middle plain 2)"
    }
    local all=id,name,datetime,department_id,job_id
    hires_csv year "timestamp '2023-01-01' + i * (interval '365 days' / $writes)" '1 + i % 12' '1 + i % 183'
    hires_csv decade "timestamp '2013-01-01' + random() * interval '3652 days'" '1 + floor(random() * 12)' '1 + floor(random() * 183)'
    cut -d , -f 2- "$files/decade.csv" > "$files/more.csv"
    chmod a+r "$files/more.csv"
    heading "$writes hires by migrate_csv without and with a rollup" 'slower'
    compare 'of one year, in their order' 'TRUNCATE hired_employees' year $all
    compare 'of ten years, in no order' 'TRUNCATE hired_employees' decade $all
    compare 'of the same years, on top of those' '' more ${all#id,}
}

start_bench max_parallel_workers_per_gather=2 work_mem=64MB
machine
make_tables
for part in "${@:-metrics}"; do "$part"; done
