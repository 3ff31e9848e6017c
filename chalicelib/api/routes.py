"""All endpoints of the API: importing a module declares its own; what is left over is declared last."""

from chalicelib.api import (
    api_keys,
    applications,
    audit,
    contract,
    customers,
    decisions,
    imports,
    loans,
    schedules,
    sessions,
    users,
)
from chalicelib.api.blueprint import api, endpoints

__all__ = [
    "api",
    "api_keys",
    "applications",
    "audit",
    "contract",
    "customers",
    "decisions",
    "endpoints",
    "imports",
    "loans",
    "schedules",
    "sessions",
    "users",
]

endpoints.close()
