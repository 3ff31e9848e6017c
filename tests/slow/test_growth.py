"""Time in proportion to size: whatever strangers send, twice as much of it takes no more than about twice the time.

Processor time is measured, and the least of several runs: what else the machine does only adds to it.
"""

import ast
import gc
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import process_time, thread_time
from typing import Any
from xml.parsers.expat import ExpatError

import pytest

import chalicelib
from chalicelib.api.forms import TABLE, preferred_form
from chalicelib.errors import LoanError
from chalicelib.imports.files import safe_file_name
from chalicelib.imports.kinds.customers import CUSTOMERS
from chalicelib.imports.kinds.readers import one_of
from chalicelib.imports.reading.number_formats import MAX_CODE, NumberFormat
from chalicelib.imports.reading.plain_rows import PlainRows, grammar, is_value
from chalicelib.imports.reading.shared_strings import SharedStrings, Strings
from chalicelib.imports.reading.workbook import FileRefused
from chalicelib.imports.reading.worksheets import row_pieces
from chalicelib.imports.reading.xml_parts import Damaged
from chalicelib.imports.titles import MAX_TITLE, not_understood
from chalicelib.requests import models
from chalicelib.rules.servicing.values import Intent
from tests.support.growth import BODIES, FILES, Case

MOST_GROWTH = 2.5
SECONDS = 0.004
ATTEMPTS = 5
REPEATS = 3
AGE = CUSTOMERS.column("age")


def seconds(
    run: Callable[[Any], object], given: Any, times: int = 1, clock: Callable[[], float] = process_time
) -> float:
    begin = clock()
    for _ in range(times):
        # A refusal is an answer too.
        with suppress(LoanError, FileRefused, Damaged, ExpatError, ValueError):
            run(given)
    return clock() - begin


def counting(n: int) -> float:
    """The seconds of a loop. By the clock of its thread: for some milliseconds after the timers of a budget
    (imports/reading/processor_budget.py) were taken away, the system counts those of the process in whole ticks.
    """
    return seconds(lambda most: sum(each % 7 for each in range(most)), n, clock=thread_time)


def sized(case: Case) -> tuple[int, int]:
    """An n large enough to be measured beside what does not depend on it, and how often to do it for that."""
    least = max(SECONDS, 3 * seconds(case.run, case.make(1)))
    n = 16
    while (taken := seconds(case.run, case.make(n))) < least and n * 4 <= case.most:
        n *= 2
    return n, max(1, round(SECONDS / max(taken, SECONDS / 10_000)))


def least(runs: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The least that each takes, one measured beside the other."""
    taken = [{name: run() for name, run in runs.items()} for _ in range(REPEATS)]
    return {name: min(each[name] for each in taken) for name in runs}


def growth(case: Case, attempt: int = 0) -> float:
    """How many times as long twice the size takes, beside a loop that is known to take twice as long.

    Each attempt is at another size: memory of more than some size costs more to get, once, and what grows out of
    proportion does so at every size.
    """
    n, times = sized(case)
    n = max(n, min(n * 2**attempt, case.most // 2))
    small, large = case.make(n), case.make(2 * n)
    found = least(
        {
            "small": lambda: seconds(case.run, small, times),
            "loop": lambda: counting(100_000),
            "large": lambda: seconds(case.run, large, times),
            "long loop": lambda: counting(200_000),
        }
    )
    known = max(1.0, found["long loop"] / found["loop"] / 2)
    return found["large"] / found["small"] / known


def assert_in_proportion(case: Case) -> None:
    gc.disable()
    try:
        seen: list[float] = []
        while not seen or (min(seen) >= MOST_GROWTH and len(seen) < ATTEMPTS):
            seen.append(growth(case, len(seen)))
    finally:
        gc.enable()
    assert min(seen) < MOST_GROWTH, f"twice the size takes {min(seen):.1f} times as long"


# Expressions, by the module below chalicelib and their name there; how they are used, and what nearly matches.

OPERATORS = "only the operator's settings are matched"

MATCHED: Mapping[str, str | list[tuple[str, Callable[[int], str | bytes]]]] = {
    "config.LOCALE": OPERATORS,
    "config.ORIGIN": OPERATORS,
    "config.CEILING": OPERATORS,
    "config.CURRENCY_CODE": OPERATORS,
    "rules.typed.sought._NUMBER": [("fullmatch", lambda n: "loan " + "1" * n), ("fullmatch", lambda n: " " * n)],
    "console.saved_views.views.PARAMETER": [("fullmatch", lambda n: "a" * n), ("match", lambda n: "a" * n)],
    "console.frame.kept.SECRETS": [("search", lambda n: "a" * n)],
    "rules.policy.NAME": OPERATORS,
    "requests.json_bodies._TEXT_OR_BRACKET": [
        ("finditer", lambda n: '"' + "\\" * n),
        ("finditer", lambda n: '"' + 'a\\"' * n),
        ("finditer", lambda n: '"[' * n),
    ],
    "console.frame.redirects.NEXT": [
        ("fullmatch", lambda n: "a" * n + "!"),
        ("fullmatch", lambda n: "a/" * n + "!"),
        ("fullmatch", lambda n: "?" + "a" * n + "!"),
    ],
    "console.frame.visit.PARAMETER": [("finditer", lambda n: "{" + "a" * n), ("finditer", lambda n: "{a" * n)],
    "imports.kinds.readers._DAY_NUMBER": [("fullmatch", lambda n: "1" * n)],
    "imports.reading.number_formats._TOKEN": [
        ("finditer", lambda n: "[" * n),
        ("finditer", lambda n: '"a' * n),
        ("finditer", lambda n: '"' * (2 * n + 1)),
        ("finditer", lambda n: "Genera" * n),
        ("finditer", lambda n: "\\" * (2 * n + 1)),
    ],
    "imports.reading.number_formats._CONDITION": [("fullmatch", lambda n: "<" + " " * n + "x")],
    "imports.reading.number_formats._ELAPSED": [("fullmatch", lambda n: "h" * n)],
    "imports.reading.number_formats._COLOUR": [("fullmatch", lambda n: "color" + " " * n)],
    "imports.reading.merged._RANGE": [("fullmatch", lambda n: "A" * n), ("fullmatch", lambda n: "A" + "1" * n)],
    "rules.typed.numbers._POINT_OR_GROUP": [("fullmatch", lambda n: "1." + "1" * n)],
    "rules.typed.names._ESCAPED": [("search", lambda n: "_x" * n), ("search", lambda n: "_x200" * n)],
    "rules.typed.references._POWER_OF_TEN": [("fullmatch", lambda n: "1." + "1" * n)],
    "rules.typed.references._OF_A_FLOAT": [("fullmatch", lambda n: "1" * n), ("fullmatch", lambda n: "1." + "0" * n)],
    "imports.reading.number_formats._DATE_CODE": [("fullmatch", lambda n: "d/" * n + "x")],
    "imports.reading.number_formats._MINUTES": [("finditer", lambda n: "h" * n), ("finditer", lambda n: "hm" * n)],
    "imports.reading.number_formats._LAST_THREE": [("search", lambda n: ",000" * n + "x,")],
    "imports.reading.number_formats._OF_NO_WEIGHT": [("finditer", lambda n: " -" * n + "x")],
    "imports.report.cells._UNWRITABLE": [("finditer", lambda n: "\1" * n)],
    "imports.reading.number_formats._LANGUAGE": [
        ("fullmatch", lambda n: "$" + "a" * n),
        ("fullmatch", lambda n: "$-" + "0" * n),
        ("fullmatch", lambda n: "$-" * n),
    ],
    "imports.reading.plain_rows._ZERO": [
        ("fullmatch", lambda n: b"<v>" + b"0" * n + b"x"),
        ("fullmatch", lambda n: b">" + b" " * n + b"x"),
        ("fullmatch", lambda n: b">0e" + b"1" * n + b"x"),
    ],
    "rules.typed.numbers._BELOW_ZERO": [
        ("fullmatch", lambda n: "(" + "a" * n),
        ("fullmatch", lambda n: "0-" * n + "x"),
        ("fullmatch", lambda n: "0" * n),
    ],
    "imports.reading.number_formats._DAY": [("search", lambda n: "d" * n), ("search", lambda n: "ddd-" * n)],
    "imports.reading.number_formats._MONTH": [("search", lambda n: "m" * n), ("search", lambda n: "mmmmm-" * n)],
    "imports.reading.number_formats._END": [
        ("fullmatch", lambda n: "a" + "!" * n),
        ("fullmatch", lambda n: "a!" * n),
    ],
    "imports.reading.number_formats._TWO_APART": [
        ("search", lambda n: "0" * n),
        ("search", lambda n: "0-" * n),
        ("search", lambda n: "0 " * n),
    ],
    "imports.reading.sheet_parts._ERROR": [
        ("finditer", lambda n: b' t="e"' * n),
        ("finditer", lambda n: b' t="e">' * n),
        ("finditer", lambda n: b' t="e"><f>' * n),
        ("finditer", lambda n: b' t="e"><f>' + b"a" * n),
        ("finditer", lambda n: b' t="e"><' + b"a" * n),
    ],
    "imports.reading.styles._CURRENCY": [
        ("finditer", lambda n: "[$" * n),
        ("finditer", lambda n: "[$" + "a" * n),
        ("finditer", lambda n: "_$" * n),
    ],
    "imports.reading.xml_parts._REFERENCE": [
        ("finditer", lambda n: b"&#" * n),
        ("finditer", lambda n: b"&#x1" * n),
        ("finditer", lambda n: b"&#1;" * n),
    ],
    "imports.titles._NUMBERED": [
        ("fullmatch", lambda n: "a" * n),
        ("fullmatch", lambda n: "a1" * n + "x"),
        ("fullmatch", lambda n: "a_" * n),
    ],
    "imports.reading.rewriting._ADDRESS": [("fullmatch", lambda n: "A" * n), ("fullmatch", lambda n: "A" + "1" * n)],
    "imports.reading.rewriting._SMALL_NUMBER": [("fullmatch", lambda n: "1" * n)],
    "imports.reading.rewriting._RANGE": [("fullmatch", lambda n: "A" * n)],
    "imports.reading.shared_strings._PLAIN": [
        ("fullmatch", lambda n: b"<si>" * n),
        ("fullmatch", lambda n: b" " * n + b"x"),
        ("fullmatch", lambda n: b"<si><t>a</t></si> " * n + b"x"),
        ("fullmatch", lambda n: b"<si><t>" + b"a" * n),
    ],
    "imports.reading.shared_strings._TEXT": [
        ("finditer", lambda n: b"<t" * n),
        ("finditer", lambda n: b"<t" + b" t" * n),
        ("finditer", lambda n: b"<t" + b">" * n),
        ("finditer", lambda n: b"<t>" + b"a" * n),
    ],
    "imports.notes._WORDS": [
        ("search", lambda n: "in " * n),
        ("search", lambda n: "rs. (" * n),
        ("search", lambda n: "in 1000 " * n + "x"),
        ("search", lambda n: "in 1000" + "!" * n + "x"),
        ("search", lambda n: "tenure years" + " " * n + "1"),
        ("search", lambda n: "rate is in " * n),
    ],
    "imports.reading.worksheets._SHEET_DATA": [
        ("search", lambda n: b"<" * n),
        ("search", lambda n: b"<a" * n),
        ("search", lambda n: b"<" + b"a" * n),
        ("search", lambda n: b"<aaaaaaaaaaaaaaaaaaaa:sheetData" * n),
    ],
    "rules.devices._FORM": [("fullmatch", lambda n: "a" * n)],
    "rules.tokens.KEY_FORM": [("fullmatch", lambda n: "lk_" + "a" * n)],
    "rules.tokens.SESSION_FORM": [("fullmatch", lambda n: "ls_" + "a" * n)],
    "rules.tokens.INVITATION_FORM": [("fullmatch", lambda n: "li_" + "a" * n)],
    "services.second_factor_codes._CODE": [("fullmatch", lambda n: "1" * n)],
    "rules.typed.dates._NUMBERS": [("fullmatch", lambda n: "1-1-" + "1" * n)],
    "rules.typed.dates._YEAR_FIRST": [("fullmatch", lambda n: "2024-1-" + "1" * n)],
    "rules.typed.dates._DAY_AND_WORD": [("fullmatch", lambda n: "1 " + "a" * n)],
    "rules.typed.dates._WORD_AND_DAY": [("fullmatch", lambda n: "a" * n + " 1")],
    "rules.typed.dates._YEAR_AND_WORD": [("fullmatch", lambda n: "2024 " + "a" * n)],
    "rules.typed.dates._WEEKDAY": [("match", lambda n: "a" * n), ("match", lambda n: "mon." + " " * n)],
    "rules.typed.dates._TIME": [("fullmatch", lambda n: "T00:00:00." + "0" * n), ("fullmatch", lambda n: " " * n)],
    "rules.typed.dates._ZEROS": [("match", lambda n: "0" * n), ("fullmatch", lambda n: "0" * n + "-")],
    "rules.typed.dates._SECONDS": [("fullmatch", lambda n: "1" * n)],
    "rules.typed.dates._ORDINAL": [("search", lambda n: "1" * n), ("search", lambda n: "1s" * n)],
    "rules.typed.names._ERROR_OR_NUMBER": [("fullmatch", lambda n: "#" + "a" * n), ("fullmatch", lambda n: "1" * n)],
    "rules.typed.numbers._NUMBER": [("fullmatch", lambda n: "1" * n + "x"), ("fullmatch", lambda n: "1," * n)],
    "rules.typed.numbers._AMOUNT": [
        ("fullmatch", lambda n: "1," * n + "x"),
        ("fullmatch", lambda n: " " * n),
        ("fullmatch", lambda n: "1" + " " * n + "x"),
        ("fullmatch", lambda n: "+" + " " * n + "rs" + " " * n + "x"),
        ("fullmatch", lambda n: "1" + " " * n + "rs" + " " * n + "only" + " " * n + "x"),
    ],
    "rules.typed.numbers._PERCENT": [
        ("fullmatch", lambda n: "1," * n + "x"),
        ("fullmatch", lambda n: "1" + " " * n + "%" + " " * n + "x"),
    ],
    "rules.typed.numbers._GROUPED": [
        ("fullmatch", lambda n: "1" + ",111" * n + ","),
        ("fullmatch", lambda n: "1" + ",11" * n + ","),
    ],
    "rules.typed.numbers._POWER_OF_TEN": [
        ("fullmatch", lambda n: "1" * n),
        ("fullmatch", lambda n: "1." + "1" * n),
        ("fullmatch", lambda n: "1e" + "1" * n + "x"),
    ],
    "rules.typed.phones._WRITTEN": [("fullmatch", lambda n: "1 " * n + "x")],
    "rules.typed.phones._OF_A_FLOAT": [
        ("fullmatch", lambda n: "1" * n),
        ("fullmatch", lambda n: "1234567890." + "0" * n),
    ],
    "rules.typed.phones._POWER_OF_TEN": [
        ("fullmatch", lambda n: "1" * n),
        ("fullmatch", lambda n: "1e" + "1" * n + "x"),
    ],
    "rules.typed.letters._CODED": [
        ("finditer", lambda n: "&" * n),
        ("finditer", lambda n: "&#1" * n),
        ("finditer", lambda n: "&a" * n),
        ("finditer", lambda n: "&" + "a" * n),
        ("finditer", lambda n: "%2\\u00" * n),
    ],
    "imports.reading.csv_text._TORN": [("search", lambda n: ",0" * n), ("search", lambda n: ",01" * n)],
    "imports.reading.csv_text._GROUP": [("fullmatch", lambda n: "x" * n), ("fullmatch", lambda n: "1" * n)],
    "imports.reading.csv_text._LAST_GROUP": [
        ("fullmatch", lambda n: "000." + "0" * n),
        ("fullmatch", lambda n: "000" + "x" * n),
    ],
    "rules.typed.phones._NATIONAL": [("fullmatch", lambda n: "0091" + "1" * n)],
    "rules.typed.phones._INTERNATIONAL": [("fullmatch", lambda n: "91" + "1" * n)],
}  # fmt: skip

# What numbers of strangers are matched with has at most 100 characters (rules/typed/letters.py), but each is measured
# as if there were no such bound.


def matching(pattern: re.Pattern[Any], method: str, make: Callable[[int], Any]) -> Case:
    def run(text: Any) -> object:
        found = getattr(pattern, method)(text)
        return sum(1 for _ in found) if method == "finditer" else found

    # The memory for what a longer text has to be tried again takes time of its own.
    return Case(make, run, 2**16)


def module_names() -> Iterator[str]:
    # The environment of the migrations is run by Alembic alone.
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        if not module.name.startswith("chalicelib.storage.migrations."):
            yield module.name


def patterns_in(holder: Any) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """The expressions among what a module or class holds, also in collections."""
    for name, held in list(vars(holder).items()):
        if isinstance(held, Mapping):
            several: list[Any] = [*held.keys(), *held.values()]
        else:
            several = list(held) if isinstance(held, list | tuple | set | frozenset) else [held]
        yield from ((name, each) for each in several if isinstance(each, re.Pattern))
        if isinstance(held, type) and held.__module__ == getattr(holder, "__name__", ""):
            yield from ((f"{name}.{inner}", pattern) for inner, pattern in patterns_in(held))


@pytest.fixture(scope="module")
def compiled() -> dict[str, re.Pattern[Any]]:
    """All expressions that stand in a module or class, each where it is made and not where it is imported."""
    found: dict[int, tuple[str, re.Pattern[Any]]] = {}
    for module in module_names():
        for name, pattern in patterns_in(importlib.import_module(module)):
            full = f"{module}.{name}".removeprefix("chalicelib.")
            if id(pattern) not in found or full in MATCHED:
                found[id(pattern)] = full, pattern
    return dict(found.values())


def test_every_expression_that_is_compiled_is_measured_or_has_a_reason(compiled: dict[str, re.Pattern[Any]]) -> None:
    assert set(compiled) == set(MATCHED)


@pytest.mark.parametrize(
    ("name", "at"),
    [(name, at) for name, cases in MATCHED.items() if not isinstance(cases, str) for at in range(len(cases))],
)
def test_an_expression_takes_time_in_proportion(compiled: dict[str, re.Pattern[Any]], name: str, at: int) -> None:
    cases = MATCHED[name]
    assert not isinstance(cases, str)
    method, make = cases[at]
    assert_in_proportion(matching(compiled[name], method, make))


# Expressions that stand inside a function: by module, function of re, and the expression as it is written.

FORMULAS = {7: NumberFormat("0%"), 8: NumberFormat("0.0%")}


def stretches(xml: bytes) -> object:
    return list(row_pieces([xml], 2)[2])


def take_rows(xml: bytes) -> object:
    strings = SharedStrings(Strings().lengths)
    strings.lengths.append(100)
    rows = PlainRows(b"", strings, FORMULAS)
    return rows.take(xml), rows.marks(is_uncalculated=True)


def one_row(cells: Callable[[int], bytes]) -> Callable[[int], bytes]:
    return lambda n: b'<row r="1">' + cells(n) + b"</row>"


def many_rows(cell: bytes) -> Callable[[int], bytes]:
    return lambda n: b"".join(b'<row r="%d"><c r="A%d"%b</row>' % (row, row, cell) for row in range(1, n + 1))


ROWS = {
    "spaces": lambda n: b" " * n + b"x",
    "starts": lambda n: b'<row r="1">' * n,
    "types": one_row(lambda n: b'<c r="A1"' + b' t="s"' * n + b"><v>0</v></c>"),
    "types without an end": one_row(lambda n: b'<c r="A1"' + b' t="str"' * n),
    "attributes": lambda n: b'<row r="1"' + b' a=""' * n + b"/>",
    "cells of one place": one_row(lambda n: b'<c r="A1"/>' * n),
    "far cells of one place": one_row(lambda n: b'<c r="AA1"/>' * n),
    "ends of tags": one_row(lambda n: b'<c r="A1"><v>' + b">" * n),
    "a long value": one_row(lambda n: b'<c r="A1"><v>' + b"1" * n),
    "formulas without an end": one_row(lambda n: b'<c r="A1">' + b"<f>" * n),
    "a long formula": one_row(lambda n: b'<c r="A1"><f>' + b' ref="A1:' * n + b"</f></c>"),
    "formulas": many_rows(b' t="str"><f>1</f><v></v></c>'),
    "errors": many_rows(b' t="e"><v>#N/A</v></c>'),
    "shared texts": many_rows(b' t="s"><v>0</v></c>'),
    "inline texts": many_rows(b' t="inlineStr"><is><t>a</t></is></c>'),
    "texts": many_rows(b' t="str"><v>a</v></c>'),
    "formats": many_rows(b' s="7"><v>1</v></c>'),
    "spaces at the end": lambda n: many_rows(b"/>")(4) + b" " * n + b"x",
}  # fmt: skip

OUR_OWN = "only a page of our own is searched"
FIXED = "texts of a fixed length, which can be divided in one way alone"

INLINE: Mapping[tuple[str, str, str], str | list[Case]] = {
    ("api.contract", "findall", r"r'<style>(.*?)</style>'"): OUR_OWN,
    ("console.frame.pages", "sub", r"'\\{[^}]*\\}'"): OUR_OWN,
    (
        "console.frame.pages",
        "compile",
        r"re.sub('\\{[^}]*\\}', lambda found: '.+' if '+' in found[0] else '[^/]+', path)",
    ): OUR_OWN,
    ("console.account.second_factor", "fullmatch", "RECOVERY_FORM"): FIXED,
    ("console.account.second_factor", "fullmatch", "KEY_FORM"): FIXED,
    ("services.second_factor_codes", "sub", r"'[\\s-]'"): [
        Case(lambda n: " " * n, lambda text: re.sub(r"[\s-]", "", text)),
    ],
    ("requests.models", "fullmatch", "r'[0-9]{1,19}'"): [Case(lambda n: "1" * n, models.digits)],
    ("requests.models", "findall", r"r'\w{2,}'"): [
        Case(lambda n: "a " * n, models._said),
        Case(lambda n: "a" * n, models._said),
    ],
    ("api.forms", "fullmatch", r"r'q=(0?\.\d+|[01]\.?|1\.0+)'"): [
        Case(lambda n: "text/csv;q=0." + "0" * n, lambda accept: preferred_form(accept, TABLE)),
        Case(lambda n: "a;q=1," * n, lambda accept: preferred_form(accept, TABLE)),
        Case(lambda n: "a" + ";" * n, lambda accept: preferred_form(accept, TABLE)),
    ],
    ("imports.kinds.readers", "sub", r"r'[\s_-]'"): [
        Case(lambda n: "_" * n, one_of(tuple(Intent), "unknown_intent").read),
        Case(lambda n: "a " * n, one_of(tuple(Intent), "unknown_intent").read),
    ],
    ("imports.reading.number_formats", "search", "r'[ymdhs]'"): [
        Case(lambda n: "0" * n, lambda text: NumberFormat(text).sections, MAX_CODE)
    ],
    ("imports.reading.number_formats", "sub", "r'e[+-]'"): [
        Case(lambda n: "0E+" * n, lambda text: NumberFormat(text).sections, MAX_CODE // 3),
        Case(lambda n: "[" * n, lambda text: NumberFormat(text).sections, MAX_CODE),
        Case(lambda n: ";" * n, lambda text: NumberFormat(text).sections, MAX_CODE),
    ],
    ("imports.reading.plain_rows", "compile", "b'\\\\s*+(?:%b)*+' % row.replace(b'~', prefix)"): [
        Case(make, grammar(b"").fullmatch) for make in ROWS.values()
    ],
    ("imports.reading.plain_rows", "compile", "text.replace(b'~', re.escape(prefix))"): [
        Case(make, take_rows) for make in ROWS.values()
    ],
    ("imports.reading.plain_rows", "search", "b' ref=\"([A-Z0-9:]{1,30})\"'"): [
        Case(ROWS["a long formula"], take_rows)
    ],
    ("imports.reading.plain_rows", "fullmatch", "_VALUE_OF[of_type]"): [
        Case(lambda n: "1" * n + "x", partial(is_value, "n")),
        Case(lambda n: "1." + "1" * n + "x", partial(is_value, "n")),
        Case(lambda n: "1e" + "1" * n + "x", partial(is_value, "n")),
        Case(lambda n: "a" * n + "&", partial(is_value, "d")),
    ],
    ("imports.reading.worksheets", "compile", "b'<%brow r=\"(\\\\d+)' % re.escape(prefix)"): [
        Case(lambda n: b"<sheetData>" + b'<row r="1"/>' * n, stretches),
        Case(lambda n: b"<sheetData>" + b'<row r="1"/><row r="9"/>' * n, stretches),
        Case(lambda n: b"<sheetData>" + b'<row r="1' * n, stretches),
    ],
    ("imports.titles", "findall", r"r'[^\W_]+'"): [
        Case(lambda n: f"Age ({'a_' * n})", lambda text: not_understood(AGE, text), MAX_TITLE // 2),
        Case(lambda n: f"Age ({'year ' * n})", lambda text: not_understood(AGE, text), MAX_TITLE // 5),
    ],
    ("imports.files", "split", r"r'[/\\]'"): [
        Case(lambda n: "/" * n, safe_file_name),
        Case(lambda n: "." * n, safe_file_name),
        Case(lambda n: "\u0301" * n, safe_file_name),
    ],
}  # fmt: skip


def inline_expressions() -> set[tuple[str, str, str]]:
    """The calls of the module re that are not made once when a module is loaded."""
    found = set()
    for path in Path(*chalicelib.__path__).rglob("*.py"):
        module = ".".join(path.relative_to(*chalicelib.__path__).with_suffix("").parts)
        if module.startswith("storage.migrations."):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        for call in (node for function in functions for node in ast.walk(function) if isinstance(node, ast.Call)):
            if ast.unparse(call.func).startswith("re.") and call.args and ast.unparse(call.func) != "re.escape":
                found.add((module, ast.unparse(call.func)[3:], normal(call.args[0])))
    return found


def normal(expression: ast.expr) -> str:
    return ast.unparse(expression)


def test_every_expression_inside_a_function_is_measured_or_has_a_reason() -> None:
    listed = {(module, function, normal(ast.parse(text, mode="eval").body)) for module, function, text in INLINE}
    assert inline_expressions() == listed


@pytest.mark.parametrize(
    ("where", "at"),
    [(where, at) for where, cases in INLINE.items() if not isinstance(cases, str) for at in range(len(cases))],
)
def test_an_expression_inside_a_function_takes_time_in_proportion(where: tuple[str, str, str], at: int) -> None:
    case = INLINE[where][at]
    assert isinstance(case, Case)
    assert_in_proportion(case)


def test_styles_of_one_format_take_time_in_proportion() -> None:
    """Measured alone: beside the reading of the file it shows only in tens of thousands of them."""

    def taken(n: int) -> PlainRows:
        styles = dict.fromkeys(range(1, n + 1), FORMULAS[7])
        rows = PlainRows(b"", SharedStrings(Strings().lengths), styles)
        cells = b"".join(b'<row r="%d"><c r="A%d" s="%d"><v>1</v></c></row>' % (row, row, row) for row in styles)
        assert rows.take(cells)
        return rows

    assert_in_proportion(Case(taken, PlainRows.marks, 2**16))


@pytest.mark.parametrize("name", FILES)
def test_a_file_takes_time_in_proportion(name: str) -> None:
    assert_in_proportion(FILES[name])


@pytest.mark.parametrize("name", BODIES)
def test_a_body_takes_time_in_proportion(name: str) -> None:
    assert_in_proportion(BODIES[name])


def test_what_is_not_in_proportion_is_found() -> None:
    case = Case(lambda n: "a" * n, lambda text: re.search("a+a+b", text), most=1_024)
    with pytest.raises(AssertionError, match="twice the size"):
        assert_in_proportion(case)
