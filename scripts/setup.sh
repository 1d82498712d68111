#!/usr/bin/env bash
# Installs what a build, the tests and the demo need, and nothing that is already there. Debian and its kin only.
#   setup.sh [demo]    with demo: without what only the tests need
. "$(dirname "$0")/lib.sh"

installed() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2> /dev/null | grep -qx installed; }
version_of() { dpkg-query -W -f '${Version}' "$1" 2> /dev/null; }
command -v dpkg-query > /dev/null || die 'this needs apt; on other systems install the packages listed in scripts/setup.sh'

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
apt_get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 -q=2 -o Dpkg::Use-Pty=0 "$@"
}
updated=
install() {
    say "apt installs: $*"
    if [ -z "$updated" ]; then apt_get update; fi
    updated=yes
    apt_get install --yes --no-install-recommends "$@" > /dev/null
}

# Avro libraries that the tests read and write files with; libavro-java brings Jackson, Joda, slf4j and snappy along.
readers=(python3-avro python3-snappy python3-zstandard libavro-java)
# What BI tools stand on, a browser for the report, and what looks at its PDF.
clients=(odbc-postgresql unixodbc libpostgresql-jdbc-java chromium poppler-utils nginx-light)
[ "${1:-}" != demo ] || readers=() clients=()
missing=()
for package in g++ make cmake pkg-config libboost-test-dev libavro-dev libdeflate-dev libzstd-dev libsnappy-dev \
    libsimdjson-dev zlib1g-dev clang-format clang-tidy ca-certificates curl jq strace "${readers[@]}" "${clients[@]}"; do
    installed "$package" || missing+=("$package")
done

# The major that is there already, else the distribution's own. Server and headers come as one version:
# naming both lets apt bring an older one up.
major=$("$PG_CONFIG" --version 2> /dev/null | sed 's/[^0-9]*\([0-9]*\).*/\1/') || major=
if [ -z "$major" ]; then
    major=$(find /usr/lib/postgresql -path '*/bin/postgres' 2> /dev/null | sort -V | tail -1 | cut -d/ -f5) || major=
fi
if [ -z "$major" ]; then
    apt_get update
    updated=yes
    major=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -1)
fi
server=postgresql-${major:-15} headers=postgresql-server-dev-${major:-15}
# What counts is what PG_CONFIG leads to, which need not be Debian's. (pgxs.mk alone says nothing: it comes with the client.)
complete() {
    [ -x "$("$PG_CONFIG" --bindir 2> /dev/null)/initdb" ] && [ -e "$("$PG_CONFIG" --includedir-server)/postgres.h" ]
}
if ! complete || { installed "$headers" && [ "$(version_of "$server")" != "$(version_of "$headers")" ]; }; then
    missing+=("$server" "$headers")
    say "$server may create its usual cluster \"main\"; nothing here uses it"
fi
[ ${#missing[@]} = 0 ] || install "${missing[@]}"

# Java's library is run from source, by a JDK of any make.
[ ${#readers[@]} = 0 ] || command -v javac > /dev/null || install default-jdk-headless

# Some packages of node bring npm along and conflict with Debian's, so ask in two steps.
command -v node > /dev/null || install nodejs
command -v npm > /dev/null || install npm

# npm ci writes node_modules/.package-lock.json last.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
    say 'npm installs what package-lock.json pins (PostgREST, libraries of the pages and the tests)'
    npm ci --no-audit --no-fund --ignore-scripts --loglevel=error > /dev/null
    touch node_modules/.package-lock.json
fi
say 'everything needed is installed'
