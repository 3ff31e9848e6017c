"""Shows what a long command does: each step as it begins, and its seconds when it is done."""

import sys
import time

import click


class Steps:
    """The steps of one command, said one after the other."""

    def __init__(self) -> None:
        self._first = time.monotonic()
        self._began: float | None = None

    @property
    def seconds(self) -> float:
        """How long the command has taken so far."""
        return time.monotonic() - self._first

    def __call__(self, step: str) -> None:
        """Begins a step, which ends the one before it."""
        self.done()
        click.echo(step.removesuffix("."))
        self._began = time.monotonic()

    def done(self) -> None:
        """Ends the step."""
        if self._began is not None:
            click.echo(f"  done in {time.monotonic() - self._began:.1f} s")
            self._began = None

    def progress(self, sentence: str, *, is_last: bool) -> None:
        """Shows how far a step is: in one line of a terminal over and over, elsewhere when it is done."""
        if is_last:
            click.echo(sentence)
        elif sys.stdout.isatty():
            click.echo(f"{sentence}\x1b[K\r", nl=False)
