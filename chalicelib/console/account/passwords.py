"""A new password, typed twice by the one who is to have it."""

from collections.abc import Mapping

from chalicelib.console.frame.reading import read
from chalicelib.errors import InvalidRequest
from chalicelib.requests.access_models import OwnPassword


def new_password(typed: Mapping[str, str]) -> str:
    """The password in a form. Raises InvalidRequest with the fields of the form."""
    new = typed.get("new_password", "")
    if new != typed.get("repeated_password", ""):
        raise InvalidRequest("The passwords differ.", {"repeated_password": ["must be the same as the new password"]})
    try:
        return read(OwnPassword, {"password": new}).password
    except InvalidRequest as error:
        raise InvalidRequest(error.sentence, {"new_password": error.fields["password"]}) from None
