"""What a form sends: small, in UTF-8, each field once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from chalice.app import Request

from chalicelib.console.frame.told import told
from chalicelib.errors import BodyTooLarge, InvalidRequest, UnsupportedMediaType

KIND = "application/x-www-form-urlencoded"
MAX_BYTES = 64 * 1024
MAX_FIELDS = 100


@dataclass(frozen=True)
class Form:
    """A form to be shown: the values of its fields, and the sentences beside those that are wrong.

    `fault` is a sentence about the form as a whole. `page(…, status=400)` shows what was typed again.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    fault: str | None = None

    @classmethod
    def refused(cls, typed: Mapping[str, object], error: InvalidRequest) -> "Form":
        """What was typed, with what is wrong about it."""
        errors = {name: [told(each) for each in sentences] for name, sentences in error.fields.items()}
        return cls(typed, errors, None if errors else told(error.sentence))

    def value(self, name: str) -> object:
        """The value of a field; an empty text if it has none."""
        found = self.values.get(name)
        return "" if found is None else found

    def sentences(self, name: str) -> Sequence[str]:
        """What is wrong with a field."""
        return self.errors.get(name, ())


def form_of(request: Request) -> dict[str, str]:
    """The fields of a form without blanks around them; a field that was left empty is an empty text.

    Raises BodyTooLarge, UnsupportedMediaType, and InvalidRequest if it is not what a browser sends.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != KIND:
        raise UnsupportedMediaType(f"A form must be sent as {KIND}; this was {kind[:60]!r}.")
    body = request.raw_body
    sent = body if isinstance(body, bytes) else body.encode()
    if len(sent) > MAX_BYTES:
        raise BodyTooLarge(f"A form must be at most {MAX_BYTES} bytes long; this has {len(sent)}.")
    return _fields(sent)


def _fields(sent: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(sent.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InvalidRequest("This form is incomplete or damaged. Open the page again and send it once more.") from None
    # Blanks around a password belong to it.
    fields = {name: value if "password" in name else value.strip() for name, value in pairs}
    if len(fields) < len(pairs) or any("\x00" in value for value in fields.values()):
        raise InvalidRequest("This form is incomplete or damaged. Open the page again and send it once more.")
    return fields
