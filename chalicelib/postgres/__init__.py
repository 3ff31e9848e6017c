"""The driver: a connection that asks once, the engine and its transaction, errors, sign-in, migrating, waits."""
