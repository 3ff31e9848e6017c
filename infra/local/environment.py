"""How a command on this machine ends."""

import signal


def end_like_ctrl_c() -> None:
    """Lets a polite kill, or the end of the terminal, clean up as Ctrl-C does."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
