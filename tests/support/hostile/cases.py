"""What a hostile request is, as data, and whom and what the others of this suite are about."""

from dataclasses import dataclass, field

Headers = dict[str, str]

JSON: Headers = {"Content-Type": "application/json"}
PERSON = {"first_name": "Asha", "last_name": "Menon", "age": 41, "monthly_income": 60000, "phone_number": 9812345678}
ASKED = {"customer_id": 1, "loan_amount": 100000, "interest_rate": 18, "tenure": 12}

# The risk of the OWASP API Security Top 10 (2023) that a category tries. Injection has no number of its own in it;
# what is sent to be run counts as misconfiguration (a check left out), and what others would run as consumption.
OWASP = {
    "another customer": "API1",
    "no credentials": "API2",
    "forged": "API2",
    "ended": "API2",
    "extra fields": "API3",
    "oversize": "API4",
    "wrong role": "API5",
    "repetition": "API6",
    "addresses": "API7",
    "SQL": "API8",
    "malformed": "API8",
    "headers": "API8",
    "inventory": "API9",
    "formula": "API10",
    "workbook": "API10",
}


@dataclass(frozen=True)
class Case:
    """One request. `who` names credentials that the test has (`{admin}` in a header stands for its token)."""

    category: str
    name: str
    method: str
    path: str
    expected: int
    who: str | None = "writer"
    headers: Headers = field(default_factory=dict)
    body: bytes | None = None
    # What the path is below; the console and the API are neighbours.
    base: str = "/api"
    # Whether the answer has to be the one to the same request without its headers.
    like_plain: bool = False
    # What the answer must not repeat.
    never: str | None = None

    @property
    def owasp(self) -> str:
        return OWASP[self.category]

    def __str__(self) -> str:
        return f"{self.category}: {self.name}"
