"""What a kind of sheet is made of: its columns, and what must hold between the cells of a row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.imports.kinds.readers import Reader
from chalicelib.rules.typed import Problem

MISSING = Problem("missing", "must be given.")


@dataclass(frozen=True)
class Unit:
    """What a column is read as, in the words of a sentence, and the time that it depends on, None where on none.

    `spellings` are the words and symbols with which a title or a note may say the same, in lower case.
    """

    words: str
    time: str | None = None
    spellings: frozenset[str] = frozenset()


def spelt(words: str) -> frozenset[str]:
    """The words of a text that lists them."""
    return frozenset(words.split())


_RUPEES = spelt("₹ rs re inr rupee rupees indian amount amt sanctioned approved principal gross net")
_A_MONTH = spelt("month monthly mth pm")
_MONTHS = spelt("m mo mos month months mth mths mon mons emi emis instalment instalments installment installments")
_YEARS = spelt("year years yr yrs completed")
_A_YEAR = spelt(
    "% percent percentage pct cent roi pa annum annual annually year yearly yr reducing diminishing balance fixed "
    "floating"
)
_ORDERED = spelt("d dd m mm mmm mmmm yy yyyy ddmmyyyy yyyymmdd date format iso")

# What a title may say of any column.
EVERY_UNIT = spelt(
    "required mandatory compulsory optional in of the per a no nos number numbers count only "
    "as pan aadhaar kyc record records customer client borrower applicant"
)

AS_IT_STANDS = Unit("it stands", spellings=spelt("text numeric digits"))
PHONES = Unit("10 digits", spellings=spelt("10 digit digits mobile cell 91 india country code with without std"))
RUPEES = Unit("rupees", spellings=_RUPEES)
RUPEES_A_MONTH = Unit("rupees a month", "month", _RUPEES | _A_MONTH)
PERCENT_A_YEAR = Unit("percent a year", "year", _A_YEAR)
YEARS = Unit("years", "year", _YEARS)
MONTHS = Unit("months", "month", _MONTHS)
AMOUNTS = (RUPEES, RUPEES_A_MONTH)
DATES = Unit("dates, the day before the month", spellings=_ORDERED)


@dataclass(frozen=True)
class Column:
    """A column of a kind of sheet.

    `title` is what stands above it in the workbooks, `name` is the column of the staging table that its values go to.
    `words` and `example` are what the template says about it. `if_blank` is what an empty cell means, a Problem where
    it may not be; `if_absent` is what it means if a sheet has no such column, a Problem where it must have it. `flag`
    tells what is to be said about a value that is kept. What `is_decided` was decided for a loan that was made here,
    and no file may say otherwise. One that `says_only_if_given` was added to sheets that people have: without it, and
    where its cell is empty, they go on as before, and what is stored stays.
    """

    title: str
    name: str
    reader: Reader
    words: str
    example: Any
    unit: Unit = AS_IT_STANDS
    aliases: tuple[str, ...] = ()
    if_blank: Any = MISSING
    if_absent: Any = MISSING
    flag: Callable[[Any], Problem | None] | None = None
    is_decided: bool = False
    says_only_if_given: bool = False

    @property
    def is_optional(self) -> bool:
        """Whether a sheet may do without the column."""
        return self.if_absent is not MISSING

    @property
    def is_kept(self) -> bool:
        """Whether a sheet without the column leaves what is stored as it is."""
        return self.says_only_if_given or (self.if_absent is None and self.if_blank is not None)

    @property
    def said(self) -> str:
        """What the template says about it."""
        return f"{self.words} The column may be left out." if self.is_optional else self.words


@dataclass(frozen=True)
class Check:
    """What must hold between two cells of a row: `problem` takes the values of `column` and of `against`, both named by
    their columns in the staging table.
    """

    column: str
    against: str
    problem: Callable[[Any, Any], Problem | None]


@dataclass(frozen=True)
class Kind:
    """A kind of sheet: `name` is that of its sheet in the template, `one` that of a row of it.

    `key` names the columns by which it is known what a row is about; the last of them tells it apart in sentences. A
    row that breaks a check of `refused_by` is set aside; one that breaks a check of `flagged_by` is kept. `notes` are
    for those who fill in the template.
    """

    name: str
    one: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    refused_by: tuple[Check, ...] = ()
    flagged_by: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def staging(self) -> str:
        """The table that its rows are copied to (storage/import_tables.py)."""
        return f"staged_{self.name}"

    @property
    def required(self) -> tuple[Column, ...]:
        """The columns without which a sheet is not read."""
        return tuple(column for column in self.columns if not column.is_optional)

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns in staging whose NULL leaves what is stored as it is."""
        return tuple(column.name for column in self.columns if column.is_kept)

    @property
    def titles(self) -> tuple[str, ...]:
        """What stands above its columns, in the order of the template."""
        return tuple(column.title for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of its rows in staging."""
        return tuple(column.name for column in self.columns)

    @property
    def values(self) -> tuple[str, ...]:
        """What a row says about what its key names, and the merge writes."""
        return tuple(name for name in self.names if name not in self.key)

    def column(self, name: str) -> Column:
        """The column with this name in the staging table."""
        return self.columns[self.names.index(name)]

    @property
    def identifier(self) -> Column:
        """The column that findings about whole rows name."""
        return self.column(self.key[-1])
