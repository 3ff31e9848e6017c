"""The pages of the console that a browser is led through, and how it looks at them.

A test holds that each page of the application is among them.
"""

from dataclasses import dataclass


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

    @property
    def is_phone(self) -> bool:
        """Whether it is looked at by somebody with a finger and no mouse."""
        return self.width < 500


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
    Shown("letter", "applications/{refused}/letter/"),
    Shown("key-facts-new", "customers/{customer}/key-facts/?loan_amount=240000&interest_rate=13.5&tenure=24"),
    Shown("key-facts", "key-facts/{key_facts}/"),
    Shown("loans", "loans/"),
    Shown("loan", "loans/{loan}/"),
    Shown("transactions", "transactions/"),
    Shown("receipt", "loans/{loan}/receipts/?amount=5000"),
    Shown("settlement", "loans/{loan}/settlement/"),
    Shown("prepayment", "loans/{loan}/prepayment/?amount=5000"),
    Shown("statement", "loans/{loan}/statement/"),
    Shown("collections", "collections/"),
    Shown("imports", "imports/"),
    Shown("import", "imports/{import}/"),
    Shown("import-changes", "imports/{import}/changes/"),
    Shown("import-new", "imports/new/"),
    Shown("failed-files", "imports/failed-files/"),
    Shown("users", "administration/users/"),
    Shown("user", "administration/users/{user}/"),
    Shown("keys", "administration/keys/"),
    Shown("audit", "administration/audit/"),
    Shown("policy", "policy/"),
    Shown("refusals", "applications/?outcome=refused&reason=income"),
)

# Behind the others; also what pages look like when something is wrong.
BEHIND = (
    Shown("administration", "administration/"),
    Shown("account", "account/"),
    Shown("new user", "administration/users/new/"),
    Shown("disabling a user", "administration/users/{user}/disable/"),
    Shown("a link that was shown", "administration/users/{user}/invitation/"),
    Shown("a key that was shown", "administration/keys/{key}/issued/"),
    Shown("second factor", "account/second-factor/"),
    Shown("second factor with errors", "account/second-factor/", sends=True),
    Shown("recovery codes", "account/recovery-codes/"),
    Shown("a link that is over", "invitation/over/"),
    Shown("new key", "administration/keys/new/"),
    Shown("rotating a key", "administration/keys/{key}/rotate/"),
    Shown("revoking a key", "administration/keys/{key}/revoke/"),
    Shown("register with errors", "customers/new/", sends=True),
    Shown("change with errors", "customers/{customer}/change/", sends=True),
    Shown("what-if with errors", "customers/{customer}/?loan_amount=much&interest_rate=300&tenure=0"),
    Shown("saved views", "views/"),
    Shown("what-if above the policy's share", "customers/{customer}/?loan_amount=400000&interest_rate=14&tenure=12"),
    Shown("what-if of a small loan", "customers/{customer}/?loan_amount=5000&interest_rate=14&tenure=12"),
    Shown("a reversal with errors", "loans/{loan}/transactions/2/reversal/", sends=True),
    Shown("refund with errors", "loans/{loan}/refunds/", sends=True),
    Shown("rejected rows", "imports/{import}/?outcome=rejected"),
    Shown("new import with errors", "imports/new/", sends=True),
    Shown("imports with errors", "imports/?from=soon"),
    Shown("no such imports", "imports/?state=failed"),
    Shown("applications with errors", "applications/?amount_from=much&score_from=200"),
    Shown("no such applications", "applications/?amount_from=900000000"),
    Shown("the end of a list", "customers/?after=999999"),
    Shown("a search for nothing", "search/"),
    Shown("schedule to its end", "loans/{loan}/schedule/?after=12"),
    Shown("all instalments", "loans/{loan}/?as_of=2027-06-30"),
    Shown("audit of applications", "administration/audit/?subject_kind=application"),
    Shown("late loans", "loans/?late=1&sort=amount-descending"),
    Shown("receipts of a month", "transactions/?kind=receipt&reversed=no&from=2026-01-01&sort=amount"),
    Shown("transactions with errors", "transactions/?amount_from=much"),
    Shown("no such transactions", "transactions/?amount_from=900000000"),
    Shown("late customers", "customers/?late=31"),
    Shown("account with errors", "account/", sends=True),
    Shown("new user with errors", "administration/users/new/", sends=True),
    Shown("new key with errors", "administration/keys/new/", sends=True),
    Shown("audit with errors", "administration/audit/?from=soon"),
    Shown("key facts with errors", "customers/{customer}/key-facts/", sends=True),
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
    Shown("search", "search/?q=sha"),
    Shown("search that finds nothing", "search/?q=zzzz"),
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
    Download("applications/", "CSV", "applications/?format=csv"),
    Download("loans/", "Excel", "loans/?format=xlsx"),
    Download("loans/{loan}/schedule/", "CSV", "loans/{loan}/schedule/?format=csv"),
    Download("loans/{loan}/schedule/", "Excel", "loans/{loan}/schedule/?format=xlsx"),
    Download("loans/{loan}/statement/", "CSV", "loans/{loan}/statement/?format=csv"),
    Download("loans/{loan}/statement/", "Excel", "loans/{loan}/statement/?format=xlsx"),
    Download("loans/{loan}/statement/", "PDF", "loans/{loan}/statement/?format=pdf"),
    Download("applications/{refused}/letter/", "PDF", "applications/{refused}/letter/?format=pdf"),
    Download("key-facts/{key_facts}/", "PDF", "key-facts/{key_facts}/?format=pdf"),
    Download("imports/", "Template", "imports/template/"),
    Download("", "Proposed openings (Excel)", "loans/openings/"),
    Download("imports/{import}/", "Report", "imports/{import}/report/"),
    Download("imports/{import}/changes/", "CSV", "imports/{import}/changes/csv/"),
)

# What every browser comes past on the way to another page: the sign-in, what pages load and what a script asks for.
IN_PASSING = ("sign-in/", "sign-in/code/", "static/1/style.css", "imports/1/progress/")
