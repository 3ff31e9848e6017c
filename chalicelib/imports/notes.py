"""Notes above, below and beside a table that say in which unit its values are: (Amounts in ₹ lakhs), Tenure in years.

A sum of money is none, as in "Loans above Rs. 5 lakh": a number stands before its unit.
"""

import re
import unicodedata
from functools import lru_cache

from chalicelib.imports.kinds.columns import Column
from chalicelib.imports.titles import not_understood

_RUPEES = r"(?:\b(?:rs|re|inr|rupees?)\b|₹)"
_BEFORE = (
    rf"(?:{_RUPEES}|\b(?:in|units?|amounts?|figures?|values?|all)\b|[(\[:])\W{{0,3}}(?:in )?(?:{_RUPEES}\W{{0,3}})?"
)
_ONE = "lakh|lac|crore|thousand|million|billion"
# Vowel signs are no letters to an expression, so \b ends no word of Hindi.
_ENDS = r"(?![^\s)\],.])"
_HINDI = unicodedata.normalize("NFKC", "लाख|करोड़|हज़ार|हजार")
_WORDS = re.compile(
    "|".join((
        rf"(?<!\d)(?<!\d\W)\b(?:(?:{_ONE}|hundred)s|(?:{_ONE}) (?:of )?{_RUPEES})",
        rf"{_BEFORE}(?:{_ONE}|cr|mn|mio|bn)\b|{_RUPEES}\W{{0,3}}[kl]\b(?!\W?[&.])",
        # '000 and 000s; Rs. 1000 is a sum, and 1000 behind `in` is one only if something follows.
        rf"['’‘]000\b|(?<![\d,.])000s\b|{_BEFORE}000\b|\b1,?(?:00,?)?000s\b",
        rf"\b(?:in|x)\b\W{{0,3}}(?:{_RUPEES}\W{{0,3}})?(?:1,?(?:00,?)?000|[kl])(?=\W*$)",
        rf"(?:₹|रु)\W{{0,3}}(?:{_HINDI}){_ENDS}",
        rf"(?<!\d)(?<!\d\W)(?:{_HINDI})\W{{0,3}}(?:(?:₹|रु\S*)\W{{0,3}})?में{_ENDS}",
        r"\b(?:usd|eur|gbp|aed|npr|lkr|bdt|pkr|sgd|myr|jpy|cny|sar|qar|omr|kwd|dollars?|euros?|dirhams?|paise)\b|[$€£¥]",
        r"\b(?:bps|basis points)\b|\b(?:flat|monthly) (?:interest )?rates?\b",
        r"(?:\b(?:rates?|interest|roi|percent)\b|%)\W{1,3}(?:(?:is|are|in|%|percent)\W{1,3}){0,2}"
        r"(?:flat|p\W?m|per month|a month)\b",
        r"\b(?:tenures?|tenou?rs?|terms?)\b\W{1,3}(?:(?:is|are|in)\W{1,3}){0,2}(?:years|yrs|weeks|days|quarters)\b(?!\W*\d)",
        r"\b(?:salary|salaries|incomes?)\b\W{1,3}(?:(?:is|are|in)\W{1,3}){0,2}"
        r"(?:per (?:annum|year)|p\W?a|annual|yearly)\b",
        r"\bmm?[-/. ]?dd?[-/. ]?yy?(?:yy)?\b|\bus (?:date )?format\b",
    ))
)  # fmt: skip
# What a cell above or below a title may hold that is not its column's unit.
_OTHERS = frozenset(
    """
    lakh lakhs lac lacs crore crores cr thousand thousands k l hundred hundreds million millions mn mio billion billions
    bn 000 000s 1000 100000 usd eur gbp aed npr dollar dollars euro euros $ € £ ¥ paise % percent bps fraction fractions
    flat day days week weeks month months monthly pm quarter quarters year years yearly yrs annum annual pa
    """.split()  # noqa: SIM905 - a list of so many words is read better as text
)


@lru_cache(1_000)
def other_unit(text: str) -> str:
    """The words of a note by which values are not in rupees, percent a year, months or day before month; or nothing."""
    found = _WORDS.search(" ".join(unicodedata.normalize("NFKC", text).casefold().split()))
    return found[0].strip(" ([:") if found else ""


@lru_cache(1_000)
def other_unit_of(column: Column, text: str) -> str:
    """The same of a text that stands in a column of its own, right above or below the title: years, ₹ lakhs, k."""
    words = not_understood(column, f"{column.title} ({text})").split()
    return " ".join(words) if set(words) <= _OTHERS else ""
