"""API keys. A token is shown once: the form hands it over to a page, which shows it no more when it is loaded again."""

from collections.abc import Sequence
from datetime import UTC, datetime

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.cookies import SECRET
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.listing import Column, FileFormat, answer_file, every_row, file_links
from chalicelib.console.frame.lists import shown_page
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import handed_over, redirect
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import ApiKeyNotFound, InvalidRequest
from chalicelib.requests.access_models import NewKeyBody, NumberedQuery
from chalicelib.requests.heading import number_in_path
from chalicelib.rules.access import MACHINES, Role
from chalicelib.rules.tokens import read_token
from chalicelib.services import api_keys
from chalicelib.services.api_keys import IssuedKey, WantedKey
from chalicelib.services.list_files import Written
from chalicelib.storage.api_keys import StoredKey

PAGE_ROWS = 50

ROLES = [
    (Role.READER, "Reader", "can read"),
    (Role.WRITER, "Writer", "can also register and apply"),
    (Role.IMPORTER, "Importer", "can import workbooks only"),
]
assert [role for role, *_ in ROLES] == [*MACHINES]


class KeysQuery(NumberedQuery):
    """Also whether a file is asked for."""

    format: FileFormat | None = None


COLUMNS: Sequence[Column[StoredKey]] = (
    Column("Number", lambda key: key.key_id, Written.NUMBER),
    Column("Name", lambda key: key.name),
    Column("Begins with", lambda key: f"lk_{key.public_id}"),
    Column("Role", lambda key: key.role.capitalize()),
    Column("State", lambda key: state_of(key, datetime.now(UTC))[0]),
    Column("Only customer", lambda key: key.customer_id, Written.NUMBER),
    Column("May change limits and incomes", lambda key: "Yes" if key.may_change_terms else "No"),
    Column("Last used", lambda key: key.last_used_at, Written.MOMENT),
    Column("Expires", lambda key: key.expires_at, Written.MOMENT),
    Column("Created", lambda key: key.created_at, Written.MOMENT),
    Column("Rotated", lambda key: key.rotated_at, Written.MOMENT),
    Column("Revoked", lambda key: key.revoked_at, Written.MOMENT),
)


def view_keys(visit: Visit) -> Response:
    """Keys by number, revoked and expired ones too; or a file of them."""
    query = read(KeysQuery, visit.query)
    if query.format:
        rows = every_row(lambda cursor: api_keys.list_keys(runtime.database(), cursor))
        return answer_file(visit, "api-keys", COLUMNS, rows, query.format)
    found = api_keys.list_keys(runtime.database(), query.cursor(PAGE_ROWS))
    shown = shown_page(found, visit.query, cursor="after")
    now = datetime.now(UTC)
    keys = [(key, state_of(key, now)) for key in shown.rows]
    links = file_links({})
    return page(visit, "administration/keys.html", keys=keys, first=shown.first, next=shown.next, files=links)


def view_new_key(visit: Visit) -> Response:
    """The form of a new key."""
    return _new_key(visit, Form({"role": Role.READER, "days": 365, "may_change_terms": "false"}))


def create_key(visit: Visit) -> Response:
    """Creates a key and leads to it."""
    try:
        wanted = WantedKey(**read(NewKeyBody, visit.form).model_dump())
        issued = api_keys.create_key(runtime.database(), visit.author, wanted)
    except InvalidRequest as error:
        return _new_key(visit, Form.refused(visit.form, error), error.status)
    return _issued(visit, issued)


def view_issued(visit: Visit, key_id: str) -> Response:
    """A key that was just created or rotated, with its token the first time."""
    key, token = _key(key_id), read_token(handed_over(visit))
    if token is None or token.public_id != key.public_id:
        return page(visit, "administration/key_issued.html", key=key, token=None)
    return page(visit, "administration/key_issued.html", key=key, token=token.text, drops=SECRET)


def confirm_rotation(visit: Visit, key_id: str) -> Response:
    """Asks before the current token stops working."""
    return page(visit, "administration/key_confirm.html", key=_key(key_id), action="rotate")


def rotate_key(visit: Visit, key_id: str) -> Response:
    """Gives a key a new token and leads to it."""
    issued = api_keys.rotate_key(runtime.database(), visit.author, _number(key_id))
    runtime.gate().forget()
    return _issued(visit, issued)


def confirm_revocation(visit: Visit, key_id: str) -> Response:
    """Asks before the key stops working for good."""
    return page(visit, "administration/key_confirm.html", key=_key(key_id), action="revoke")


def revoke_key(visit: Visit, key_id: str) -> Response:
    """Revokes a key for good."""
    api_keys.revoke_key(runtime.database(), visit.author, _number(key_id))
    runtime.gate().forget()
    return redirect(visit, "administration/keys/", done="key-revoked")


def state_of(key: StoredKey, now: datetime) -> tuple[str, str]:
    """The status of a key, with the kind of its badge."""
    if key.revoked_at is not None:
        return "Revoked", "bad"
    if key.expires_at is not None and key.expires_at <= now:
        return "Expired", "warn"
    return "Active", "good"


def _number(key_id: str) -> int:
    return number_in_path(key_id, ApiKeyNotFound, "API key")


def _key(key_id: str) -> StoredKey:
    return api_keys.view_key(runtime.database(), _number(key_id))


def _new_key(visit: Visit, form: Form, status: int = 200) -> Response:
    return page(visit, "administration/key_new.html", status=status, form=form, roles=ROLES)


def _issued(visit: Visit, issued: IssuedKey) -> Response:
    return redirect(visit, f"administration/keys/{issued.key.key_id}/issued/", secret=issued.token)
