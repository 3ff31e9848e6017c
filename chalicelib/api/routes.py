"""All endpoints of the API: importing a module declares its own; what is left over is declared last."""

from chalicelib.api import loans
from chalicelib.api.blueprint import api, endpoints

__all__ = ["api", "loans"]

endpoints.close()
