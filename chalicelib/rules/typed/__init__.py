"""What people type: phone numbers, amounts, rates, dates and names, read the same way wherever they are typed.

Workbooks, the API and the console all ask these functions. Each takes a text and returns what it means, or a Problem.
A text has a meaning only if every reasonable reader would agree on it; anything else is refused, never guessed.
"""

from typing import NamedTuple


class Problem(NamedTuple):
    """What is wrong with what was typed. `message` finishes a sentence that begins with the name of the field."""

    code: str
    message: str
