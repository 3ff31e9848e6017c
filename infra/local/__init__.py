"""The local stack: Postgres and LocalStack as ordinary processes, or in Docker if an engine answers."""
