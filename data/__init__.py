"""The sample portfolio: two workbooks, and the program that makes them."""
