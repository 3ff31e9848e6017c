"""Workers of the import function that can be interrupted between any two statements, and what their messages say."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from threading import Event
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, text

from chalicelib.imports.running import import_messages
from chalicelib.postgres.database import Database, make_engine
from tests.support.patience import PATIENCE_SECONDS
from tests.support.settings import settings_for

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Two workers may also keep out of each other's way by other means than waiting for a lock.
LONG_ENOUGH_TO_MEET_SECONDS = 1


class Killed(BaseException):
    """The end of a process, which nothing of ours can catch."""


class Worker:
    """A process of the import function: its own connection, known to the server by its name.

    Its moments are counted, one before every statement. At any of them something may happen. The moment after the
    last statement is not among them: what dies there has done its work, and its message merely comes again.
    """

    def __init__(self, name: str, database_url: str, s3: "S3Client") -> None:
        self.name = name
        self._s3 = s3
        self._database = Database(make_engine(replace(settings_for(database_url), stage=name)))
        self._observer = Database(make_engine(replace(settings_for(database_url), stage=f"observer-of-{name}")))
        self._happenings: Mapping[int, Callable[[], object]] = {}
        self._is_dead = False
        self.moments = 0
        event.listen(self._database.engine, "before_cursor_execute", self._pass_a_moment)

    def deliver(
        self, body: str, happenings: Mapping[int, Callable[[], object]] | None = None, s3: "S3Client | None" = None
    ) -> bool:
        """Handles a message as the function does; what happens meanwhile stands under the number of its moment.

        False where the message must come again. `moments` is then how many there were.
        """
        self.moments, self._happenings = 0, happenings or {}
        return import_messages(self._database, s3 or self._s3, [("message", body)]) == []

    def die(self) -> None:
        """Ends this worker as kill -9 would: at once, without a word to the server."""
        self._is_dead = True
        self.lose_its_connection()
        raise Killed

    def lose_its_connection(self) -> None:
        """Ends the server's side of the connection, and waits until it is gone."""
        self._ask("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = :name")

    def waits_for_a_lock(self) -> bool:
        return bool(
            self._ask("SELECT 1 FROM pg_stat_activity WHERE application_name = :name AND wait_event_type = 'Lock'")
        )

    def close(self) -> None:
        self._database.engine.dispose()
        self._observer.engine.dispose()

    def _pass_a_moment(self, *_: object) -> None:
        if self._is_dead:
            raise Killed
        self.moments += 1
        if happening := self._happenings.get(self.moments):
            happening()

    def _ask(self, statement: str) -> int:
        with self._observer.reading() as connection:
            return len(connection.execute(text(statement), {"name": f"loans-{self.name}"}).all())


class FailingS3:
    """S3, but for one operation, which fails every time."""

    def __init__(self, s3: "S3Client", operation: str, error: Exception) -> None:
        self._s3, self._operation, self._error = s3, operation, error
        self.has_failed = False

    def __getattr__(self, name: str) -> Any:
        return self._fail if name == self._operation else getattr(self._s3, name)

    def _fail(self, **_: object) -> None:
        self.has_failed = True
        raise self._error


@dataclass(frozen=True)
class Pause:
    """Something that can happen to a worker: it stands still until it may go on."""

    reached: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)

    def __call__(self) -> None:
        self.reached.set()
        assert self.over.wait(PATIENCE_SECONDS)


def wait_until_they_meet(worker: Worker, work: "Future[bool]") -> None:
    """Returns when the worker has done its work or waits for another."""
    end = time.monotonic() + LONG_ENOUGH_TO_MEET_SECONDS
    while time.monotonic() < end and not (work.done() or worker.waits_for_a_lock()):
        time.sleep(0.002)
