"""What a number format says of a number: how Excel shows it, and so what it means to the person who typed it.

0.1125 shown as 11.25% is eleven and a quarter; 300000 shown as 300 is something that nobody can be sure of.
The grammar is that of ECMA-376, part 1, 18.8.30 and 18.8.31.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from operator import contains

from chalicelib.imports.reading.cells import Cell, DressedCell, PercentCell, UnclearCell

PLAIN, DATE, ELAPSED, PERCENT, PERCENT_SIGN, UNCLEAR = "plain", "date", "elapsed", "percent", "percent sign", "unclear"
# A number that is itself, with more to be seen: zeros in front, or the time that it is for.
PADDED, A_MONTH, A_YEAR = "padded", "a month", "a year"
# A number that is itself, of which nothing is seen if it is zero: #,###.
UNLESS_ZERO = "unless zero"

GENERAL = "General"
# Excel allows 255.
MAX_CODE = 512

# Those that a file names by number alone. Those of currencies (5 to 8, 37 to 44) are shown as in the reader's country.
BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mmss.0", 48: "##0.0E+0", 49: "@",
    59: "0", 60: "0.00", 61: "#,##0", 62: "#,##0.00", 67: "0%", 68: "0.00%", 69: "# ?/?", 70: "# ??/??",
    **dict.fromkeys((*range(5, 9), *range(37, 45)), "#,##0.00"),
    **dict.fromkeys((14, 15, 22, *range(27, 32), 34, 35, 36, *range(50, 59), 71, 72, 76, 81), "d/m/yyyy"),
    16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 32: "h:mm",
    33: "h:mm:ss", 73: "d-mmm", 74: "mmm-yy", 75: "h:mm", 77: "d/m/yyyy", 78: "mm:ss", 79: "[h]:mm:ss", 80: "mm:ss.0",
}  # fmt: skip
CURRENCIES = (*range(5, 9), *range(37, 45))
# From here on only programs in China, Japan, Korea and Thailand have formats of their own. SheetJS gives these numbers
# to whatever format a file has.
FIRST_OF_EAST_ASIA = 50

# A bracket that nothing closes takes in all behind it: else each of many would be looked for an end again.
_TOKEN = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[([^\]]*)\]|(\[.*|E[+-]|General|AM/PM|A/P|.)', re.DOTALL | re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d{1,15}(?:\.\d{1,15})?)", re.ASCII)
_ELAPSED = re.compile(r"(h{1,2}|m{1,2}|s{1,2})", re.IGNORECASE)
# A language, with the digits and the calendar that it is shown in before its number: year 2567 for 2024.
_LANGUAGE = re.compile(r"\$[^-]*-([0-9A-F]{4,8})", re.IGNORECASE)
_USUAL_CALENDARS = (0, 1)
_COLOUR = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|colou?r ?\d{1,2}", re.IGNORECASE)
# The conditions of the first two sections by which the second is for what is below zero.
_BY_SIGN = (None, (">", 0.0), (">=", 0.0)), (None, ("<", 0.0), ("<=", 0.0))
# What fills a cell and would be read with its number.
_NO_FILLING = frozenset("%-\u22120123456789")
_DATE_CODE = re.compile(r"[ymdhsgbeap/ .,:\-0]+")
# Minutes, which are written as months are, beside hours or seconds.
_MINUTES = re.compile(r"(?<!h)h++[^ymdhs]*+m++|(?<!m)m++[^ymdhs]*+s")
# Three letters are the name of a weekday, which comes again; five are the first letter of a month.
_DAY, _MONTH = re.compile(r"(?<!d)dd?(?!d)"), re.compile(r"(?<!m)m{1,4}(?!m)")
_LAST_THREE = re.compile(r",000[^,]*+\Z")
# The last letter or digit of a text, and the signs behind it.
_END = re.compile(r"(?:.*(\w))?(\W*)", re.DOTALL)
# What may be seen as a point before the last two digits.
_TWO_APART = re.compile(r"(?<!0)0++ ?[-/:=|–—] ?00")
_MINUS = "-\u2212\u2010\u2011\u2013\u2014"
_OF_NO_WEIGHT = re.compile(r"[\s()\-+:/.,'|–—]")
# What may stand beside a number without changing what it means here: rupees, a year's rate, months.
_HARMLESS = ("", "₹", "rs", "₹rs", "inr", "₹inr", "rsinr", "rupee", "rupees")
_TIMES = {"pa": A_YEAR, "perannum": A_YEAR, "pm": A_MONTH, "permonth": A_MONTH,
          "month": A_MONTH, "months": A_MONTH, "mths": A_MONTH}  # fmt: skip
_TIME_NAMES = {A_MONTH: "month", A_YEAR: "year"}
_WORDS = {words + time: meaning for words in _HARMLESS for time, meaning in [("", PLAIN), *_TIMES.items()]}
_COMPARE = {
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "=": lambda a, b: a == b,
    "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "<>": lambda a, b: a != b,
}  # fmt: skip


@dataclass(frozen=True)
class Section:
    """One of up to four parts of a number format: what it means, for which numbers it is, if it says so, and how many
    digits are seen of the smallest of them.
    """

    meaning: str
    condition: tuple[str, float] | None = None
    digits: int = 1


@dataclass(frozen=True)
class NumberFormat:
    """A number format by its code, for example `#,##0.00;[Red]-#,##0.00`."""

    code: str

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The sections that are for numbers: the fourth is for text."""
        return _sections(self.code) if len(self.code) <= MAX_CODE else (Section(UNCLEAR),)

    @property
    def is_date(self) -> bool:
        """Whether it shows numbers as dates."""
        return self.sections[0].meaning == DATE

    @property
    def is_elapsed(self) -> bool:
        """Whether it shows numbers as hours that passed."""
        return self.sections[0].meaning == ELAPSED

    @property
    def is_plain(self) -> bool:
        """Whether it shows text as it is, and every number as that number, or as the date that it is."""
        return self.shows_text and all(section.meaning in (PLAIN, DATE, ELAPSED) for section in self.sections)

    @cached_property
    def shows_text(self) -> bool:
        """Whether it shows text as it is: the section for text is the fourth, or a last one with an @."""
        return len(self.code) > MAX_CODE or _shows_text(self.code)

    def meaning(self, number: float) -> str:
        """What the section says that applies to the number."""
        meanings = {(section.meaning, section.digits) for section in self.sections}
        first = self.sections[0]
        section = self._applies(number) if len(meanings) > 1 or first.condition else first
        if section.meaning == UNLESS_ZERO:
            return PLAIN if number else UNCLEAR
        is_long = section.meaning == PADDED and abs(number) >= 10 ** (section.digits - 1)
        return PLAIN if is_long else section.meaning

    def read(self, number: float) -> Cell:
        """The number as a person sees it."""
        meaning = self.meaning(number)
        if meaning == PERCENT:
            return PercentCell(number)
        if meaning == PERCENT_SIGN:
            return PercentCell(float(Decimal(repr(number)) / 100))
        if meaning in (PADDED, *_TIME_NAMES):
            return DressedCell(number, self.code, _TIME_NAMES.get(meaning))
        return UnclearCell(number, self.code) if meaning == UNCLEAR else number

    def _applies(self, number: float) -> Section:
        first, *others = self.sections
        if not others:
            # Where its condition does not hold, some show the number itself.
            is_sure = first.condition is None or first.meaning == PLAIN or _holds(first.condition, number)
            return first if is_sure else Section(UNCLEAR)
        conditions = [section.condition for section in self.sections[:2]]
        if conditions.count(None) == 1 and (len(self.sections) > 2 or first.condition is None):
            # Programs differ in what they make of it.
            return Section(UNCLEAR)
        last = len(self.sections) - 1
        signs = (">=" if last == 1 else ">", "<")
        for section, sign in zip(self.sections[: min(last, 2)], signs, strict=False):
            if _holds(section.condition or (sign, 0), number):
                return section
        other = self.sections[min(last, 2)]
        return other if other.condition is None or _holds(other.condition, number) else Section(UNCLEAR)


def _holds(condition: tuple[str, float], number: float) -> bool:
    sign, bound = condition
    return bool(_COMPARE[sign](number, bound))


def _sections(code: str) -> tuple[Section, ...]:
    split = _split(code)[:3]
    conditions = list(map(_condition, split))
    # Else a section without a condition is for all numbers that are left, whatever their sign.
    by_sign = all(map(contains, _BY_SIGN, conditions))
    return tuple(
        _section(tokens, number, condition, is_for_positives=_is_for_positives(number if by_sign else 0, condition))
        for number, (tokens, condition) in enumerate(zip(split, conditions, strict=True))
    )


def _condition(tokens: list[re.Match[str]]) -> tuple[str, float] | None:
    found = next((found for token in tokens if token[3] and (found := _CONDITION.fullmatch(token[3]))), None)
    return (found[1], float(found[2])) if found else None


def _split(code: str) -> list[list[re.Match[str]]]:
    tokens: list[list[re.Match[str]]] = [[]]
    for token in _TOKEN.finditer(code):
        if token[0] == ";":
            tokens.append([])
        else:
            tokens[-1].append(token)
    return tokens


def _shows_text(code: str) -> bool:
    sections = _split(code)
    last = sections[min(len(sections), 4) - 1]
    if len(sections) < 4 and not any(token[4] == "@" for token in last):
        return True
    seen = "".join((token[1] or "") + (token[2] or "") + (token[4] or "") for token in last)
    # What fills the cell is no more part of the text than it is of a number.
    return seen.strip().lower() in ("@", "general")


def _section(
    tokens: list[re.Match[str]], number: int, condition: tuple[str, float] | None, *, is_for_positives: bool
) -> Section:
    bare = "".join(token[4] or "" for token in tokens)
    # Text between two codes of a date keeps them apart: of the weekday, and of the day.
    apart = "".join(token[4] or " " for token in tokens).lower()
    brackets = [token[3] for token in tokens if token[3] is not None]
    literal = "".join((token[1] or "") + (token[2] or "") for token in tokens) + "".join(map(_currency, brackets))
    if any(_is_odd(bracket) for bracket in brackets) or any(
        token[0][0] == "*" and token[0][1:] in _NO_FILLING for token in tokens
    ):
        return Section(UNCLEAR, condition)
    if any(map(_ELAPSED.fullmatch, brackets)):
        return Section(ELAPSED, condition)
    around = _Around.of(tokens)
    if around.moves_the_point or (around.is_negative and is_for_positives):
        return Section(UNCLEAR, condition)
    meaning = _meaning(bare, literal, number, names_country=around.names_country)
    if meaning == DATE and not _shows_day(apart):
        meaning = UNCLEAR
    digits = _least_digits(bare)
    if meaning == PLAIN and digits != 1:
        meaning = PADDED if digits else UNLESS_ZERO
    return Section(meaning, condition, digits)


def _least_digits(bare: str) -> int:
    """How many digits are seen before the point at least: from the first 0 on, all are; 0 if a zero shows nothing."""
    if "0" not in bare and "/" not in bare and any(character in "#?" for character in bare):
        return 0
    whole = "".join(character for character in bare.upper().replace("E", ".").partition(".")[0] if character in "0#?")
    return len(whole[whole.find("0") :]) if "0" in whole else 1


def _is_for_positives(number: int, condition: tuple[str, float] | None) -> bool:
    if condition is None:
        return number == 0
    sign, bound = condition
    return not (sign in ("<", "<=") and bound <= 0)


def _currency(bracket: str) -> str:
    return bracket[1:].partition("-")[0] if bracket.startswith("$") else ""


def _is_odd(bracket: str) -> bool:
    known = _CONDITION, _ELAPSED, _COLOUR
    language = _LANGUAGE.fullmatch(bracket)
    if language and int(language[1], 16) >> 16 & 0xFF not in _USUAL_CALENDARS:
        return True
    return not bracket.startswith("$") and not any(pattern.fullmatch(bracket) for pattern in known)


def _ends_in_a_point(text: str) -> bool:
    """Whether a number behind this text seems to begin with a point; that of Rs. is none."""
    found = _END.fullmatch(text)
    assert found
    letter, signs = found[1] or "", found[2]
    return "." in (signs.removeprefix(".") if letter.isalpha() else signs)


@dataclass(frozen=True)
class _Around:
    """What is seen before, between and behind the digits of a section; a digit is written as a 0."""

    seen: str

    @classmethod
    def of(cls, tokens: list[re.Match[str]]) -> "_Around":
        written = [(token[4] or "", (token[1] or "") + (token[2] or "")) for token in tokens]
        digits = [bare in ("0", "#", "?") for bare, _ in written]
        if not any(digits):
            return cls("")
        # A point of the format itself is a p, to be told from one that is only text; its commas show nothing else.
        own = {"?": "0", "#": "0", ".": "p", ",": ""}
        return cls("".join(own.get(bare, bare) + literal.replace("0", "o") for bare, literal in written))

    @property
    def names_country(self) -> bool:
        """Whether the digits are a phone number's, behind the code of India."""
        return self.seen.partition("0")[0].strip(" -()") == "+91"

    @property
    def moves_the_point(self) -> bool:
        """Whether text before or between the digits looks like a point, or like a comma that groups no three."""
        first, last = self.seen.find("0"), self.seen.rfind("0")
        inside = self.seen[first : last + 1]
        whole = inside.partition("p")[0]
        if _ends_in_a_point(self.seen[:first]) or _TWO_APART.fullmatch(inside):
            return True
        return "." in inside or ("," in inside and not _LAST_THREE.search(whole))

    @property
    def is_negative(self) -> bool:
        """Whether a minus or brackets are seen around the digits."""
        first, last = self.seen.find("0"), self.seen.rfind("0")
        before, behind = self.seen[:first], self.seen[last + 1 :].strip()
        if self.names_country:
            return False
        in_brackets = "(" in before and ")" in behind
        return in_brackets or any(dash in before for dash in _MINUS) or (behind[-1:] == "-" and behind[-2:] != "/-")


def _meaning(bare: str, literal: str, number: int, *, names_country: bool) -> str:
    lowered = bare.lower()
    if lowered in ("general", "@"):
        return _beside(literal, PLAIN)
    digits = [character for character in bare if character in "0#?"]
    if not digits:
        if lowered.strip(" -/.,:") and _DATE_CODE.fullmatch(lowered):
            return DATE
        # Nothing, or words only, are seen. A dash for zero is what bookkeepers write.
        return PLAIN if number == 2 and (literal + bare).strip() in ("-", "–", "—") else UNCLEAR
    if re.search(r"[ymdhs]", lowered.replace("e+", "").replace("e-", "")):
        return DATE if _DATE_CODE.fullmatch(lowered) else UNCLEAR
    core = "".join(character for character in bare if character in "0#?,.")
    whole, _, decimals = core.partition(".")
    if whole.endswith(",") or "," in decimals:
        return UNCLEAR
    rest = re.sub(r"e[+-]", "", lowered)
    rest = "".join(character for character in rest if character not in "0#?,.%")
    percents = bare.count("%")
    beside = (literal + rest).replace("91", "", 1) if names_country else literal + rest
    return _beside(beside, UNCLEAR if percents > 1 else PERCENT if percents else PLAIN)


def _shows_day(code: str) -> bool:
    """Whether day, month and year are seen of a date; without one of them, nobody saw which day it is."""
    months = _MINUTES.sub("", code.replace("am/pm", ""))
    return bool(_DAY.search(code) and _MONTH.search(months) and ("y" in code or "e" in code))


def _beside(literal: str, meaning: str) -> str:
    """The meaning of a number with this text beside it."""
    words = _OF_NO_WEIGHT.sub("", literal.casefold())
    if "%" in words:
        words = words.replace("%", "", 1)
        meaning = PERCENT_SIGN if meaning == PLAIN else UNCLEAR
    beside = _WORDS.get(words, UNCLEAR)
    if meaning == PLAIN or beside == UNCLEAR:
        return beside
    # Rates are a year's here.
    return meaning if beside in (PLAIN, A_YEAR) else UNCLEAR
