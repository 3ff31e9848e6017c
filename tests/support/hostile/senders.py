"""Who sends hostile requests: somebody of every kind, with the credentials they have, had or made up."""

import re
import threading
from typing import Any

import requests

from tests.support import plain_http
from tests.support.hostile.cases import Case
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import Stack

PASSWORD = "a long enough password"


class Credentials:
    """Somebody of every kind, made over HTTP by the first admin, as a lender would."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        made = stack.administer("create_superuser", login="root", password=PASSWORD)
        assert made["login"] == "root"
        self.tokens = {"admin": self.sign_in("root")}
        for role in ("viewer", "officer"):
            self.new_user(role, role)
            self.tokens[role] = self.sign_in(role)
        for role in ("reader", "writer", "importer"):
            self.tokens[role] = self.new_key(role)["token"]
        self.tokens["limited"] = self.new_key("writer", customer_id=1)["token"]
        self._end_some()

    def new_user(self, login: str, role: str) -> Any:
        """A user who has chosen the password."""
        user = self.ask("POST", "/users/", {"login": login, "name": login, "role": role})
        body = {"token": user["invitation"]["token"], "password": PASSWORD}
        self.ask("POST", "/invitations/", body, who=None)
        return user

    def sign_in(self, login: str) -> str:
        return str(self.ask("POST", "/sessions/", {"login": login, "password": PASSWORD}, who=None)["token"])

    def new_key(self, role: str, **more: object) -> Any:
        return self.ask("POST", "/api-keys/", {"name": f"{role} of the tests", "role": role, **more})

    def _end_some(self) -> None:
        revoked, rotated, expired = (self.new_key("writer", days=1) for _ in range(3))
        self.ask("DELETE", f"/api-keys/{revoked['key_id']}/")
        self.ask("POST", f"/api-keys/{rotated['key_id']}/rotate/")
        self._stack.run(
            f"UPDATE api_keys SET expires_at = now() - interval '1 minute' WHERE key_id = {expired['key_id']}"
        )
        gone = self.new_user("gone", "admin")
        disabled = self.sign_in("gone")
        self.ask("PATCH", f"/users/{gone['user_id']}/", {"disabled": True})
        self.tokens["signed out"] = self.sign_in("root")
        self.ask("DELETE", "/sessions/current/", who="signed out")
        self.tokens |= {"revoked": revoked["token"], "rotated": rotated["token"], "expired": expired["token"]}
        self.tokens["disabled"] = disabled

    def ask(self, method: str, path: str, body: object = None, who: str | None = "admin") -> Any:
        headers = {} if who is None else {"Authorization": f"Bearer {self.tokens[who]}"}
        answer = plain_http.request(method, self._stack.api_url + path, json=body, headers=headers)
        assert answer.ok, answer.text
        return answer.json() if answer.text else None


class Sender:
    """Sends cases to a stack, each thread over a connection of its own."""

    def __init__(self, stack: Stack, credentials: Credentials, numbers: dict[str, str]) -> None:
        self._root = stack.api_url.removesuffix("/api")
        self._tokens, self._numbers = credentials.tokens, numbers
        self._local = threading.local()

    def __call__(self, case: Case) -> requests.Response:
        path = re.sub(r"\{([a-z ]+)\}", lambda found: self._numbers[found[1]], case.path)
        headers: dict[str, str | bytes] = {
            name: filled(value, self._tokens).encode("utf-8") for name, value in case.headers.items()
        }
        if case.who is not None:
            headers["Authorization"] = f"Bearer {self._tokens[case.who]}"
        if not hasattr(self._local, "session"):
            self._local.session = plain_http.new_session()
        answer: requests.Response = self._local.session.request(
            case.method, self._root + case.base + path, headers=headers, data=case.body, timeout=PATIENCE_SECONDS,
            allow_redirects=False,
        )  # fmt: skip
        return answer


def filled(value: str, tokens: dict[str, str]) -> str:
    """`{writer}`, `{writer[3:]}` and `{writer.upper()}` as what they stand for."""

    def stands_for(found: re.Match[str]) -> str:
        name, start, end, method = found.group("name", "start", "end", "method")
        token = tokens[name]
        if method:
            return str(getattr(token, method)())
        return token[slice(int(start) if start else None, int(end) if end else None)]

    pattern = r"\{(?P<name>writer|admin)(\[(?P<start>-?\d*):(?P<end>-?\d*)\])?(\.(?P<method>\w+)\(\))?\}"
    return re.sub(pattern, stands_for, value)
