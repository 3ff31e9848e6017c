"""What an import says about single rows."""

import re
from collections.abc import Mapping
from decimal import Decimal

from chalicelib.console.frame.rendering import formats
from chalicelib.storage.import_jobs import StoredFinding

# The outcomes, each with the kind of its badge and what it means.
OUTCOMES: Mapping[str, tuple[str, str, str]] = {
    "rejected": ("Rejected", "bad", "Not imported. Correct the row and import the file again"),
    "waiting": ("Waiting", "warn", "A loan whose customer is not here yet. It is added with the customer"),
    "renumbered": ("Renumbered", "busy", "Its loan number was taken, so the loan got a new one"),
    "superseded": ("Superseded", "plain", "The same customer or loan comes again, further down or in a newer file"),
    "flagged": ("Remark", "plain", "Imported, but something about it is unusual"),
}

# An amount in a sentence of an import; what has fewer digits may also be a number of months or an age.
AMOUNT = re.compile(r"(?<![\d.])(\d{4,}(?:\.\d\d)?|\d+\.\d\d)(?![\d%]|\.\d)")
# The columns of a workbook that hold amounts, as a finding names them.
AMOUNT_COLUMNS = {"Loan Amount", "Monthly payment", "Monthly Salary", "Approved Limit"}
PLAIN_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)


def finding_sentence(finding: StoredFinding) -> str:
    """What an import says about a cell, with its amounts as the locale writes them.

    Ids and phone numbers stay as they are, and so does a value that is no plain number: it has to be found in the file.
    """
    if finding.column not in AMOUNT_COLUMNS or finding.code != "out_of_range":
        return finding.sentence
    if not finding.value or PLAIN_NUMBER.fullmatch(finding.value):
        return _with_amounts(finding.sentence)
    said, value, rest = finding.sentence.rpartition(finding.value)
    return _with_amounts(said) + value + rest


def _with_amounts(sentence: str) -> str:
    # The wing of imports stores sentences and not yet the figures in them.
    return AMOUNT.sub(lambda found: str(formats().money(Decimal(found[0]))), sentence)
