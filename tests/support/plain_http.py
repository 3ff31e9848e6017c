"""requests for tests: without the proxies, the .netrc and the certificates of whoever runs them.

requests looks for those in the environment at every call. pytest writes the name of the test there, and a thread that
reads meanwhile dies of a KeyError.
"""

from typing import Any

import requests

from tests.support.patience import PATIENCE_SECONDS


def new_session() -> requests.Session:
    """A session that reads nothing of the environment."""
    session = requests.Session()
    session.trust_env = False
    return session


def request(method: str, url: str, **more: Any) -> requests.Response:
    """The answer, over a connection of its own; waits for as long as anything may take."""
    with new_session() as session:
        return session.request(method, url, timeout=PATIENCE_SECONDS, **more)


def get(url: str, **more: Any) -> requests.Response:
    return request("GET", url, **more)


def post(url: str, **more: Any) -> requests.Response:
    return request("POST", url, **more)
