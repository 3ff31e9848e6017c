"""What the API answers, as types: mypy holds the views to them, and the contract is made from them.

Nothing here is imported while the service runs, so a cold start does not pay for it: views name these types in their
annotations only. Amounts are rupees, rates percent a year, tenures months.
"""
