"""The console's customers: found, read, tried a loan for, registered and corrected."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import text

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Author, Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.services.applications import list_applications
from chalicelib.services.audit import list_events
from chalicelib.services.customers import change_customer, etag_of, view_customer
from chalicelib.storage import idempotency
from chalicelib.storage.applications import ApplicationFilter
from chalicelib.storage.audit import AuditFilter
from chalicelib.storage.customers import Customer
from chalicelib.storage.paging import Cursor
from tests.support.console.browser import Browser, Seen, names_in
from tests.support.customers import add_loan, named
from tests.support.lending import create_loan
from tests.support.people import TEST

ASKED = "?loan_amount=1%2C20%2C030&interest_rate=8.12&tenure=12"
TOO_MUCH = "?loan_amount=900000&interest_rate=8.12&tenure=12"


@pytest.fixture
def officer(browser: Browser, database: Database) -> Browser:
    """The browser of an officer who is signed in."""
    return browser.sign_in_as(database, Role.OFFICER)


@pytest.fixture
def viewer(browser: Browser, database: Database) -> Browser:
    """The browser of somebody who may only look."""
    return browser.sign_in_as(database, Role.VIEWER)


def stored(database: Database, customer_id: int) -> Customer:
    return view_customer(database, customer_id, today=runtime.today()).customer


def test_a_list_without_customers_says_what_to_do(officer: Browser) -> None:
    seen = officer.get("/console/customers/")
    assert "No customers yet" in seen.words
    assert {"/console/customers/new/", "/console/imports/new/"} <= set(seen.links())


def test_the_name_of_somebody_who_has_only_one_ends_with_it(officer: Browser, database: Database) -> None:
    number = named(database, "Rudra", "")
    for path in ("", f"{number}/", f"{number}/change/"):
        seen = officer.get(f"/console/customers/{path}")
        assert "Rudra" in seen.text
        assert "Rudra " not in seen.text.replace("Rudra · ", "")


def test_customers_are_found_by_how_a_name_a_phone_number_or_a_number_begins(
    officer: Browser, database: Database
) -> None:
    named(database, "Rudra", "Singh", "8697989224")
    named(database, "Asha", "Rao", "7012345678")

    def found(query: str) -> list[str]:
        return names_in(officer.get(f"/console/customers/?q={query}"))

    assert found("") == ["Rudra Singh", "Asha Rao"]
    assert found("asha") == found("RAO") == found("7012") == found("2") == ["Asha Rao"]
    assert found("asha+rao") == ["Asha Rao"]
    nobody = officer.get("/console/customers/?q=zzz")
    assert "Try fewer letters, or the last four digits" in nobody.words


def test_a_search_cannot_write_into_the_page(officer: Browser) -> None:
    seen = officer.get("/console/customers/?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert "<script>alert" not in seen.text


@pytest.mark.parametrize("sort", ["number", "newest", "name", "name-descending"])
def test_customers_come_in_each_order_page_after_page_none_twice(
    officer: Browser, database: Database, sort: str
) -> None:
    people = [(named(database, f"{'ABC'[n % 3]}sha", f"R{n % 7}"), f"{'ABC'[n % 3]}sha R{n % 7}") for n in range(60)]
    seen, listed = officer.get(f"/console/customers/?sort={sort}"), []
    while True:
        listed += [int(link.split("/")[-2]) for link in seen.links() if re.search(r"customers/\d+/$", link)]
        following = re.search(r'href="([^"]+)" rel="next"', seen.text)
        if not following:
            break
        seen = officer.get(f"/console/customers/{unescape(following[1])}")
    by_name = [number for number, _ in sorted(people, key=lambda each: (each[1].lower(), each[0]))]
    wanted = sorted(number for number, _ in people) if sort in ("number", "newest") else by_name
    assert listed == (wanted if sort in ("number", "name") else wanted[::-1])


def test_a_script_gets_the_table_alone(officer: Browser, database: Database) -> None:
    named(database)
    part = officer.get("/console/customers/?q=rud&part=rows")
    assert names_in(part) == ["Rudra Singh"]
    assert "<html" not in part.text
    assert 'data-said="1 customer"' in part.text
    assert "/console/customers/1/" in part.links()


@pytest.mark.parametrize("query", ["sort=income", "after=-1", "after=x", "part=all", "q=" + "a" * 150])
def test_an_address_that_is_not_valid_is_told_as_a_page(officer: Browser, query: str) -> None:
    assert officer.get(f"/console/customers/?{query}").status == 400


def test_a_customer_is_shown_with_exposure_loans_applications_and_history(officer: Browser, database: Database) -> None:
    number = named(database)
    add_loan(database, number, loan_amount=Decimal(800_000), monthly_installment=Decimal(12_000), source_loan_id=77)
    add_loan(database, number, end_date=runtime.today().replace(year=2021), loan_amount=Decimal(50_000))
    seen = officer.get(f"/console/customers/{number}/")
    assert "₹8,00,000 of ₹8,28,000 lent, 97%" in seen.words
    assert "Instalments take ₹12,000 of ₹23,000 a month, 52%. The policy allows ₹11,500." in seen.words
    assert 'class="meter warn"' in seen.text
    assert 'class="meter bad"' in seen.text
    assert names_in(seen) == ["Loan 1", "Loan 2"]
    assert "No applications yet" in seen.words
    assert "Registered by the test" in seen.words
    assert len(seen.text.encode()) < 100_000


def test_of_many_loans_a_customers_page_shows_those_that_run_and_then_the_newest(
    officer: Browser, database: Database
) -> None:
    number, ended = named(database), runtime.today().replace(year=2021)
    for loan in range(1, 13):
        add_loan(database, number, end_date=None if loan in (2, 3) else ended)
    seen = officer.get(f"/console/customers/{number}/")
    assert names_in(seen) == [f"Loan {loan}" for loan in (3, 2, 12, 11, 10, 9, 8, 7)]


def test_a_customer_who_is_not_there_is_not_found(officer: Browser) -> None:
    for address in ("7", "0", "x", "99999999999999999999"):
        assert officer.get(f"/console/customers/{address}/").status == 404


def test_a_loan_is_tried_without_saving_anything(officer: Browser, database: Database) -> None:
    number = named(database)
    seen = officer.get(f"/console/customers/{number}/{ASKED}")
    assert (
        "A loan of ₹1,20,030 over 12 months is approved at 8.12% a year, with instalments of ₹10,447.88 a month."
        in seen.words
    )
    assert "There are no earlier loans, so the credit score is 75." in seen.words
    assert "75 of 100" in seen.words
    assert 'value="1,20,030"' in seen.text
    assert list_applications(database, ApplicationFilter(), cursor=Cursor(9)).rows == []


def test_a_refusal_says_why_and_what_could_be_had_instead_one_click_away(officer: Browser, database: Database) -> None:
    number = named(database)
    seen = officer.get(f"/console/customers/{number}/{TOO_MUCH}")
    assert "A loan of ₹9,00,000 over 12 months at 8.12% a year is refused." in seen.words
    assert "The requested amount, ₹9,00,000, is more than the approved limit, ₹8,28,000." in seen.words
    offer = next(link for link in seen.links() if "loan_amount=828000" in link)
    assert "₹8,28,000 over 12 months is approved" in officer.get(offer.partition("#")[0]).words


def test_a_raised_rate_is_said_in_the_sentence(officer: Browser, database: Database) -> None:
    number = named(database)
    add_loan(database, number, loan_amount=Decimal(1000), emis_paid_on_time=60)
    seen = officer.get(f"/console/customers/{number}/{ASKED}")
    assert "is approved at 12% a year instead of 8.12%" in seen.words
    assert "Approved at a higher rate" in seen.words


def test_a_bar_of_more_than_the_whole_shows_where_the_whole_ends(officer: Browser, database: Database) -> None:
    number = named(database)
    seen = officer.get(f"/console/customers/{number}/?loan_amount=16,56,000&interest_rate=8&tenure=60")
    assert "Limit with this loan ₹16,56,000 of ₹8,28,000 lent, 200%" in seen.words
    assert '<rect class="whole-ends" x="50.0%"' in seen.text
    assert 'name="loan_amount" type="text" value="16,56,000"' in seen.text


def test_a_what_if_shows_limit_and_income_with_the_loan_beside_today(officer: Browser, database: Database) -> None:
    number = named(database)
    add_loan(database, number, loan_amount=Decimal(100_000), emis_paid_on_time=90)
    seen = officer.get(f"/console/customers/{number}/{ASKED}")
    assert "Limit today ₹1,00,000 of ₹8,28,000 lent, 12%" in seen.words
    assert "Limit with this loan ₹2,20,030 of ₹8,28,000 lent, 27%" in seen.words
    assert "Income today Instalments take ₹1,000 of ₹23,000 a month, 4%" in seen.words
    assert "Income with this loan Instalments take ₹11,447.88 of ₹23,000 a month, 50%" in seen.words
    # 49.8% of the income, of which half may go to instalments.
    assert "more than the policy's" not in seen.words


def test_a_loan_that_takes_too_much_of_the_income_is_warned_of_also_if_it_is_approved(
    officer: Browser, database: Database
) -> None:
    number = named(database)
    seen = officer.get(f"/console/customers/{number}/?loan_amount=133000&interest_rate=8.12&tenure=12")
    assert "is approved at 8.12% a year" in seen.words
    assert (
        "With this loan, instalments take ₹11,576.84 a month, 50.4% of the income: more than the policy's 50%. "
        "The policy approves it, because it counts the current loans only." in seen.words
    )


def test_an_offer_that_takes_too_much_of_the_income_says_so(officer: Browser, database: Database) -> None:
    number = named(database)
    add_loan(database, number, loan_amount=Decimal(1000), emis_paid_on_time=60)
    seen = officer.get(f"/console/customers/{number}/{ASKED}")
    shortest = seen.words.partition("Shortest tenure")[2]
    assert (
        "₹1,20,030 over 1 month ₹1,21,230.30 a month at 12% a year With it, instalments take ₹1,22,230.30 a month, "
        in (shortest)
    )
    assert "531.5% of the income: more than the policy's 50%." in shortest


def test_a_second_application_for_the_same_says_when_the_first_one_was(officer: Browser, database: Database) -> None:
    number = named(database)
    page = officer.get(f"/console/customers/{number}/{ASKED}")
    assert "applied for exactly this" not in page.words
    officer.send(page, f"/console/customers/{number}/applications/", **apply_fields(page))
    with database.transaction() as tx:
        tx.connection.execute(text("UPDATE loan_applications SET created_at = now() - interval '2 minutes'"))
        tx.commit()
    again = officer.get(f"/console/customers/{number}/{ASKED}")
    assert "Rudra Singh applied for exactly this 2 minutes ago: application 1 was approved." in again.words
    assert "Apply again" in again.words
    other = officer.get(f"/console/customers/{number}/{ASKED.replace('tenure=12', 'tenure=13')}")
    assert "applied for exactly this" not in other.words
    with database.transaction() as tx:
        tx.connection.execute(text("UPDATE loan_applications SET created_at = now() - interval '25 hours'"))
        tx.commit()
    assert "applied for exactly this" not in officer.get(f"/console/customers/{number}/{ASKED}").words


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?loan_amount=abc&interest_rate=8&tenure=12", "Must be an amount, for example 1,20,000"),
        ("?loan_amount=12%2C50&interest_rate=8&tenure=12", "Must be an amount, for example 1,20,000"),
        ("?loan_amount=100&interest_rate=101&tenure=12", "Must be percent a year, 0 to 100"),
        ("?loan_amount=100&interest_rate=8&tenure=601", "Must be a whole number of months"),
        ("?loan_amount=100&interest_rate=8", "Is required"),
    ],
)
def test_what_was_typed_wrong_is_kept_with_a_sentence_beside_it(
    officer: Browser, database: Database, query: str, sentence: str
) -> None:
    seen = officer.get(f"/console/customers/{named(database)}/{query}")
    assert seen.status == 400
    assert sentence in seen.words
    assert f'value="{unescape(query[13:].split("&")[0].replace("%2C", ","))}"' in seen.text


def apply_fields(page: Seen, **changes: str) -> dict[str, str]:
    return {name: page.hidden(name) for name in ("idempotency_key", "loan_amount", "interest_rate", "tenure")} | changes


def test_applying_makes_the_loan_and_leads_to_its_decision(officer: Browser, database: Database) -> None:
    number = named(database)
    page = officer.get(f"/console/customers/{number}/{ASKED}")
    seen = officer.follow(officer.send(page, f"/console/customers/{number}/applications/", **apply_fields(page)))
    assert "Application approved. The loan is created." in seen.words
    assert "/console/loans/1/" in seen.links()
    (event,) = list_events(database, AuditFilter(action="loan_applied_for"), Cursor(9)).rows
    assert event.actor_name == "a-officer of the tests"


def test_a_double_click_makes_one_loan(officer: Browser, database: Database) -> None:
    number = named(database)
    page = officer.get(f"/console/customers/{number}/{ASKED}")
    address = f"/console/customers/{number}/applications/"
    first, second = (officer.send(page, address, **apply_fields(page)) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"] == "../../../applications/1/"
    assert officer.cookies["loans-done"] == "application-approved"
    assert len(list_applications(database, ApplicationFilter(), cursor=Cursor(9)).rows) == 1
    again = officer.get(f"/console/customers/{number}/{ASKED}")
    officer.send(again, address, **apply_fields(again))
    assert len(list_applications(database, ApplicationFilter(), cursor=Cursor(9)).rows) == 2


def test_a_click_while_the_first_one_is_at_work_leads_back_to_the_customer(
    officer: Browser, database: Database
) -> None:
    number = named(database)
    page = officer.get(f"/console/customers/{number}/{ASKED}")
    address = f"/console/customers/{number}/applications/"
    officer.send(page, address, **apply_fields(page))
    with database.transaction() as tx:
        route, key = tx.connection.execute(text("DELETE FROM idempotency_keys RETURNING route, key")).one()
        tx.commit()
    with database.transaction() as tx:
        idempotency.claim(tx.connection, route, key)
        seen = officer.follow(officer.send(page, address, **apply_fields(page)))
    assert seen.path == f"/console/customers/{number}/"
    assert "The application is being decided" in seen.words


def test_a_refused_application_is_recorded_too(officer: Browser, database: Database) -> None:
    number = named(database)
    page = officer.get(f"/console/customers/{number}/{TOO_MUCH}")
    seen = officer.follow(officer.send(page, f"/console/customers/{number}/applications/", **apply_fields(page)))
    assert '<p class="notice bad" role="status">Application recorded as refused. No loan was created.</p>' in seen.text
    assert "is refused." in seen.words


@pytest.mark.parametrize(
    "changes", [{"idempotency_key": ""}, {"idempotency_key": "x" * 99}, {"loan_amount": "x"}, {"tenure": ""}]
)
def test_an_application_that_the_page_does_not_send_is_refused(
    officer: Browser, database: Database, changes: dict[str, str]
) -> None:
    number = named(database)
    page = officer.get(f"/console/customers/{number}/{ASKED}")
    sent = officer.send(page, f"/console/customers/{number}/applications/", **apply_fields(page, **changes))
    assert sent.status == 400
    assert list_applications(database, ApplicationFilter(), cursor=Cursor(9)).rows == []


def typed(**changes: str) -> dict[str, str]:
    return {
        "first_name": "Asha",
        "last_name": "Rao",
        "age": "31",
        "phone_number": "86979 89224",
        "monthly_income": "₹1,23,000.50",
    } | changes


def test_a_customer_is_registered_once_however_often_the_button_is_pressed(
    officer: Browser, database: Database
) -> None:
    form = officer.get("/console/customers/new/")
    for _ in range(2):
        seen = officer.follow(officer.send(form, "", idempotency_key=form.hidden("idempotency_key"), **typed()))
        assert seen.path.startswith("/console/customers/1/")
        assert "Customer registered." in seen.words
    assert stored(database, 1) == Customer(
        1, "Asha", "Rao", 31, "8697989224", Decimal("123000.50"), Decimal("4428018.00")
    )
    assert officer.get("/console/customers/2/").status == 404


def test_who_goes_back_and_registers_somebody_else_gets_a_second_customer(officer: Browser, database: Database) -> None:
    form = officer.get("/console/customers/new/")
    for name, phone in (("Asha", "86979 89224"), ("Leela", "86979 89225")):
        changes = typed(first_name=name, phone_number=phone)
        officer.send(form, "", idempotency_key=form.hidden("idempotency_key"), **changes)
    assert stored(database, 2).first_name == "Leela"


def test_the_same_person_is_registered_again_only_after_a_look_at_who_it_is(
    officer: Browser, database: Database
) -> None:
    number = named(database, "Rao", "Ashá", "7000000001")
    add_loan(database, number)
    too_much = LoanRequest(Decimal(900_000), Decimal("8.12"), 12)
    create_loan(database, number, too_much, STANDARD_1, date(2026, 11, 23), TEST)
    form = officer.get("/console/customers/new/")
    sent = typed(age="23", idempotency_key=form.hidden("idempotency_key"))
    warned = officer.send(form, "", **sent)
    assert warned.status == 409
    assert f"Rao Ashá · customer {number} · 7000000001 · 23 years · same name and age" in warned.words
    assert "Current loans of ₹1,00,000, ₹1,000 a month. Limit ₹8,28,000." in warned.words
    assert "Latest application: ₹9,00,000, refused on 23 Nov 2026" in warned.words
    assert f"/console/customers/{number}/" in warned.links()
    assert 'value="86979 89224"' in warned.text
    assert "Register anyway" in warned.words
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM customers")).scalar() == 1

    again = sent | {"known": warned.hidden("known"), "idempotency_key": warned.hidden("idempotency_key")}
    for _ in range(2):
        seen = officer.follow(officer.send(warned, "", **again))
        assert "Customer registered." in seen.words
    assert f"May be the same person as Rao Ashá, customer {number} (same name and age)." in seen.words
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM customers")).scalar() == 2


def test_whoever_registers_meanwhile_is_looked_at_too(officer: Browser, database: Database) -> None:
    form = officer.get("/console/customers/new/")
    sent = typed(idempotency_key=form.hidden("idempotency_key"))
    first = named(database, "Asha", "Iyer")
    warned = officer.send(form, "", **sent)
    second = named(database, "Meera", "Rao")
    warned = officer.send(form, "", **sent, known=warned.hidden("known"))
    assert warned.status == 409
    assert f"Meera Rao · customer {second} · 8697989224 · 23 years · same phone number" in warned.words
    assert warned.hidden("known") == f"{first},{second}"


def test_a_registration_keeps_what_was_typed_with_every_fault_beside_its_field(officer: Browser) -> None:
    form = officer.get("/console/customers/new/")
    seen = officer.send(
        form, "", idempotency_key=form.hidden("idempotency_key"), **typed(age="17", phone_number="12", last_name="-")
    )
    assert seen.status == 400
    assert 'value="Asha"' in seen.text
    assert 'value="1,23,000.50"' in seen.text
    assert seen.text.count('aria-invalid="true"') == 3
    assert "Must be a whole number of years, 18 to 120" in seen.words


def correcting(page: Seen, **changes: str) -> dict[str, str]:
    """The fields of the form of a correction as they came, with some typed over."""
    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page.text))
    fields.pop("csrf")
    return {name: unescape(value) for name, value in fields.items()} | {"reason": "a letter of the employer"} | changes


def test_a_correction_is_saved_with_its_reason_and_told_in_the_history(officer: Browser, database: Database) -> None:
    number = named(database)
    form = officer.get(f"/console/customers/{number}/change/")
    sent = officer.send(form, "", **correcting(form, approved_limit="9,00,000"))
    assert sent.headers["Location"].endswith(f"customers/{number}/")
    seen = officer.follow(sent)
    assert "Changes saved" in seen.words
    assert "Changed by a-officer of the tests" in seen.words
    assert "“a letter of the employer”" in seen.words
    assert "Approved limit: ₹8,28,000 → ₹9,00,000" in seen.words
    assert stored(database, number).approved_limit == 900_000
    (event,) = list_events(database, AuditFilter(action="customer_changed"), Cursor(9)).rows
    assert event.before == {"approved_limit": 828_000}
    assert event.after == {"approved_limit": 900_000, "reason": "a letter of the employer"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"approved_limit": "-1"}, "Must be at least ₹0"),
        ({"monthly_income": "0"}, "Must be above ₹0"),
        ({"phone_number": "12345"}, "Must be a phone number of 10 digits"),
        ({"approved_limit": "1", "reason": ""}, "Is required"),
        ({"approved_limit": "1", "reason": "why"}, "Must be a reason of 10 to 300 characters"),
        ({}, "Nothing is different from what is stored"),
    ],
)
def test_a_correction_that_is_not_valid_changes_nothing(
    officer: Browser, database: Database, changes: dict[str, str], sentence: str
) -> None:
    number = named(database)
    form = officer.get(f"/console/customers/{number}/change/")
    seen = officer.send(form, "", **correcting(form, **changes))
    assert seen.status == 400
    assert sentence in seen.words
    for value in changes.values():
        assert f'value="{value}"' in seen.text
    assert stored(database, number).approved_limit == 828_000


def test_who_loses_a_race_sees_what_changed_and_keeps_what_was_typed(officer: Browser, database: Database) -> None:
    number = named(database)
    form = officer.get(f"/console/customers/{number}/change/")
    somebody = Author("key", "the branch")
    tag = etag_of(stored(database, number))
    changes = {"approved_limit": Decimal(5), "monthly_income": Decimal(30_000)}
    change_customer(database, number, changes, etags={tag}, author=somebody, today=runtime.today())
    lost = officer.send(form, "", **correcting(form, approved_limit="900000"))
    assert lost.status == 412
    assert "by the branch" in lost.words
    assert "Approved limit: it was ₹8,28,000, it is ₹5 now." in lost.words
    assert "Monthly income: it was ₹23,000, it is ₹30,000 now." in lost.words
    again = correcting(lost)
    assert (again["approved_limit"], again["monthly_income"]) == ("9,00,000", "30,000")
    assert stored(database, number).approved_limit == 5
    assert officer.send(lost, "", **again).status == 303
    assert (stored(database, number).approved_limit, stored(database, number).monthly_income) == (
        Decimal(900_000),
        Decimal(30_000),
    )


def test_a_long_history_goes_on_on_the_next_page(officer: Browser, database: Database) -> None:
    number = named(database)
    for limit in range(12):
        tag = etag_of(stored(database, number))
        changes, reason = {"approved_limit": Decimal(limit)}, f"because of {limit}."
        change_customer(database, number, changes, etags={tag}, author=TEST, today=runtime.today(), reason=reason)
    seen = officer.get(f"/console/customers/{number}/")
    assert "because of 11." in seen.words
    assert "because of 1." not in seen.words
    earlier = re.search(r'href="(\?before=\d+)#history"', seen.text)
    assert earlier
    assert "because of 1." in officer.get(f"/console/customers/{number}/{earlier[1]}").words
    assert officer.get(f"/console/customers/{number}/?before=99999999999999999999").status == 400


def test_a_viewer_sees_everything_and_can_write_nothing(viewer: Browser, database: Database) -> None:
    number = named(database)
    listed, seen = viewer.get("/console/customers/"), viewer.get(f"/console/customers/{number}/{ASKED}")
    assert "Register a customer" not in listed.words
    assert "is approved at" in seen.words
    assert re.findall(r'method="post" action="([^"]*)"', seen.text) == ["../../sign-out/"]
    fields = {"idempotency_key": "x", "loan_amount": "1000", "interest_rate": "8", "tenure": "12"}
    writes: list[Callable[[], Seen]] = [
        lambda: viewer.send(seen, f"/console/customers/{number}/applications/", **fields),
        lambda: viewer.send(seen, f"/console/customers/{number}/change/", approved_limit="1"),
        lambda: viewer.send(seen, "/console/customers/new/", **typed()),
        lambda: viewer.get(f"/console/customers/{number}/change/"),
        lambda: viewer.get("/console/customers/new/"),
    ]
    assert [write().status for write in writes] == [403] * 5
    assert "Your role" in writes[0]().words or "may not" in writes[0]().words
    assert list_applications(database, ApplicationFilter(), cursor=Cursor(9)).rows == []
