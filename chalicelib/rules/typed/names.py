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
MISREAD = "was UTF-8 that something read in another encoding, and most likely is {name}; export it again as UTF-8."
CONTROL = Problem("control_character", "must not hold control characters, such as a line break.")
MEANS_NOTHING = Problem(
    "word_for_nothing", "is what programs write for nothing, or for an error; the row was kept as it is."
)

# A character as workbooks escape it, where their reader leaves it so.
_ESCAPED = re.compile(r"_x[0-9A-Fa-f]{4}_")
OVERRIDES = frozenset("\u202d\u202e")
_REPLACEMENT = "\ufffd"
# They say how letters of Indian and Arabic scripts join, and nothing to others.
_JOINERS = frozenset("\u200c\u200d")
# The byte that a character is in Latin-1 or in Windows-1252, whose five holes programs fill from Latin-1.
_BYTES = {chr(byte): byte for byte in range(256)} | {
    bytes([byte]).decode("cp1252"): byte for byte in range(0x80, 0xA0) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
# Four characters for each of the longest name; a cell may hold 32,767, which take their time.
_MOST_MISREAD = 4 * NAME_LENGTH.most
# What the second byte of a letter in UTF-8 can be read as and a name can have, behind another letter.
_IN_NAMES = frozenset("ƒŠŒŽšœžŸ\u00a0").union(map(chr, range(0xC0, 0x100)))
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
    | JosÃ©            | a Problem: was José   |
    """
    # Before blanks are taken away, because a no-break space may be part of what was misread.
    if len(text) <= _MOST_MISREAD and (repaired := misread(text)):
        return Problem(DAMAGED.code, MISREAD.format(name=repaired[: NAME_LENGTH.most]))
    text = text.strip()
    if len(text) > NAME_LENGTH.most:
        return Problem("too_long", f"must have at most {NAME_LENGTH.most} characters; it has {len(text)}.")
    if not is_plain_text(text):
        return CONTROL
    if OVERRIDES.intersection(text):
        return OVERRIDDEN
    if is_damaged(text):
        return DAMAGED
    seen = text if text.isascii() else _seen(text).strip()
    return seen if _has_letter(seen) or _is_word_for_nothing(seen) else NO_LETTER


def is_damaged(text: str) -> bool:
    """Whether a text has the mark of a lost character, or the code of one in the place of it: _x200B_."""
    return _REPLACEMENT in text or _ESCAPED.search(text) is not None


def misread(text: str) -> str | None:
    """What a text was before its UTF-8 was read as Latin-1 or Windows-1252; None if it was not.

    All of it has to be UTF-8 again, byte by byte, and behind one letter at least stands a sign such as © or ¤ that no
    name has: KRÍŽ is a name, and so is Weiß with a no-break space behind it.

    >>> misread("JosÃ©"), misread("à¤†à¤¶à¤¾"), misread("José"), misread("KRÍŽ")
    ('José', 'आशा', None, None)
    """
    if text.isascii() or not any(map(_is_misread_letter, text, text[1:])):
        return None
    try:
        return bytes(map(_BYTES.__getitem__, text)).decode()
    except (KeyError, UnicodeDecodeError):
        return None


def _is_misread_letter(first: str, second: str) -> bool:
    return "\u00c2" <= first <= "\u00f4" and not second.isascii() and second not in _IN_NAMES


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
