"""The local stack: Postgres and LocalStack as ordinary processes, or in Docker where an engine answers."""
