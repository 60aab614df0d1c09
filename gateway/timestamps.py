"""Compute the time of an event by PostHog's formula, which corrects the clock of the sender."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

FUTURE_LIMIT = timedelta(hours=23)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_UNIX = re.compile(r"-?\d{1,19}(?:\.\d{1,9})?", re.ASCII)
_DAYS = {"/": ("%Y/%m/%d", "%m/%d/%Y", "%m/%d/%y"), ",": ("%B %d, %Y", "%b %d, %Y"), ".": ("%Y.%m.%d",)}
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")


def event_time(
    stated: object,
    offset: int | None,
    sent_at: datetime | None,
    now: datetime,
) -> datetime:
    """Return the time of an event, in UTC.

    `stated` is its timestamp as sent. `sent_at` is the sender's clock at the moment of sending, or None if it
    is unknown or must not be used. `offset` counts milliseconds back from `now` and overrides both. An
    unreadable timestamp becomes `now`, and so does one far in the future.
    """
    moment = parse(stated) or now
    try:
        if offset is not None:
            moment = now - timedelta(milliseconds=offset)
        elif sent_at is not None and moment is not now:
            moment -= sent_at - now
    except OverflowError:
        # Outside of the calendar: beyond its end is the future, before its start is not a date.
        is_past = offset > 0 if offset is not None else moment < now
        return EPOCH if is_past else now
    return now if moment - now > FUTURE_LIMIT else moment


def parse(stated: object) -> datetime | None:
    """Parse a time in any form that senders use; UTC if it has no zone, None if it is not a time."""
    if isinstance(stated, bool) or not isinstance(stated, str | int | float):
        return None
    text = stated.strip() if isinstance(stated, str) else str(stated)
    try:
        if _ISO.match(text):
            return _utc(datetime.fromisoformat(text[:-1] + "Z" if text[-1] == "z" else text))
        return _unix(text) if _UNIX.fullmatch(text) else _worded(text)
    except (ValueError, OverflowError):
        return None


def parse_strict(text: str) -> datetime | None:
    """Parse a time of RFC 3339, with date, time and zone; None if it is not one."""
    if not _RFC3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def from_query(text: str) -> datetime | None:
    """Parse `sent_at` of a query, in milliseconds. Seconds would be years before 2020 and are ignored."""
    try:
        moment = EPOCH + timedelta(milliseconds=int(text))
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 2020 else None


def iso(moment: datetime) -> str:
    """Format a time as JavaScript does; with microseconds only if there are any."""
    text = moment.isoformat(timespec="microseconds" if moment.microsecond % 1000 else "milliseconds")
    return text[:-6] + "Z"


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _unix(text: str) -> datetime:
    """Parse seconds, milliseconds, microseconds or nanoseconds, told apart by the number of digits."""
    whole = text.lstrip("-").partition(".")[0]
    unit = 1 if len(whole) <= 11 else 1_000 if len(whole) <= 14 else 1_000_000 if len(whole) <= 17 else 10**9
    return EPOCH + timedelta(seconds=float(text) / unit)


def _worded(text: str) -> datetime | None:
    if not 6 <= len(text) <= 40:
        return None
    mark = next((mark for mark in _DAYS if mark in text), "")
    for pattern in (day + clock for day in _DAYS.get(mark, ()) for clock in _CLOCKS):
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        return _utc(parsedate_to_datetime(text))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
