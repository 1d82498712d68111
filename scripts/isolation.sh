#!/usr/bin/env bash
# Runs test/specs with PostgreSQL's isolationtester on a cluster that scripts/cluster.sh started.
#   isolation.sh DIR OUTPUT
# A spec runs once for each loader and isolation level that suit it, as a test named SPEC_LOADER_LEVEL. Settings of the
# session say which; test/specs/load.sql has the loaders.
. "$(dirname "$0")/lib.sh"
[ $# = 2 ] || die 'usage: isolation.sh DIR OUTPUT'
. "$1/env"
rm -rf "$2" && mkdir -p "$2"
out=$(cd "$2" && pwd)
tester=$(dirname "$("$PG_CONFIG" --pgxs)")/../test/isolation/pg_isolation_regress
[ -x "$tester" ] || die "there is no $tester: run make setup"

export PGDATABASE=ferry_isolation
psql -Xq -d postgres -v ON_ERROR_STOP=1 -c 'SET client_min_messages = warning' \
    -c "DROP DATABASE IF EXISTS $PGDATABASE" -c "CREATE DATABASE $PGDATABASE"
psql -Xq -v ON_ERROR_STOP=1 -f test/specs/load.sql

suits() { # SPEC LOADER LEVEL
    case $1 in
        batches) [ "$2" = csv ] ;;
        on_conflict) [ "$2" != json ] ;;
        idempotency) [ "$2" = json ] ;;
        deadlock) [ "$3" = read_committed ] ;;
        serializable) [ "$3" = serializable ] ;;
    esac
}

# All loaders share the expected output SPEC_LEVEL.out. As with pg_regress, SPEC_LEVEL_1.out is as good where it exists.
prepare() { # SPEC LOADER LEVEL FOLDER
    local expected=test/specs/expected/$1_$3
    if [ ! -e "$expected.out" ]; then
        echo "test $1_$2_$3 ... FAILED: there is no $expected.out"
        return 1
    fi
    cp "test/specs/$1.spec" "$4/specs/$1_$2_$3.spec"
    cp "$expected.out" "$4/expected/$1_$2_$3.out"
    if [ -e "${expected}_1.out" ]; then cp "${expected}_1.out" "$4/expected/$1_$2_$3_1.out"; fi
}

status=0
for loader in copy csv rows json; do
    for level in read_committed repeatable_read serializable; do
        folder=$out/${loader}_$level names=()
        mkdir -p "$folder/specs" "$folder/expected"
        for spec in test/specs/*.spec; do
            spec=$(basename "$spec" .spec)
            suits "$spec" $loader $level || continue
            if prepare "$spec" $loader $level "$folder"; then names+=("${spec}_${loader}_$level"); else status=1; fi
        done
        PGOPTIONS="-c ferry_test.loader=$loader -c default_transaction_isolation=${level//_/\\ } -c client_min_messages=error" \
            "$tester" --use-existing --dbname=$PGDATABASE --inputdir="$folder" --outputdir="$folder" "${names[@]}" \
            > "$folder/log" 2>&1 || status=1
        grep -E '^(test|ok|not ok) ' "$folder/log" || cat "$folder/log"
        if [ -s "$folder/regression.diffs" ]; then cat "$folder/regression.diffs"; fi
    done
done
exit $status
