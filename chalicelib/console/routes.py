"""All pages of the console: importing a module declares its own; what is left over is declared last."""

from chalicelib.console import (
    account,
    administration,
    applications,
    audit,
    customer_forms,
    customers,
    dead_letters,
    home,
    import_page,
    imports,
    keys,
    loans,
    sign_in,
    static_files,
    users,
    what_if,
)
from chalicelib.console.blueprint import console, pages

__all__ = [
    "account",
    "administration",
    "applications",
    "audit",
    "console",
    "customer_forms",
    "customers",
    "dead_letters",
    "home",
    "import_page",
    "imports",
    "keys",
    "loans",
    "sign_in",
    "static_files",
    "users",
    "what_if",
]

pages.close()
