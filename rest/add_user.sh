#!/bin/sh
# Adds a user of the HTTP front, or gives an existing one a new password and role and lets them in again, or shuts one
# out. The password is the first line of standard input; at a terminal, or when that is empty, one is made and printed.
# A change ends the user's sessions and tokens at once.
#
# usage: add_user.sh NAME ROLE           ROLE is reader, writer or operator
#        add_user.sh --disable NAME
#
# Environment: PG* as for psql (a superuser of the deployed database), FERRY_PSQL (psql).
set -eu

usage() { echo "usage: add_user.sh NAME reader|writer|operator, or add_user.sh --disable NAME" >&2; exit 2; }
# Runs SQL that the server keeps out of its log.
run() {
  { cat <<'SQL'; cat; } | "${FERRY_PSQL:-psql}" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --output /dev/null -f -
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
\getenv name ferry_name
SQL
}

[ $# -eq 2 ] || usage
if [ "$1" = --disable ]; then
  ferry_name=$2
  export ferry_name
  run <<'SQL'
SELECT auth.disable_user(:'name');
SQL
  exit
fi
case $2 in
  reader | writer | operator) role=app_$2 ;;
  app_reader | app_writer | app_operator) role=$2 ;;
  *) echo "add_user.sh: no such role: $2" >&2; usage ;;
esac

password=
[ -t 0 ] || IFS= read -r password || true
made=
if [ -z "$password" ]; then
  password=$(head -c 18 /dev/urandom | base64 | tr '+/' '-_')
  made=yes
fi

ferry_name=$1 ferry_role=$role ferry_password=$password
export ferry_name ferry_role ferry_password
run <<'SQL'
\getenv role ferry_role
\getenv password ferry_password
SELECT auth.set_user(:'name', :'password', :'role');
SQL

[ -z "$made" ] || echo "$password"
