"""What a person has set for other work must not lead the local stack, or its tests, to another place."""

import os

# Where AWS's and PostgreSQL's programs would look for a server or an account unless told.
_ELSEWHERE = ("AWS_", "PG")
_OWN_ADDRESSES = "localhost,127.0.0.1"


def forget_other_clouds() -> None:
    """Takes accounts, regions and servers of others out of the environment, and asks no proxy for this machine."""
    for name in list(os.environ):
        if name.startswith(_ELSEWHERE) or name in ("LOCALSTACK_HOST", "USE_SSL"):
            del os.environ[name]
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), _OWN_ADDRESSES)))
