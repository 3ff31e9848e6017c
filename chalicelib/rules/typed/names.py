"""Names of people, in any script."""

import re
import unicodedata

from chalicelib.rules.bounds import NAME_LENGTH
from chalicelib.rules.text import is_plain_text
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.letters import is_blank, is_unseen

NO_LETTER = Problem("not_a_name", "must have at least one letter.")
OVERRIDDEN = Problem("not_a_name", "must not hold characters that turn the order of others (bidirectional overrides).")
DAMAGED = Problem("damaged_text", "holds the mark of a character that was lost; type the name again.")
CONTROL = Problem("control_character", "must not hold control characters, such as a line break.")
MEANS_NOTHING = Problem(
    "word_for_nothing", "is what programs write for nothing, or for an error; the row was kept as it is."
)

_OVERRIDES = frozenset("\u202d\u202e")
_REPLACEMENT = "\ufffd"
# They say how letters of Indian and Arabic scripts join, and nothing to others.
_JOINERS = frozenset("\u200c\u200d")
_WORDS_FOR_NOTHING = frozenset(
    ["null", "none", "nil", "nan", "n/a", "na", "-", "--", ".", "?", "#error!", "(null)", "(none)", "<na>", "\\n",
     "undefined", "unknown", "true", "false"]
)  # fmt: skip
_ERROR_OR_NUMBER = re.compile(r"err:[0-9]{1,5}|#[a-z0-9/_]{1,20}[!?]?|[0-9.]{1,20}e[+-]?[0-9]{1,5}", re.IGNORECASE)


def name(text: str) -> str | Problem:
    """A name as it is seen: without invisible characters, but with the joiners that its script needs.

    | text             | result                |
    |------------------|-----------------------|
    | Asha, आशा, =cmd  | as it is              |
    | Asha<U+200B>     | Asha                  |
    | श्री<U+200D>       | as it is              |
    | 12, <U+200B>     | a Problem: no letter  |
    | NULL, None, N/A, - | as it is; see `means_nothing` |
    """
    text = text.strip()
    if len(text) > NAME_LENGTH.most:
        return Problem("too_long", f"must have at most {NAME_LENGTH.most} characters; it has {len(text)}.")
    if not is_plain_text(text):
        return CONTROL
    if _OVERRIDES.intersection(text):
        return OVERRIDDEN
    if _REPLACEMENT in text:
        return DAMAGED
    seen = text if text.isascii() else _seen(text).strip()
    return seen if _has_letter(seen) or _is_word_for_nothing(seen) else NO_LETTER


def full_name(first_name: str, last_name: str) -> str:
    """A name as it is written, also of somebody who has only one.

    >>> full_name("Asha", "Menon"), full_name("Asha", "")
    ('Asha Menon', 'Asha')
    """
    return f"{first_name} {last_name}".rstrip()


def means_nothing(name: str) -> Problem | None:
    """What is to be said about a name that a program wrote because there was none. Somebody may be called None."""
    return MEANS_NOTHING if _is_word_for_nothing(name) else None


def _is_word_for_nothing(seen: str) -> bool:
    return seen.lower() in _WORDS_FOR_NOTHING or _ERROR_OR_NUMBER.fullmatch(seen) is not None


def _has_letter(seen: str) -> bool:
    return any(unicodedata.category(character).startswith("L") and not is_unseen(character) for character in seen)


def _seen(text: str) -> str:
    return "".join(character for at, character in enumerate(text) if not is_unseen(character) or _joins(text, at))


def _joins(text: str, at: int) -> bool:
    """Whether the character is a joiner behind a letter, or a mark of one, that is not of ASCII."""
    before = text[at - 1] if at else ""
    return text[at] in _JOINERS and not before.isascii() and not is_blank(before)
