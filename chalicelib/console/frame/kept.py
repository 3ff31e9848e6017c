"""What was typed into a form whose session had ended. It goes through the sign-in with the browser, which keeps it in a
hidden field, and comes back to the page of the form, to be looked at and sent again: nothing is done with it unseen.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from chalicelib.console.frame import csrf
from chalicelib.console.frame.forms import MAX_FIELDS

# What carries it through the pages of the sign-in, and what then brings it back to its form.
FIELD = "kept"
BACK = "kept_before"
# In bytes as it is sent. It is encoded once more with the form around it, which then has room for the rest.
MAX_BYTES = 16 * 1024
# The names of fields that are not written into a page. `key` is that of an authenticator app.
SECRETS = re.compile("password|secret|code|token|^key$")


def kept_of(typed: Mapping[str, str]) -> str:
    """The fields of a form as one text, without secrets; empty if that is too much to be carried."""
    fields = {name: value for name, value in typed.items() if name != csrf.FIELD and not _is_secret(name)}
    text = urlencode(fields)
    return text if len(text) <= MAX_BYTES else ""


def read_kept(text: str) -> dict[str, str]:
    """The fields in such a text; none if it is not one that we made."""
    if len(text) > MAX_BYTES:
        return {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        return {}
    return {name: value for name, value in pairs if "\x00" not in value and not _is_secret(name)}


def _is_secret(name: str) -> bool:
    return SECRETS.search(name) is not None
