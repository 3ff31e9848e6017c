"""Columns that are not imported and yet say that their row is to be read otherwise: Status = Cancelled, Currency = USD.

They are known by their titles, and what they say by its words. What stands in any other column that is not imported is
about something else: a customer's NACH mandate may be cancelled.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from chalicelib.imports.kinds.columns import RUPEES, Kind, spelt
from chalicelib.imports.kinds.loans import LOANS
from chalicelib.imports.notes import other_unit, other_unit_of
from chalicelib.imports.reading.cells import Cell, is_blank, shown
from chalicelib.imports.titles import normalised, without_unit, words
from chalicelib.rules.importing import SheetKind
from chalicelib.rules.typed import Problem

Says = Callable[[SheetKind, str], bool]


# A row that is no more, or never was.
_GONE = spelt(
    "cancelled canceled cancel cancellation deleted rejected declined denied reversed reversal void voided withdrawn "
    "duplicate undisbursed"
)
# Of a payment: that the money did not come, or went.
_NO_RECEIPT = _GONE | spelt(
    "failed failure unsuccessful bounced bounce returned return dishonoured dishonored unpaid pending initiated "
    "processing refunded refund chargeback disbursal disbursement disbursed payout withdrawal"
)
# A demand draft and a direct debit are ways to pay.
_GONE_ALONE = spelt("draft")
_NO_RECEIPT_ALONE = _GONE_ALONE | spelt("debit dr db charge charges entry transaction txn")
_DENIED = spelt("not no never non")
# A remark is a sentence of its own: "cancelled" alone is about the row, "NACH cancelled" is not.
_BESIDE_GONE = spelt("loan row record entry receipt payment cheque transaction customer is was has been by the bank")
# Of the rows below, or of a sheet.
_MANY = spelt("loans rows records entries receipts payments cheques transactions customers accounts")
_MANY_GONE = spelt("cancellations refunds bounces returns disbursals disbursements withdrawals")
_RUPEES = RUPEES.spellings | spelt("of india 356")
_MONTHS = spelt("month months monthly")
_CREDIT = spelt("cr credit c")
_NOTHING = spelt("no n a false f null none nil nan na 0 00 0000")
_NOT_MONTHS = spelt(
    "day days daily d week weeks weekly wk wks w fortnight fortnights fortnightly biweekly bimonthly quarter quarters "
    "quarterly q qtr half halfyearly year years yearly yr yrs y annual annually annum pa bullet"
)
_NOT_A_YEAR = _MONTHS | spelt("per a pm mth day daily week weekly fortnight quarter quarterly")


def _is_gone(kind: SheetKind, text: str) -> bool:
    found = set(words(text))
    gone, alone = (_NO_RECEIPT, _NO_RECEIPT_ALONE) if kind is SheetKind.RECEIPTS else (_GONE, _GONE_ALONE)
    if (found and found <= alone) or found == {"not", "disbursed"}:
        return True
    return _DENIED.isdisjoint(found) and not found.isdisjoint(gone)


def _is_remark_of_gone(kind: SheetKind, text: str) -> bool:
    return _is_gone(kind, text) and set(words(text)) <= _NO_RECEIPT | _NO_RECEIPT_ALONE | _BESIDE_GONE


def _is_either_side(kind: SheetKind, text: str) -> bool:
    """Of receipts, whether a Dr is money that came depends on whose book it is; elsewhere what is owed is a Dr."""
    return kind is SheetKind.RECEIPTS or not _CREDIT.isdisjoint(words(text))


def _is_marked(_kind: SheetKind, text: str) -> bool:
    found = set(words(text))
    return _DENIED.isdisjoint(found) and not found <= _NOTHING


def _is_not_rupees(_kind: SheetKind, text: str) -> bool:
    return not set(words(text)) <= _RUPEES or bool(other_unit(text))


def _is_another_unit(_kind: SheetKind, text: str) -> bool:
    is_other = other_unit(text) or other_unit_of(LOANS.column("loan_amount"), text)
    return bool(is_other) and not set(words(text)) <= _MONTHS


def _is_of_no_month(_kind: SheetKind, text: str) -> bool:
    return not _NOT_MONTHS.isdisjoint(words(text))


def _is_flat(_kind: SheetKind, text: str) -> bool:
    return "flat" in words(text)


def _is_of_no_year(kind: SheetKind, text: str) -> bool:
    found = set(words(text))
    return _is_flat(kind, text) or (bool(found) and found <= _NOT_A_YEAR)


def _said(says: Says, titles: str) -> dict[str, Says]:
    return dict.fromkeys(titles.split(), says)


_TITLES: Mapping[str, Says] = {
    **_said(_is_gone, "status recordstatus rowstatus entrystatus currentstatus type recordtype entrytype rowtype"),
    **_said(_is_remark_of_gone, "remark remarks comment comments note notes"),
    **_said(_is_either_side, "drcr crdr debitcredit creditdebit drorcr crordr debitorcredit creditordebit "
            "drcrindicator drcrflag debitcreditindicator creditdebitindicator"),
    **_said(_is_marked, "deleted isdeleted deletedat deletedon deleteddate cancelled canceled iscancelled iscanceled "
            "cancelledat canceledat cancelledon canceledon cancellationdate cancelleddate canceleddate reversed "
            "isreversed reversedat reversedon reversaldate reverseddate void voided isvoid voidedat rejected "
            "isrejected rejectedat rejectedon rejectiondate duplicate isduplicate"),
    # Of an amount whose rupees and paise stand in two columns.
    **_said(_is_marked, "paise paisa ps"),
    **_said(_is_not_rupees, "currency ccy curr currencycode loancurrency amountcurrency transactioncurrency"),
    **_said(_is_another_unit, "unit units amountunit amountunits unitofamount amountin amountsin figuresin scale "
            "denomination multiplier"),
    **_said(_is_of_no_month, "frequency periodicity repaymentfrequency paymentfrequency emifrequency "
            "instalmentfrequency installmentfrequency repaymenttype tenureunit tenuretype tenureperiod tenurein "
            "tenurefrequency tenorunit tenourunit tenortype termunit termtype salaryperiod salaryfrequency "
            "salarybasis incomeperiod incomefrequency incomebasis"),
    **_said(_is_flat, "interestmethod interestcalculation interestcalculationmethod flatreducing flatorreducing "
            "reducingflat"),
    **_said(_is_of_no_year, "ratetype interesttype interestratetype roitype ratebasis interestbasis rateperiod "
            "rateunit ratefrequency"),
}  # fmt: skip
_TITLES_OF_LOANS = _said(_is_gone, "loanstatus accountstatus applicationstatus")
_OWN_TITLES: Mapping[SheetKind, Mapping[str, Says]] = {
    SheetKind.CUSTOMERS: _said(_is_gone, "customerstatus"),
    SheetKind.LOANS: _TITLES_OF_LOANS,
    SheetKind.OPENINGS: _TITLES_OF_LOANS,
    SheetKind.RECEIPTS: {
        **_said(_is_gone, "receiptstatus paymentstatus transactionstatus txnstatus trxnstatus collectionstatus "
                "clearingstatus chequestatus realisationstatus transactiontype txntype trxntype vouchertype "
                "paymenttype receipttype"),
        **_said(_is_marked, "bounced isbounced bouncedate bouncedon bounceddate bouncedat returned isreturned "
                "returndate returnedon returneddate returnedat chequereturndate dishonoured isdishonoured "
                "dishonourdate dishonouredon dishonoureddate refunded isrefunded refunddate refundedon refundeddate "
                "refundedat chargeback chargebackdate failed isfailed failedon failedat faileddate failuredate"),
    },
}  # fmt: skip
# What a row that says itself that it is a reversal may be.
_SAID_BY_REVERSALS = (_is_gone, _is_remark_of_gone, _is_either_side, _is_marked)


@dataclass(frozen=True)
class Telling:
    """A column that is not imported, by its place and title, and what tells whether a cell of it says otherwise."""

    at: int
    title: str
    says: Says


def telling(kind: Kind, header: Sequence[Cell], places: Sequence[int]) -> list[Telling]:
    """Those of the columns at these places, none of which is imported, that may say how a row is to be read."""
    titles = {**_TITLES, **_OWN_TITLES[SheetKind(kind.name)]}
    named = [(at, shown(header[at])) for at in places]
    found = [(at, title, titles.get(normalised(title)) or titles.get(normalised(without_unit(title))))
             for at, title in named]  # fmt: skip
    return [Telling(at, title, says) for at, title, says in found if says]


def said_otherwise(
    kind: Kind, positions: Sequence[int | None], said: Iterable[tuple[Telling, Cell]], row: Sequence[Cell]
) -> Problem | None:
    """What is wrong with a row of which one of the columns says that it is to be read otherwise, if one does.

    `said` is what is seen in these. `positions` are those of the kind's columns; a row without a value there is blank.
    """
    for column, cell in said:
        if cell == "" or is_blank(cell) or not _is_otherwise(column.says, SheetKind(kind.name), shown(cell)):
            continue
        places = zip(kind.names, positions, strict=True)
        written = [name for name, at in places if at is not None and not is_blank(row[at])]
        if written and not ("reverses_reference" in written and column.says in _SAID_BY_REVERSALS):
            return says_otherwise(f"row whose {column.title}, a column that is not imported,", shown(cell))
    return None


def says_otherwise(row: str, text: str) -> Problem:
    """What is wrong with a row, said as whose it is, that says in this text that it is to be read otherwise."""
    return Problem(
        "row_says_otherwise",
        f"stands in a {row} says {shown(text)}. Correct or delete the row; if it is right as it stands, delete that.",
    )


def are_gone(kind: Kind, text: str) -> bool:
    """Whether a title says that the rows below do not count: Cancelled loans. Reversals are rows that do."""
    found = {word for word in words(text) if not word.isdecimal()} - {"of", "all", "list"}
    if kind.name == SheetKind.RECEIPTS and not found.isdisjoint(("reversal", "reversals", "reversed")):
        return False
    is_plural = kind.name == SheetKind.RECEIPTS and not found.isdisjoint(_MANY_GONE)
    return (is_plural or _is_gone(SheetKind(kind.name), " ".join(found))) and (
        found <= _NO_RECEIPT | _GONE_ALONE | _BESIDE_GONE | _MANY | _MANY_GONE
    )


def is_gone(kind: Kind, comment: str) -> bool:
    """Whether a comment says that a row is no more: Ravi: cancelled."""
    return _is_remark_of_gone(SheetKind(kind.name), spoken(comment))


def spoken(comment: str) -> str:
    """What a comment says behind its author, which Excel puts on a line of its own, and its own words about threads."""
    return comment.strip().rpartition(":\n")[2]


@lru_cache(1_000)
def _is_otherwise(says: Says, kind: SheetKind, text: str) -> bool:
    return says(kind, text)
