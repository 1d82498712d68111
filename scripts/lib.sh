# Sourced by the other scripts: where we are, who runs the servers, small helpers. Not run by itself.
set -euo pipefail
umask 022
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

export LC_ALL=C.UTF-8
export PG_CONFIG=${PG_CONFIG:-pg_config}
unset MAKEFLAGS MFLAGS MAKELEVEL
unset PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGPASSFILE PGDATABASE PGSERVICE PGOPTIONS PGDATA \
    PGAPPNAME PGCLIENTENCODING PGTZ PGDATESTYLE PGSSLMODE

say() { printf '==> %s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# The server refuses to run as root, so root lends it the postgres user; anyone else runs it as oneself.
if [ "$(id -u)" = 0 ]; then
    server_user=(setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/tmp TMPDIR=/tmp)
else
    server_user=(env)
fi
as_server() { (cd / && exec "${server_user[@]}" "$@"); }

# A folder that only the server's user can enter: inside $1 if that user gets there, else under /tmp.
server_folder() {
    local folder=$1/server
    rm -rf "$folder" && mkdir -p -m 700 "$folder"
    [ "$(id -u)" != 0 ] || chown postgres: "$folder"
    if ! as_server test -w "$folder"; then
        folder=$(as_server mktemp -d /tmp/pg_ferry.XXXXXX)
    fi
    echo "$folder"
}

# A port nobody answers on now; whoever binds it must be ready to ask again.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); do
        (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null || break
    done
    echo "$port"
}

# build_stage DIR: build everything and install it below DIR instead of into the system.
build_stage() {
    rm -rf "$1"
    make -s -j2 all test-module
    make -s install DESTDIR="$1"
}
