"""How old somebody is, and which ages and dates of birth contradict one another."""

from datetime import date

import pytest

from chalicelib.rules.ages import age_on, current_age, refusal

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("born", "today", "age"),
    [
        (date(1986, 11, 28), TODAY, 40),
        (date(1986, 11, 29), TODAY, 39),
        (date(1986, 12, 1), TODAY, 39),
        (date(2004, 2, 29), date(2022, 2, 28), 17),
        (date(2004, 2, 29), date(2022, 3, 1), 18),
        (date(2004, 2, 29), date(2024, 2, 29), 20),
        (TODAY, TODAY, 0),
    ],
)
def test_somebody_is_a_year_older_from_the_birthday_on(born: date, today: date, age: int) -> None:
    assert age_on(born, today) == age


def test_the_date_of_birth_counts_before_an_age() -> None:
    assert current_age(23, None, TODAY) == 23
    assert current_age(23, date(1986, 1, 1), TODAY) == 40


@pytest.mark.parametrize(
    ("age", "born", "field"),
    [
        (23, None, None),
        (None, date(1986, 1, 1), None),
        (40, date(1986, 1, 1), None),
        (39, date(1986, 1, 1), "age"),
        (None, date(2008, 11, 28), None),
        (None, date(2008, 11, 29), "date_of_birth"),
        (None, date(1905, 11, 29), None),
        (None, date(1905, 11, 28), "date_of_birth"),
        (23, date(2030, 1, 1), "date_of_birth"),
    ],
)
def test_an_age_and_a_date_of_birth_that_cannot_both_be_are_refused(
    age: int | None, born: date | None, field: str | None
) -> None:
    refused = refusal(age, born, TODAY)
    assert (refused and refused.field) == field
