"""A browser of the tests: keeps cookies, follows links and sends forms as people do, and sees only what is there."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlencode, urljoin

from chalice.test import Client

from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from tests.support.people import PASSWORD, user_of

HOST = "loans.example"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Seen:
    """A page as it came. `path` is where the browser is after it."""

    status: int
    headers: dict[str, str]
    text: str
    path: str

    @property
    def words(self) -> str:
        """The text of the page without its tags."""
        without = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", self.text, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", without)).split())

    def hidden(self, name: str) -> str:
        """The value of a hidden field."""
        found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', self.text)
        assert found, f"There is no hidden field {name} in {self.path}"
        return unescape(found.group(1))

    def fields(self) -> dict[str, str]:
        """The inputs of the page as they came, without the token."""
        found = re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', self.text)
        return {name: unescape(value) for name, value in found if name != "csrf"}

    def links(self) -> list[str]:
        """Where the links and forms of the page lead, as paths."""
        found = re.findall(r'(?:href|src|action)="([^"]+)"', self.text)
        return [urljoin(self.path, unescape(each)) for each in found]


@dataclass
class Browser:
    """Calls the console as API Gateway does."""

    client: Client
    cookies: dict[str, str] = field(default_factory=dict)
    host: str = HOST

    def get(self, path: str, headers: dict[str, str] | None = None) -> Seen:
        """GETs a page without following where it leads."""
        return self.call("GET", path, b"", headers or {})

    def open(self, path: str) -> Seen:
        """GETs a page and follows where it leads."""
        return self.follow(self.get(path))

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: Any) -> Seen:
        """POSTs a form as it is, without the token that a page would have put into it."""
        body = urlencode({name: str(value) for name, value in fields.items()}).encode()
        return self.call("POST", path, body, {"Content-Type": FORM, "Sec-Fetch-Site": "same-origin"} | (headers or {}))

    def send(self, page: Seen, action: str, **fields: Any) -> Seen:
        """Sends a form of a page to an address, told as the page tells it, with the page's token."""
        return self.post(urljoin(page.path, action), csrf=page.hidden("csrf"), **fields)

    def follow(self, seen: Seen) -> Seen:
        """Goes where a redirect leads, if it is one."""
        while seen.status == 303:
            assert not seen.headers["Location"].startswith("/"), "a path from the host's root on breaks behind a stage"
            seen = self.get(urljoin(seen.path, seen.headers["Location"]))
        return seen

    def sign_in(self, login: str, password: str = PASSWORD) -> Seen:
        """Signs in with the form."""
        page = self.open("/console/sign-in/")
        return self.follow(self.send(page, "", login=login, password=password, next=page.hidden("next")))

    def sign_in_as(self, database: Database, role: Role) -> "Browser":
        """A new user of this role signs in."""
        seen = self.sign_in(user_of(database, role, f"a-{role.value}").login)
        assert seen.status == 200
        return self

    def call(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Seen:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Host": self.host} | ({"Cookie": cookie} if cookie else {}) | headers
        response = self.client.http.request(method, path, sent, body)
        several: str | list[str] = response.headers.pop("Set-Cookie", [])
        for header in several if isinstance(several, list) else [several]:
            name, _, rest = header.partition("=")
            value = rest.partition(";")[0]
            self.cookies.pop(name, None)
            if value and "Max-Age=0" not in header:
                self.cookies[name] = value
        return Seen(response.status_code, response.headers, response.body.decode(), path)


def link_on(seen: Seen) -> str:
    """The path of the link to choose a password with that a page shows."""
    return next(link for link in seen.links() if "/invitation/li_" in link)


def choose_password(browser: Browser, link: str, password: str = PASSWORD) -> Seen:
    """Opens a link, chooses a password there, and goes where it leads."""
    page = browser.get(link)
    return browser.follow(browser.send(page, "", new_password=password, repeated_password=password))


def names_in(seen: Seen) -> list[str]:
    """The names in a table of customers."""
    return [unescape(name) for name in re.findall(r'<th scope="row"[^>]*><a[^>]*>([^<]*)</a>', seen.text)]
