#!/bin/bash
# Does what the official entrypoint documents of PGDATA and of POSTGRES_DB, _USER, _PASSWORD and _INITDB_ARGS: the cluster is made by a
# server that listens on its socket alone, as the user postgres.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
  install --directory --mode 0700 --owner postgres --group postgres "$PGDATA"
  install --directory --mode 3775 --owner postgres --group postgres /var/run/postgresql
  exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # shellcheck disable=SC2086 # several arguments in one variable
  initdb ${POSTGRES_INITDB_ARGS:-} --username "$POSTGRES_USER" --pwfile <(printf '%s\n' "${POSTGRES_PASSWORD:?is needed for a new database}")
  printf '\nhost all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
  pg_ctl -o '-c listen_addresses= -c unix_socket_directories=/var/run/postgresql' -w start
  createdb --host /var/run/postgresql --username "$POSTGRES_USER" --maintenance-db postgres "$POSTGRES_DB"
  pg_ctl -m fast -w stop
fi
exec "$@" -c unix_socket_directories=/var/run/postgresql
