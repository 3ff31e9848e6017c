"""How old a customer is: by the date of birth where it is known, else by the age that was given."""

from datetime import date
from typing import NamedTuple

from chalicelib.rules.bounds import AGE
from chalicelib.rules.wording import Sentence


class Refusal(NamedTuple):
    """What is wrong with an age or a date of birth: the field, and a sentence that goes on from its name."""

    field: str
    sentence: str


def age_on(born: date, today: date) -> int:
    """The age in whole years of somebody born on that day; negative before.

    Who was born on 29 February becomes a year older on 1 March where there is no such day, so that nobody is of age
    a day early.

    >>> age_on(date(2004, 2, 29), date(2022, 2, 28)), age_on(date(2004, 2, 29), date(2022, 3, 1))
    (17, 18)
    """
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def current_age(age: int | None, born: date | None, today: date) -> int:
    """The age that is shown and answered: by the date of birth, else as it was given. One of them is known."""
    if born is not None:
        return age_on(born, today)
    if age is None:
        raise ValueError("neither an age nor a date of birth")
    return age


def refusal(age: int | None, born: date | None, today: date) -> Refusal | None:
    """Why an age and a date of birth cannot both be taken on that day, if they cannot; either may be unknown."""
    if born is None:
        return None
    if (known := age_on(born, today)) not in AGE:
        sentence = Sentence(f"must make the customer {AGE} years old today; got {{born:day}}", born=born)
        return Refusal("date_of_birth", sentence)
    if age is not None and age != known:
        words = f"must be {known}, as the date of birth {{born:day}} says, or be left out; got {age}"
        return Refusal("age", Sentence(words, born=born))
    return None
