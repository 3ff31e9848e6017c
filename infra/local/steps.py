"""Shows what a long command does: each step as it begins, and its seconds when it is done."""

import sys
import time

import click


class Steps:
    """The steps of one command, said one after the other; nothing is shown if it is `quiet`."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._first = time.monotonic()
        self._began: float | None = None

    @property
    def seconds(self) -> float:
        """How long the command has taken so far."""
        return time.monotonic() - self._first

    def __call__(self, step: str) -> None:
        """Begins a step, which ends the one before it."""
        self.done()
        self.remark(step.removesuffix("."))
        self._began = time.monotonic()

    def done(self) -> None:
        """Ends the step."""
        if self._began is not None:
            self.remark(f"  done in {time.monotonic() - self._began:.1f} s")
            self._began = None

    def remark(self, sentence: str) -> None:
        """Says what came of a step."""
        if not self._quiet:
            click.echo(sentence)

    def progress(self, sentence: str, *, is_last: bool) -> None:
        """Shows how far a step is: in one line of a terminal over and over, elsewhere when it is done."""
        if is_last:
            self.remark(sentence)
        elif sys.stdout.isatty():
            click.echo(f"{sentence}\x1b[K\r", nl=False)
