"""`tail --follow` over files that come and go, each line with its source before it."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

FIRST_BYTES = 4000


def follow_files(files: Callable[[], Sequence[Path]], out: TextIO) -> None:
    """Writes the end of each file and then what is added, until interrupted. `files` is asked again and again."""
    tails: dict[Path, Tail] = {}
    while True:
        for path in files():
            tail = tails.setdefault(path, Tail(path))
            for line in tail.new_lines():
                out.write(f"{path.stem:28} | {line}\n")
        out.flush()
        time.sleep(0.3)


class Tail:
    """The growing end of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position: int | None = None
        self._rest = ""

    def new_lines(self) -> list[str]:
        """The whole lines written since the last call; at the first call, those at the end."""
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, 2)
                if self._position is None:
                    self._position = max(0, size - FIRST_BYTES)
                elif size < self._position:
                    # A file that shrank was made anew.
                    self._position = 0
                file.seek(self._position)
                text = self._rest + file.read().decode(errors="replace")
                self._position = file.tell()
        except OSError:
            return []
        *lines, self._rest = text.split("\n")
        return lines
