"""How the commands speak with a person: one sentence if something is wrong, a question before a change."""

import errno
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import click


class CommandError(click.ClickException):
    """The command cannot go on. The message says in a sentence or two what is wrong and what to do; exit code 1."""


class Telling(click.Group):
    """Commands that tell in a sentence what the machine refuses, such as a full disk or a folder of somebody else, what
    is wrong with a value, by the name that it has at `make`, and that they were interrupted (exit code 130)."""

    def invoke(self, ctx: click.Context) -> Any:
        end_like_ctrl_c()
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Interrupted; the programs that this command had started are stopped.", err=True)
            ctx.exit(130)
        except click.BadParameter as error:
            if not error.param or isinstance(error, click.MissingParameter):
                raise
            variable = error.param.opts[0].lstrip("-").replace("-", "_").upper()
            raise CommandError(f"{variable}: {error.message}") from error
        except OSError as error:
            # Of a pipe whose reader has gone, click says nothing.
            if error.errno == errno.EPIPE:
                raise
            raise CommandError(f"This machine refused: {error}.") from error


def confirmed(question: str, answer: str, given: str | None) -> bool:
    """Whether CONFIRM (`given`), or else the person at the terminal, gives the answer. Raises CommandError if there is
    neither."""
    if given is not None:
        return given == answer
    if not sys.stdin.isatty():
        raise CommandError(f"Nobody can be asked here; say CONFIRM={answer} to go on.")
    return input(question).strip() == answer


def patiently(seconds: float, pause: float = 0.1, longest_pause: float = 0.1) -> Iterator[None]:
    """Yields at once, and again after pauses that double, until the time is over."""
    end = time.monotonic() + seconds
    while True:
        yield
        if time.monotonic() + pause > end:
            return
        time.sleep(pause)
        pause = min(pause * 2, longest_pause)


def end_like_ctrl_c() -> None:
    """Lets a polite kill, or the end of the terminal, clean up as Ctrl-C does. What comes after the first is ignored:
    whoever ends all of a group, as `timeout` does, reaches a command twice, because make hands on what it gets."""
    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(_signal: int, _frame: object) -> None:
        for number in ends:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in ends:
        signal.signal(number, interrupt)
