#!/bin/sh
# Adds a user of the HTTP front, or gives an existing one a new password and role and lets them in again.
# The password is the first line of standard input; at a terminal, or when that is empty, one is made and printed.
#
# usage: add_user.sh NAME ROLE      ROLE is reader, writer or operator
#
# Environment: PG* as for psql (a superuser of the deployed database), FERRY_PSQL (psql).
# To shut a user out at once: UPDATE auth.users SET disabled = true WHERE username = '…';
set -eu

[ $# -eq 2 ] || { echo "usage: add_user.sh NAME reader|writer|operator" >&2; exit 2; }
case $2 in
  reader | writer | operator) role=app_$2 ;;
  app_reader | app_writer | app_operator) role=$2 ;;
  *) echo "add_user.sh: no such role: $2" >&2; exit 2 ;;
esac

password=
[ -t 0 ] || IFS= read -r password || true
made=
if [ -z "$password" ]; then
  password=$(head -c 18 /dev/urandom | base64 | tr '+/' '-_')
  made=yes
fi

export ferry_name="$1" ferry_role="$role" ferry_password="$password"
"${FERRY_PSQL:-psql}" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --output /dev/null -f - <<'SQL'
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
\getenv name ferry_name
\getenv role ferry_role
\getenv password ferry_password
SELECT auth.set_user(:'name', :'password', :'role');
SQL

[ -z "$made" ] || echo "$password"
