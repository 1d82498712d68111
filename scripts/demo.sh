#!/usr/bin/env bash
# A walk through the whole house on throw-away servers under .demo, which stay up: `make stop` ends them.
# FERRY_DEMO_DATA names a folder with departments.csv, jobs.csv and hired_employees.csv; ours is data/.
. "$(dirname "$0")/lib.sh"

data=$(cd "${FERRY_DEMO_DATA:-data}" && pwd) || die "no folder ${FERRY_DEMO_DATA:-data}"
for table in departments jobs hired_employees; do
    [ -f "$data/$table.csv" ] || die "no file $data/$table.csv"
done
database=ferry_demo

section() { printf '\n---- %s\n' "$*"; }
sql() { psql -Xq -d "$database" -v ON_ERROR_STOP=1 -P footer=off -P null='(null)' "$@"; }
value() { sql -At -c "$1"; }
# post PATH BODY [TOKEN]: the status goes to the first line, the answer below it
post() {
    local auth=()
    [ -z "${3:-}" ] || auth=(-H "Authorization: Bearer $3")
    curl -sS --max-time 30 -X POST "$FERRY_URL$1" -H 'Content-Type: application/json' \
        ${auth[@]+"${auth[@]}"} --data "$2" -o .demo/answer.json -w '%{http_code}\n'
    cat .demo/answer.json
}

trap '[ $? = 0 ] || echo "demo.sh: failed; its logs are in .demo, and make stop ends its servers" >&2' EXIT

section 'Set-up'
scripts/setup.sh demo
say 'building'
mkdir -p build
build_stage build/stage > build/demo-build.log 2>&1 || { cat build/demo-build.log; die 'the build failed'; }
scripts/stop.sh
rm -rf .demo
say 'starting PostgreSQL'
scripts/cluster.sh start .demo build/stage
. .demo/env
psql -Xq -d postgres -c "CREATE DATABASE $database"
sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION pg_ferry_hiring CASCADE' \
    -c 'SELECT hiring.create_tables()' > /dev/null
say 'starting PostgREST'
scripts/postgrest.sh start .demo "$database"
. .demo/env
password=$(od -An -N9 -tx1 /dev/urandom | tr -d ' \n')
PGDATABASE=$database sh rest/add_user.sh demo operator <<< "$password"

section "Migrate three CSVs from $data"
inbox=$FERRY_PGDATA/pg_ferry/inbox
as_server mkdir -p -m 700 "$inbox"
for table in departments jobs hired_employees; do
    as_server sh -c "cat > '$inbox/$table.csv'" < "$data/$table.csv"
    sql -c "SELECT ferry.migrate_csv('$table', '$table.csv')" > /dev/null
done
sql -c "
    SELECT load_id AS load, target, status, rows_read AS read, rows_loaded AS loaded, rows_rejected AS rejected,
           round(extract(epoch FROM elapsed) * 1000, 1) AS ms
      FROM ferry.loads ORDER BY load_id"

section 'Why rows were rejected'
sql -c "
    SELECT column_name AS column, class, count(*) AS rejects
      FROM ferry.reject_errors GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
echo 'The first ones, each as it came:'
sql -c "
    SELECT r.line_number AS line, e.column_name AS column, left(e.message, 44) AS message,
           left(convert_from(r.raw, 'UTF8'), 40) AS row
      FROM ferry.rejects r JOIN ferry.reject_errors e USING (reject_id)
     ORDER BY r.reject_id, e.ordinal LIMIT 5"

section 'Hires of 2021 by quarter: the first rows of hiring.hires_by_quarter(2021)'
sql -c 'SELECT * FROM hiring.hires_by_quarter(2021) LIMIT 8'
section 'Departments above the mean: hiring.departments_above_mean(2021)'
sql -c 'SELECT * FROM hiring.departments_above_mean(2021)'

section 'Insert a batch over HTTP, one of three rows bad: POST /rpc/insert_batch'
token=$(post /rpc/login "{\"username\": \"demo\", \"password\": \"$password\"}" | tail -n +2 | jq -r '.access_token // .token')
department=$(value 'SELECT min(id) FROM departments') job=$(value 'SELECT min(id) FROM jobs')
batch=$(jq -n --argjson d "$department" --argjson j "$job" '{
    table_name: "hired_employees", mode: "partial", rows: [
        {name: "Bova Telin", datetime: "2021-07-01T08:00:00Z", department_id: $d, job_id: $j},
        {name: "Keldor Una", datetime: "2021-02-30T08:00:00Z", department_id: -1, job_id: $j},
        {name: "Alsen Ro", department_id: $d, job_id: $j}]}')
post /rpc/insert_batch "$batch" "$token" > .demo/batch.txt
echo "HTTP $(head -1 .demo/batch.txt)"
jq 'if .errors then {received, inserted, rejected, keys,
        errors: [.errors[] | {index, column, sqlstate, message}]} else . end' .demo/answer.json

section 'Back up, delete, restore'
digest="SELECT count(*) || ' rows, md5 ' || md5(string_agg(h::text, E'\n' ORDER BY id)) FROM hired_employees h"
before=$(value "$digest")
sql -c "
    SELECT backup_id, target, codec, rows, bytes, left(sha256::text, 16) || '...' AS sha256
      FROM ferry.backup_table_avro('hired_employees')"
echo "before:   $before"
sql -c 'DELETE FROM hired_employees'
echo "deleted:  $(value 'SELECT count(*) FROM hired_employees') rows left"
sql -o /dev/null -c "
    SELECT ferry.restore_table_avro('hired_employees',
        (SELECT backup_id FROM ferry.list_backups() ORDER BY taken_at DESC LIMIT 1))"
after=$(value "$digest")
echo "restored: $after"
[ "$before" = "$after" ] || die 'the restored rows differ'
echo 'The restored rows equal the rows before.'

section 'The servers stay up; make stop ends them'
psql_call="psql -h $PGHOST -U postgres $database"
[ "$(id -u)" != 0 ] || psql_call="$psql_call        (as root or postgres)"
cat << END
dashboard   $FERRY_URL/
API         $FERRY_URL/rpc/docs
log in as   demo, password $password
metrics     curl -H "Authorization: Bearer \$TOKEN" '$FERRY_URL/rpc/hires_by_quarter?year=2021'
psql        $psql_call
END
