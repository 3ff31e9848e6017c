"""What a loan owes, from its terms and its facts alone. docs/servicing.md explains the rules with worked examples.

`values` has the terms and the facts, `fold` makes a position of them, `checks` says which fact may be recorded; what
people ask of a position is in `standing`, `account`, `settlement`, `prepayment` and `statement`.
"""
