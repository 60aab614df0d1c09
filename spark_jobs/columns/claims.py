"""Numbers as senders claim them, in every form that SDKs, shops and tag managers write.

A claim that cannot be read, or is ambiguous, is unknown: null here, and reported by the caller. No
text is cast before its form and length are known, so a number of 1,200 digits or the exponent of -999,999,999
costs nothing.

A whole number is digits, with a sign, with zeros behind a point, or with an exponent: `7`, `+7`, `7.0`,
`1E1`. A number with an exponent was a binary floating-point number at its sender, and is read as one.

An amount may have its currency before or behind it, as a sign or a code of letters, which is ignored. Its
groups of three digits are separated by commas, points, blanks or apostrophes, Indian ones by commas also
after two; what remains is the decimal separator. A single comma or point separates groups if exactly three
digits follow it and one to three digits, without a leading zero, precede it. So `1,422` and, written as text,
`1.422` are ambiguous and unknown; in a currency of three decimals, and as a JSON number, `1.422` is a
decimal.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
# The most digits that are accepted: amounts below ten thousand million, far beyond any order.
_AMOUNT, _PRECISE = "decimal(14,4)", "decimal(38,10)"
QUANTITY_DIGITS, COUNT_DIGITS = 6, 9

_BLANKS = " \t\r\n\u00a0\u2009\u202f\ufeff"
_WHOLE = r"^([+-]?[0-9]{1,40})(?:\.0{0,40})?$"
_SCIENTIFIC = r"^([+-]?[0-9]{1,20}(?:\.[0-9]{1,20})?[eE][+-]?[0-9]{1,2})$"
_CODE = r"(?:\p{L}{0,3}\p{Sc}|\p{L}{2,4}\.?)"
_BARE = rf"^([+-]?)\s?{_CODE}?\s?([+-]?)\s?([0-9.,][0-9., ']{{0,40}}?)\s?{_CODE}?$"
_IN_THREES = "[0-9]{1,3}(?:%s[0-9]{3})"
_INDIAN = "[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}"
_POINT = "\x04"  # stands for the decimal separator once it is known; a claim that contains it is not read
_TEXT = "\x05"  # before a claim in which a point may separate groups
_UNKNOWN = "?"
# Applied in this order: ambiguous claims, then unambiguous ones, with decimals after the last group.
_FORMS = (
    (rf"^{_TEXT}[+-]?[1-9][0-9]{{0,2}}\.[0-9]{{3}}$", _UNKNOWN),
    (_TEXT, ""),
    (r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$", _UNKNOWN),
    (rf"^([+-]?(?:{_IN_THREES % ','}+|{_INDIAN}))\.([0-9]+)$", rf"$1{_POINT}$2"),
    (rf"^([+-]?{_IN_THREES % '[.]'}+),([0-9]+)$", rf"$1{_POINT}$2"),
    (rf"^([+-]?(?:{_IN_THREES % ' '}+|{_IN_THREES % chr(39)}+))[.,]([0-9]+)$", rf"$1{_POINT}$2"),
    (r"^([+-]?[0-9]*)[.,]([0-9]+)$", rf"$1{_POINT}$2"),
    (
        rf"^([+-]?(?:[0-9]+|{_INDIAN}|{_IN_THREES % ','}{{2,}}|{_IN_THREES % '[.]'}{{2,}}"
        rf"|{_IN_THREES % ' '}+|{_IN_THREES % chr(39)}+))$",
        rf"$1{_POINT}0",
    ),
)
_READ = rf"^([+-]?[0-9., ']*{_POINT}[0-9]+)$"


def said(source: Column) -> Column:
    """Return the claim without surrounding blanks; null when there is none."""
    return F.nullif(F.btrim(source.cast("string"), F.lit(_BLANKS)), F.lit(""))


def whole(claim: Column) -> Column:
    """Return a claim from `said` as a whole number (bigint); null when it is none or does not fit."""
    number = F.regexp_extract(claim, _SCIENTIFIC, 1).try_cast("double").try_cast(_PRECISE)
    is_whole = number == F.floor(number)
    return F.coalesce(
        F.regexp_extract(claim, _WHOLE, 1).try_cast("bigint"), F.when(is_whole, number).try_cast("bigint")
    )


def count_of(claim: Column, digits: int = QUANTITY_DIGITS) -> Column:
    """Return a whole number of at most this many digits; null beyond that."""
    return whole(claim).try_cast(f"decimal({digits},0)").try_cast("bigint")


def amount(claim: Column, is_text: Column, currency: Column) -> Column:
    """Return an amount (decimal(18,4)); null when the claim cannot be read or is ambiguous.

    `is_text` says that the claim was written as JSON text, in which a point may separate groups. The steps
    form one chain that uses each result once, since engines expand a column at each of its uses.
    """
    simple = F.translate(claim, f"\u2212\u00a0\u2009\u202f\u2019{_POINT}{_TEXT}", "-   '??")
    has_three = F.coalesce(currency.isin(*THREE_DECIMALS), F.lit(False))
    mark = F.when(is_text & ~has_three, F.lit(_TEXT)).otherwise(F.lit(""))
    number = F.concat(mark, F.regexp_replace(simple, _BARE, "$1$2$3"))
    for pattern, replacement in _FORMS:
        number = F.regexp_replace(number, pattern, replacement)
    plain = F.translate(F.regexp_extract(number, _READ, 1), f"{_POINT}, '.", ".")
    binary = F.regexp_extract(simple, _SCIENTIFIC, 1).try_cast("double")
    return F.coalesce(plain.try_cast(_AMOUNT), binary.try_cast(_AMOUNT)).try_cast("decimal(18,4)")


def currency_code(claim: Column) -> Column:
    """Return a currency code of three letters; null for anything else."""
    return F.when(claim.rlike("^[A-Z]{3}$"), claim)


def is_text(json: Column, *names: str) -> Column:
    """Return whether a JSON text contains a property of one of these names that is written as text."""
    return F.coalesce(json.rlike(rf'"(?:{"|".join(names)})"\s*:\s*"'), F.lit(False))
