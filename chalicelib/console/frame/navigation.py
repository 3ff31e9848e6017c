"""The sections of the console, in the order of the menu; each is shown to those who may open it."""

from dataclasses import dataclass

from chalicelib.console.frame.visit import BASE
from chalicelib.rules.access import Actor, Operation, Role


@dataclass(frozen=True)
class Section:
    """An entry of the menu. `path` is from /console/ on; `icon` is the name of a symbol in icons.svg."""

    name: str
    path: str
    operation: Operation
    icon: str


SECTIONS = (
    Section("Home", "", Operation.READ_APPLICATIONS, "home"),
    Section("Customers", "customers/", Operation.READ_CUSTOMERS, "people"),
    Section("Applications", "applications/", Operation.READ_APPLICATIONS, "decision"),
    Section("Loans", "loans/", Operation.READ_LOANS, "loan"),
    Section("Collections", "collections/", Operation.READ_DELINQUENCY, "clock"),
    Section("Imports", "imports/", Operation.READ_IMPORTS, "import"),
    Section("Administration", "administration/", Operation.MANAGE_USERS, "settings"),
)


def navigation(actor: Actor) -> list[Section]:
    """The sections that the user may open; none before the sign-in."""
    if actor.role is Role.ANYONE:
        return []
    return [section for section in SECTIONS if actor.may(section.operation)]


# Pages that belong to a section without standing below it.
BELONGING = {"transactions": "loans"}


def current_section(resource_path: str) -> str:
    """The path of the section that a page belongs to."""
    first, _, _ = resource_path.removeprefix(BASE).strip("/").partition("/")
    return f"{BELONGING.get(first, first)}/" if first else ""
