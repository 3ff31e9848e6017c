"""All endpoints of the API: importing a module declares its own; what is left over is declared last."""

from chalicelib.api import access, contract, customers, imports, loans, records
from chalicelib.api.blueprint import api, endpoints

__all__ = ["access", "api", "contract", "customers", "imports", "loans", "records"]

endpoints.close()
