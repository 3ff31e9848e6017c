"""All endpoints of the API: importing a module declares its own; what is left over is declared last."""

from chalicelib.api import (
    accounts,
    api_keys,
    applications,
    audit,
    contract,
    customers,
    decisions,
    delinquency,
    imports,
    key_facts,
    loans,
    schedules,
    sessions,
    statements,
    transactions,
    users,
)
from chalicelib.api.blueprint import api, endpoints

__all__ = [
    "accounts",
    "api",
    "api_keys",
    "applications",
    "audit",
    "contract",
    "customers",
    "decisions",
    "delinquency",
    "endpoints",
    "imports",
    "key_facts",
    "loans",
    "schedules",
    "sessions",
    "statements",
    "transactions",
    "users",
]

endpoints.close()
