"""The query for customers who are likely the same person as another: the same phone number, or name and age."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from chalicelib.rules.typed.names import full_name

# So many are named. A phone number that hundreds have is nobody's, and of a frequent name there are many of an age.
MOST = 5

# Written as the index is.
_SAME_WORDS = """array_to_tsvector(search_words((first_name || ' ') || last_name)) = array_to_tsvector(
                   search_words((CAST(:first_name AS text) || ' ') || CAST(:last_name AS text)))"""

# As JSON, for a statement that knows phone_number, first_name, last_name, age_today and today: each with number, first
# and last name, and whether phone number, and name and age, are the same. The words of a name may be in another order,
# with accents or without. `others` is a condition on the customers. Which of very many are taken is left to the index;
# the planner does not see the phone number, or it would read the table for one that many have.
_ALIKE = f"""
    SELECT coalesce(jsonb_agg(jsonb_build_array(customer_id, first_name, last_name, by_phone, by_name)), '[]')
    FROM (
        SELECT customer_id, min(first_name) AS first_name, min(last_name) AS last_name,
               bool_or(by_phone) AS by_phone, bool_or(by_name) AS by_name
        FROM (
            (SELECT customer_id, first_name, last_name, true AS by_phone, false AS by_name
             FROM customers
             WHERE phone_number = (SELECT CAST(:phone_number AS text)) {{others}}
             LIMIT :most_alike)
            UNION ALL
            (SELECT customer_id, first_name, last_name, false, true
             FROM customers
             WHERE {_SAME_WORDS}
               AND age = CAST(:age_today AS smallint) AND date_of_birth IS NULL {{others}}
             LIMIT :most_alike)
            UNION ALL
            (SELECT customer_id, first_name, last_name, false, true
             FROM customers
             WHERE {_SAME_WORDS}
               AND age IS NULL
               AND date_part('year', age(CAST(:today AS date), date_of_birth)) = CAST(:age_today AS smallint) {{others}}
             LIMIT :most_alike)
        ) AS each_way
        GROUP BY customer_id
        ORDER BY bool_or(by_phone) DESC, bool_or(by_name) DESC, customer_id
        LIMIT :most_alike
    ) AS alike
"""  # noqa: S608 - a part of ours
# What an INSERT can return beside the customer that it adds, whom it does not see.
OF_A_NEW_ONE = f"({_ALIKE.format(others='')})"
_OF_ONE = text(_ALIKE.format(others="AND customer_id <> :customer_id"))


class Alike(NamedTuple):
    """A customer who is likely the same person as another, and by what."""

    customer_id: int
    name: str
    same_phone: bool
    same_name_and_age: bool


def values_of(person: Any, today: date) -> dict[str, Any]:
    """What the query asks of a person, whose age is that of `today`."""
    values = {name: getattr(person, name) for name in ("phone_number", "first_name", "last_name")}
    return {**values, "age_today": person.age_on(today), "today": today, "most_alike": MOST}


def of_customer(connection: Connection, customer: Any, today: date) -> Sequence[Alike]:
    """The other customers who are likely the same person as this one, the surest first."""
    values = {"customer_id": customer.customer_id, **values_of(customer, today)}
    return alike_from_stored(connection.execute(_OF_ONE, values).scalar_one())


def alike_from_stored(rows: Iterable[Sequence[Any]]) -> Sequence[Alike]:
    """What the query answers, as values."""
    return [Alike(number, full_name(first, last), phone, name) for number, first, last, phone, name in rows]
