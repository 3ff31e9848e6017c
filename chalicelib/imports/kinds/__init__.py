"""The kinds of sheet. Whatever else has to know one finds it here."""

from chalicelib.imports.kinds.customers import CUSTOMERS
from chalicelib.imports.kinds.loans import LOANS

# In the order in which they are merged: customers before loans, so that a workbook with both leaves nothing waiting.
KINDS = (CUSTOMERS, LOANS)
