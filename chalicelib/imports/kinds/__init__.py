"""The kinds of sheet. Whatever else has to know one finds it here."""

from chalicelib.imports.kinds.customers import CUSTOMERS
from chalicelib.imports.kinds.loans import LOANS
from chalicelib.imports.kinds.openings import OPENINGS
from chalicelib.imports.kinds.receipts import RECEIPTS

# In the order in which they are merged: each kind after those that its rows are about, so that a workbook with all of
# them leaves nothing waiting.
KINDS = (CUSTOMERS, LOANS, OPENINGS, RECEIPTS)
