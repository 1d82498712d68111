#!/usr/bin/env bash
# Backups: ferry.backup_table_avro beside COPY TO a file, pg_dump -Fc and a Python script with psycopg and an Avro library.
# The codec alone, beside avro-c, is build/core/ferry_codec_bench.
#   FERRY_BENCH_ROWS=1000000 FERRY_BENCH_RUNS=5 bench/backup.sh [rows] [large] [types] [python]
. "$(dirname "$0")/lib.sh"

rows=${FERRY_BENCH_ROWS:-1000000}
large=${FERRY_BENCH_LARGE_ROWS:-10000000}

make_hires() { # ROWS
    sql "DROP TABLE IF EXISTS hires;
         CREATE TABLE hires (id int PRIMARY KEY, name text NOT NULL, datetime timestamptz NOT NULL, department_id int NOT NULL, job_id int NOT NULL);
         INSERT INTO hires SELECT i, 'Name ' || md5(i::text)::char(9), timestamptz '2021-01-01Z' + i * interval '31 s', 1 + i % 12, 1 + i % 183
           FROM generate_series(1, $1) i"
    sql 'VACUUM (FREEZE, ANALYZE) hires'
    sql 'SELECT count(*) FROM hires' > /dev/null
}
copy() { echo "COPY $1 TO '$files/out' ($2)"; }
backup() { echo "SELECT * FROM ferry.backup_table_avro('$1', ${2:-default_codec})" | sed 's/, default_codec//'; }
clear_backups() { rm -f "$(sql 'SHOW data_directory')"/pg_ferry/backups/*; }
bytes_of_backup() { sql 'SELECT bytes FROM ferry.backups ORDER BY backup_id DESC LIMIT 1'; }

# Wall time of pg_dump, like median().
median_dump() {
    local i from
    for i in $(seq "$runs"); do
        sql 'CHECKPOINT'
        from=$(date +%s%N)
        pg_dump -Fc -t hires -d bench -f "$work/dump" || die 'pg_dump failed'
        echo $((($(date +%s%N) - from) / 1000)) | awk '{ print $1 / 1000 }'
    done | sort -n | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'
}

compare() { # ROWS
    make_hires "$1"
    local binary csv null deflate zstandard dump
    binary=$(median 'SELECT 1' "$(copy hires 'FORMAT binary')")
    csv=$(median 'SELECT 1' "$(copy hires 'FORMAT csv')")
    null=$(median 'SELECT 1' "$(backup hires "'null'")")
    clear_backups
    zstandard=$(median 'SELECT 1' "$(backup hires "'zstandard'")")
    clear_backups
    deflate=$(median 'SELECT 1' "$(backup hires)")
    heading "$1 hires, to a file" 'share'
    slower 'COPY, binary' "$binary" "$binary"
    slower 'COPY, csv' "$csv" "$binary"
    slower 'backup_table_avro, codec null' "$null" "$binary"
    slower 'backup_table_avro, codec zstandard' "$zstandard" "$binary"
    slower 'backup_table_avro, default codec' "$deflate" "$binary"
    slower 'the same, of COPY csv' "$deflate" "$csv"
    dump=$(median_dump)
    faster 'pg_dump -Fc -t' "$dump" "$dump"
    faster 'backup_table_avro, default codec' "$deflate" "$dump"
    awk -v o="$(bytes_of_backup)" -v d="$(stat -c %s "$work/dump")" 'BEGIN { printf "    its file: %.1f MB, %.2f of the dump\n", o / 1e6, o / d }'
    clear_backups
}

# A column of one type beside id.
types() {
    local type expression time real
    heading '1000000 rows of one column, codec null' 'share'
    for type in 'float8' 'numeric(12,2)' 'text' 'timestamptz' 'int[]'; do
        case $type in
            float8) expression='i / 7.0' ;;
            numeric*) expression='i * 1.37' ;;
            text) expression="'word ' || i" ;;
            timestamptz) expression="timestamptz '2021-01-01Z' + i * interval '31 s'" ;;
            *) expression='ARRAY[i, i + 1, NULL]' ;;
        esac
        sql "DROP TABLE IF EXISTS one; CREATE TABLE one (v $type);
             INSERT INTO one SELECT $expression FROM generate_series(1, 1000000) i"
        sql 'VACUUM (FREEZE, ANALYZE) one'
        time=$(median 'SELECT 1' "$(backup one "'null'")")
        clear_backups
        real=${real:-$time}
        slower "$type" "$time" "$real"
    done
}

# What a script does that fetches rows by psycopg and writes them by python3-avro; a tenth of the rows, times ten.
python() {
    /usr/bin/python3 -c 'import psycopg2, avro' 2> /dev/null || { echo '    not run: python3-psycopg2 and python3-avro are not installed'; return; }
    make_hires "$rows"
    local deflate seconds
    deflate=$(median 'SELECT 1' "$(backup hires)")
    clear_backups
    seconds=$(/usr/bin/python3 bench/backup.py "$work/python.avro" $((rows / 10)))
    heading "$rows hires, beside a Python script" 'faster'
    faster 'psycopg and avro (a tenth, times ten)' "$(awk -v s="$seconds" 'BEGIN { print s * 10000 }')" "$(awk -v s="$seconds" 'BEGIN { print s * 10000 }')"
    faster 'backup_table_avro, default codec' "$deflate" "$(awk -v s="$seconds" 'BEGIN { print s * 10000 }')"
}

start_bench
machine
[ $# -gt 0 ] || set -- rows large types python
for part in "$@"; do
    case $part in
        rows) compare "$rows" ;;
        large) compare "$large" ;;
        types) types ;;
        python) python ;;
        *) die "no such part: $part" ;;
    esac
done
