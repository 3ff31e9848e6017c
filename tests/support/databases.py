"""An empty database for each test: one that is cleaned and used again, because making one takes longer than most tests.

Whatever a test did to the schema, the settings or the server, the next one gets a database as the migrations make it:
one that is not so any more is dropped, and another is made.
"""

from collections.abc import Callable
from itertools import count

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from infra.local.postgres import PostgresServer

TEMPLATE = "loans_template"
# A test database may be lost with the machine: skipping the flushes makes it several times as fast.
WITHOUT_DURABILITY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")

# Everything that a test may change beside rows: two databases with the same value are the same but for their rows.
_SCHEMA = text("""
    SELECT md5(string_agg(fact, E'\\n' ORDER BY fact)) FROM (
        SELECT concat_ws(' ', 'relation', oid, relname, relkind, relpersistence, relowner, relacl) AS fact
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat_ws(' ', 'column', attrelid, attname, atttypid, atttypmod, attnotnull, atthasdef, attisdropped)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat_ws(' ', 'constraint', conname, convalidated, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat_ws(' ', 'index', indexrelid, indisvalid) FROM pg_index
        UNION ALL
        SELECT concat_ws(' ', 'trigger', tgrelid, tgname, tgenabled) FROM pg_trigger
        UNION ALL
        SELECT concat_ws(' ', 'function', oid, proname, md5(prosrc)) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat_ws(' ', 'schema', nspname, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
        UNION ALL
        SELECT concat_ws(' ', 'database', datdba, datacl) FROM pg_database WHERE datname = current_database()
        UNION ALL
        SELECT concat_ws(' ', 'setting', setdatabase, setrole, setconfig) FROM pg_db_role_setting
        UNION ALL
        SELECT concat_ws(' ', 'revision', version_num) FROM alembic_version
    ) AS facts
""")

_END_OTHERS = text("""
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
""")

# Loans and customers cannot be removed while what is told of them refuses to be.
_APPEND_ONLY = ("loan_transactions", "key_facts_statements")
LET_TRANSACTIONS_GO = "; ".join(f"ALTER TABLE {name} DISABLE TRIGGER {name}_are_append_only" for name in _APPEND_ONLY)
KEEP_TRANSACTIONS = "; ".join(
    f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {name}_are_append_only" for name in _APPEND_ONLY
)

# Only what has rows, or numbers that were drawn: to truncate all tables takes as long as a test.
_EMPTY = text(f"""
    DO $$
    DECLARE
        each record;
        has_rows boolean;
    BEGIN
        ALTER TABLE audit_log DISABLE TRIGGER audit_log_is_append_only;
        {LET_TRANSACTIONS_GO};
        FOR each IN SELECT relname FROM pg_class
                    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
        LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %I)', each.relname) INTO has_rows;
            IF has_rows THEN
                EXECUTE format('TRUNCATE %I CASCADE', each.relname);
            END IF;
        END LOOP;
        ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_is_append_only;
        {KEEP_TRANSACTIONS};
        FOR each IN SELECT sequencename, start_value FROM pg_sequences
                    WHERE schemaname = 'public' AND last_value IS NOT NULL
        LOOP
            PERFORM setval(each.sequencename::regclass, each.start_value, false);
        END LOOP;
    END $$
""")


class Databases:
    """The databases of a run on one server, of which one is in use at a time."""

    def __init__(self, postgres: PostgresServer, administration: Callable[[str], None]) -> None:
        self._postgres, self._administration = postgres, administration
        self._numbers = count(1)
        self._clean: str | None = None
        self._schema: str | None = None

    def take(self) -> str:
        """The URL of an empty database of the newest revision."""
        if self._clean is None:
            self._clean = f"loans_test_{next(self._numbers)}"
            self._administration(f"CREATE DATABASE {self._clean} TEMPLATE {TEMPLATE}")
            with self._connected(self._clean) as connection:
                self._schema = connection.execute(_SCHEMA).scalar_one()
        return self._postgres.url(self._clean)

    def give_back(self) -> None:
        """Cleans the database for the next test, or drops it."""
        assert self._clean
        try:
            is_clean = self._cleaned(self._clean)
        except SQLAlchemyError:
            is_clean = False
        if not is_clean:
            self._administration(f"DROP DATABASE IF EXISTS {self._clean} WITH (FORCE)")
            self._clean = None

    def _cleaned(self, name: str) -> bool:
        with self._connected(name) as connection:
            connection.execute(_END_OTHERS)
            if connection.execute(_SCHEMA).scalar_one() != self._schema:
                return False
            connection.execute(_EMPTY)
            return True

    def _connected(self, name: str) -> Connection:
        url = self._postgres.url(name).replace("postgresql:", "postgresql+pg8000:")
        return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()
