"""What a command on this machine takes from its surroundings, and what it does not."""

import os
import signal

# Where AWS's and PostgreSQL's programs would look for a server or an account unless told.
_ELSEWHERE = ("AWS_", "PG")
_OWN_ADDRESSES = "localhost,127.0.0.1"


def forget_other_clouds() -> None:
    """Takes accounts, regions and servers of others out of the environment, and asks no proxy for this machine.

    What a person has set for other work must not lead the local stack, or its tests, to another place.
    """
    for name in list(os.environ):
        if name.startswith(_ELSEWHERE) or name in ("LOCALSTACK_HOST", "USE_SSL"):
            del os.environ[name]
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), _OWN_ADDRESSES)))


def end_like_ctrl_c() -> None:
    """Lets a polite kill, or the end of the terminal, clean up as Ctrl-C does."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
