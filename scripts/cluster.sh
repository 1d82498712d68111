#!/usr/bin/env bash
# A throw-away PostgreSQL cluster that finds pg_ferry in a stage folder instead of in the system.
#   cluster.sh start DIR STAGE [setting=value ...]   leaves DIR/env to source: PGHOST, PGPORT, PGUSER, FERRY_PGDATA ...
#   cluster.sh stop DIR
# It listens on a socket in a private folder only, so no port is taken and nobody else gets in.
. "$(dirname "$0")/lib.sh"

start() {
    local dir stage base socket bin setting
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
    stage=$2
    shift 2
    stop "$dir"
    bin=$("$PG_CONFIG" --bindir)
    base=$(server_folder "$dir")
    socket=$base
    if [ ${#socket} -gt 80 ]; then socket=$(as_server mktemp -d /tmp/pg_ferry.XXXXXX); fi
    cat > "$dir/env" << END
export PGHOST='$socket' PGPORT=5432 PGUSER=postgres
export FERRY_SERVER='$base' FERRY_PGDATA='$base/data'
END
    # A copy: a rebuild must not touch what a running server has mapped, and the checkout may be closed to its user.
    cp -r "$stage" "$base/stage"

    as_server "$bin/initdb" -D "$base/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
        > "$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; die 'initdb failed'; }
    {
        echo "listen_addresses = ''"
        echo "unix_socket_directories = '$socket'"
        echo "port = 5432"
        echo "timezone = 'UTC'"
        echo "log_line_prefix = '%m [%p] %q%u@%d '"
        stage_settings "$bin" "$base/stage"
        for setting in "$@"; do echo "${setting%%=*} = '${setting#*=}'"; done
    } | as_server sh -c "cat >> '$base/data/postgresql.conf'"
    as_server "$bin/pg_ctl" -D "$base/data" -w -t 60 start < /dev/null > "$dir/postgres.log" 2>&1 ||
        { cat "$dir/postgres.log" >&2; die 'the server did not start'; }
}

# Debian's server up to 17 has extension_destdir; PostgreSQL 18 has its own pair of paths.
stage_settings() {
    local known
    known=$(as_server "$1/postgres" --describe-config | cut -f1)
    if grep -qx extension_destdir <<< "$known"; then
        echo "extension_destdir = '$2'"
    elif grep -qx extension_control_path <<< "$known"; then
        echo "extension_control_path = '$2$("$PG_CONFIG" --sharedir):\$system'"
        echo "dynamic_library_path = '$2$("$PG_CONFIG" --pkglibdir):\$libdir'"
    else
        say 'this server cannot load extensions from a stage folder: relying on an earlier make install' >&2
    fi
}

stop() {
    [ -e "$1/env" ] || return 0
    . "$1/env"
    if [ -e "$FERRY_PGDATA/postmaster.pid" ]; then
        as_server "$("$PG_CONFIG" --bindir)/pg_ctl" -D "$FERRY_PGDATA" -m fast -w stop > /dev/null || true
    fi
    for folder in "$PGHOST" "$FERRY_SERVER"; do
        case $folder in /tmp/pg_ferry.??????) rm -rf "$folder" ;; esac
    done
    rm -f "$1/env"
}

case "${1:-} ${2:-}" in
    'start '?*) start "${@:2}" ;;
    'stop '?*) stop "$2" ;;
    *) die 'usage: cluster.sh start DIR STAGE [setting=value ...] | stop DIR' ;;
esac
