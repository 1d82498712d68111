#!/bin/sh
# Deploys the HTTP front into one database: roles, auth, api, OpenAPI document and pages, and a ready postgrest.conf.
# Repeat it after every upgrade: it rebuilds schemas api and rest, and keeps users, secrets and data.
#
# usage: deploy.sh [DATABASE]
#
# The database must have pg_ferry_hiring and the tables of hiring.create_tables().
# Environment:
#   PG*                    as for psql; the user must be a superuser, because roles belong to the whole cluster
#   FERRY_REST_DIR         folder for postgrest.conf, nginx.conf and the secrets (made if missing, mode 0700); run this
#                          as the user who will run PostgREST, or hand the folder over to that user afterwards
#   FERRY_REST_PORT        PostgREST's port on 127.0.0.1 (3000)
#   FERRY_REST_ADMIN_PORT  its admin port, for /live and /ready (3001)
#   FERRY_NGINX_PORT       nginx's port on 127.0.0.1, for those who put one in front (8080)
#   FERRY_JWT_SECRET       the key that signs tokens, 32 bytes or more; default: jwt.secret in FERRY_REST_DIR, made
#                          when absent
#   FERRY_NODE_MODULES     folder with the libraries the pages load (node_modules beside rest/); fill it there with
#                          `npm ci --omit=dev --ignore-scripts`
#   FERRY_PSQL             psql to use (psql, 15 or later)
#
# Without FERRY_REST_DIR only the database is touched, FERRY_JWT_SECRET must be there, and authenticator gets no
# password: pg_hba.conf has to let it in by peer or trust. With it, the password is made and kept in
# authenticator.pgpass; as the role is the cluster's, all deployments in one cluster must share that file.
# Prints nothing secret. Start with `postgrest $FERRY_REST_DIR/postgrest.conf`.
set -eu
umask 077

fail() { echo "deploy.sh: $*" >&2; exit 1; }
psql() { command "${FERRY_PSQL:-psql}" --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@"; }
random() { head -c 48 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
dir=${FERRY_REST_DIR:-}
[ $# -eq 0 ] || export PGDATABASE="$1"

# ---- the libraries of others that the pages load ----
# A file of a package, and its name among the assets; each comes with its licence.
modules=${FERRY_NODE_MODULES:-$here/../node_modules}
case $modules in /*) ;; *) modules=$PWD/$modules ;; esac
vendor='
swagger-ui-dist/swagger-ui-bundle.js             swagger-ui-bundle.js
swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt swagger-ui-bundle.js.LICENSE.txt
swagger-ui-dist/swagger-ui.css                   swagger-ui.css
swagger-ui-dist/LICENSE                          swagger-ui.LICENSE.txt
swagger-ui-dist/NOTICE                           swagger-ui.NOTICE.txt
uplot/dist/uPlot.iife.min.js                     uPlot.iife.min.js
uplot/dist/uPlot.min.css                         uPlot.min.css
uplot/LICENSE                                    uPlot.LICENSE.txt
'
each_vendor() { printf '%s' "$vendor" | sed '/^$/d' | while read -r file name; do "$1" "$modules/$file" "$name"; done; }
demand() { [ -r "$1" ] || fail "no $1: run npm ci --omit=dev --ignore-scripts beside package.json, or set FERRY_NODE_MODULES"; }
each_vendor demand

# ---- secrets ----
password=
if [ -n "$dir" ]; then
  mkdir -p "$dir"
  dir=$(CDPATH='' cd -- "$dir" && pwd)
  case $dir in *[\"\'\\\ ]*) fail 'the name of FERRY_REST_DIR may not hold quotes, blanks or backslashes' ;; esac
  if [ -n "${FERRY_JWT_SECRET:-}" ]; then printf '%s' "$FERRY_JWT_SECRET" > "$dir/jwt.secret"; fi
  [ -s "$dir/jwt.secret" ] || random > "$dir/jwt.secret"
  [ -s "$dir/authenticator.pgpass" ] || echo "*:*:*:authenticator:$(random)" > "$dir/authenticator.pgpass"
  FERRY_JWT_SECRET=$(cat "$dir/jwt.secret")
  password=$(sed -n 's/.*:authenticator://p' "$dir/authenticator.pgpass")
fi
[ -n "${FERRY_JWT_SECRET:-}" ] || fail 'neither FERRY_REST_DIR nor FERRY_JWT_SECRET is set'
[ ${#FERRY_JWT_SECRET} -ge 32 ] || fail 'the key that signs tokens is shorter than 32 bytes'

# ---- the database ----
missing=$(psql -At -c "SELECT string_agg(t, ', ') FROM unnest(ARRAY['departments', 'jobs', 'hired_employees']) AS t
                        WHERE to_regclass('public.' || t) IS NULL")
[ -z "$missing" ] || fail "schema public lacks $missing: run CREATE EXTENSION pg_ferry_hiring CASCADE; SELECT hiring.create_tables();"

# Secrets reach psql by the environment, never as arguments, and the session keeps out of the server's log.
jwt_secret=$FERRY_JWT_SECRET
export jwt_secret password
cd "$here"

# type_of NAME, insert FILE [NAME]: a file of the pages, as SQL
type_of() {
  case $1 in
    *.html) echo 'text/html; charset=utf-8' ;;
    *.css) echo 'text/css; charset=utf-8' ;;
    *.js) echo 'text/javascript; charset=utf-8' ;;
    *.svg) echo 'image/svg+xml' ;;
    *.txt) echo 'text/plain; charset=utf-8' ;;
    *) fail "no type is known for $1" ;;
  esac
}
insert() {
  name=${2:-$(basename "$1")}
  printf "INSERT INTO rest.assets (name, content_type, body) VALUES ('%s', '%s', decode('" "$name" "$(type_of "$name")"
  base64 < "$1" | tr -d '\n'
  printf "', 'base64'));\n"
}
{
  cat <<'SQL'
SET client_min_messages = warning;
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
\getenv jwt_secret jwt_secret
\getenv password password
\i roles.sql
SELECT format('ALTER ROLE authenticator PASSWORD %L', :'password') WHERE :'password' <> '' \gexec
\i auth.sql
SQL
  for file in api/*.sql; do echo "\\i $file"; done
  for file in web/*; do insert "$file"; done
  each_vendor insert
  cat <<'SQL'
NOTIFY pgrst, 'reload config';
NOTIFY pgrst, 'reload schema';
SQL
} | psql --single-transaction --file -

# ---- the settings ----
[ -n "$dir" ] || exit 0
port=${FERRY_REST_PORT:-3000}
# Whatever libpq resolved, so that PostgREST goes where psql went.
where=$(printf '%s\n' '\echo :HOST :PORT :DBNAME' | psql -At)
host=${where%% *} where=${where#* }
quote() { printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g; s/.*/'&'/"; }
uri="host=$(quote "$host") port=${where%% *} dbname=$(quote "${where#* }") user=authenticator passfile='$dir/authenticator.pgpass' application_name=postgrest"

uri=$uri awk -v dir="$dir" -v port="$port" -v admin="${FERRY_REST_ADMIN_PORT:-3001}" '
  function set(value) { print $1 " = " value }
  function text(value) { gsub(/["\\]/, "\\\\&", value); return "\"" value "\"" }
  $1 == "db-uri"                      { set(text(ENVIRON["uri"])); next }
  $1 == "jwt-secret"                  { set(text("@" dir "/jwt.secret")); next }
  $1 == "server-port"                 { set(port); next }
  $1 == "admin-server-port"           { set(admin); next }
  $1 == "server-cors-allowed-origins" { set(text("http://127.0.0.1:" port)); next }
  { print }' postgrest.conf > "$dir/postgrest.conf"
sed "s/@PORT@/$port/; s/@NGINX_PORT@/${FERRY_NGINX_PORT:-8080}/" nginx.conf > "$dir/nginx.conf"
echo "deployed; PostgREST's settings are in $dir/postgrest.conf"
