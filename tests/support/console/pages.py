"""The pages of the console that a browser is led through, and how it looks at them.

A test holds that each page of the application is among them.
"""

import re
from dataclasses import dataclass

from chalicelib.console.frame.pages import PAGES


@dataclass(frozen=True)
class Shown:
    """A page: its name, and its address from /console/ on, in which {names} stand for numbers.

    With `sends` its form is sent as it is, past what a browser checks, to see the page with its errors.
    """

    name: str
    address: str
    sends: bool = False


@dataclass(frozen=True)
class View:
    """What a page is looked at with. Lengths are CSS pixels."""

    name: str
    width: int
    height: int
    scheme: str


VIEWS = (
    View("desk-light", 1280, 900, "light"),
    View("desk-dark", 1280, 900, "dark"),
    View("phone-light", 390, 844, "light"),
    View("phone-dark", 390, 844, "dark"),
)
# Worth a picture.
PICTURES = (
    Shown("home", ""),
    Shown("customers", "customers/"),
    Shown("customer", "customers/{customer}/"),
    Shown("what-if", "customers/{customer}/?loan_amount=900000&interest_rate=11&tenure=36#what-if"),
    Shown("register", "customers/new/"),
    Shown("change", "customers/{customer}/change/"),
    Shown("applications", "applications/"),
    Shown("application", "applications/{refused}/"),
    Shown("loans", "loans/"),
    Shown("loan", "loans/{loan}/"),
    Shown("receipt", "loans/{loan}/receipts/?amount=5000"),
    Shown("settlement", "loans/{loan}/settlement/"),
    Shown("prepayment", "loans/{loan}/prepayment/?amount=5000"),
    Shown("statement", "loans/{loan}/statement/"),
    Shown("collections", "collections/"),
    Shown("imports", "imports/"),
    Shown("import", "imports/{import}/"),
    Shown("import-changes", "imports/{import}/changes/"),
    Shown("import-new", "imports/new/"),
    Shown("failed-files", "imports/dead-letters/"),
    Shown("users", "administration/users/"),
    Shown("user", "administration/users/{user}/"),
    Shown("keys", "administration/keys/"),
    Shown("audit", "administration/audit/"),
    Shown("policy", "administration/policy/"),
)

# Behind the others; also what pages look like when something is wrong.
BEHIND = (
    Shown("administration", "administration/"),
    Shown("account", "account/"),
    Shown("new user", "administration/users/new/"),
    Shown("new key", "administration/keys/new/"),
    Shown("rotating a key", "administration/keys/{key}/rotate/"),
    Shown("revoking a key", "administration/keys/{key}/revoke/"),
    Shown("register with errors", "customers/new/", sends=True),
    Shown("change with errors", "customers/{customer}/change/", sends=True),
    Shown("what-if with errors", "customers/{customer}/?loan_amount=much&interest_rate=300&tenure=0"),
    Shown("account with errors", "account/", sends=True),
    Shown("new user with errors", "administration/users/new/", sends=True),
    Shown("new key with errors", "administration/keys/new/", sends=True),
    Shown("audit with errors", "administration/audit/?from=soon"),
    Shown("schedule", "loans/{loan}/schedule/"),
    Shown("receipt with errors", "loans/{loan}/receipts/", sends=True),
    Shown("refund", "loans/{loan}/refunds/"),
    Shown("waiver", "loans/{loan}/waivers/"),
    Shown("waiver with errors", "loans/{loan}/waivers/", sends=True),
    Shown("write-off", "loans/{loan}/write-off/"),
    Shown("reversal", "loans/{loan}/transactions/1/reversal/"),
    Shown("opening", "loans/{imported}/opening/"),
    Shown("a loan that is not serviced", "loans/{imported}/"),
    Shown("a loan as of another day", "loans/{loan}/?as_of=2030-01-31"),
    Shown("a loan of a day that is none", "loans/{loan}/?as_of=soon"),
    Shown("statement with errors", "loans/{loan}/statement/?from=soon"),
    Shown("settlement with errors", "loans/{loan}/settlement/?on=soon"),
    Shown("class without loans", "collections/?bucket=SMA-2"),
    Shown("loans with errors", "loans/?customer_id=Rudra"),
    Shown("nobody found", "customers/?q=zzzz"),
    Shown("no such customer", "customers/999999/"),
    Shown("no such page", "nowhere/"),
)


@dataclass(frozen=True)
class Download:
    """A file that a link of a page leads to: the page, the words of the link, and the address of the file."""

    page: str
    link: str
    address: str


DOWNLOADS = (
    Download("loans/{loan}/schedule/", "CSV", "loans/{loan}/schedule/?format=csv"),
    Download("loans/{loan}/schedule/", "Excel", "loans/{loan}/schedule/?format=xlsx"),
    Download("loans/{loan}/statement/", "CSV", "loans/{loan}/statement/?format=csv"),
    Download("loans/{loan}/statement/", "Excel", "loans/{loan}/statement/?format=xlsx"),
    Download("imports/", "Template", "imports/template/"),
    Download("", "Proposed openings (Excel)", "loans/openings/"),
    Download("imports/{import}/", "Report", "imports/{import}/report/"),
    Download("imports/{import}/changes/", "CSV", "imports/{import}/changes/csv/"),
)

# What every browser comes past on the way to another page: the sign-in, what pages load and what a script asks for.
IN_PASSING = ("sign-in/", "static/1/style.css", "imports/1/progress/")


def page_at(address: str) -> str | None:
    """The path that the application declares for an address from /console/ on; None where it declares none."""
    path = f"/console/{address}".partition("?")[0].rstrip("/")
    fitting = [each for method, each in PAGES if method == "GET" and _pattern(each).fullmatch(path)]
    # As API Gateway does: the path that says most of it itself.
    return min(fitting, key=lambda each: ("proxy" in each, each.count("{")), default=None)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{[^}]*\}", lambda found: ".+" if "+" in found[0] else "[^/]+", path))
