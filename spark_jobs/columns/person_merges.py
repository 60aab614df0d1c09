"""PostHog's rules for merging ids into persons, replayed in plain Python.

Standard library only: it runs in the driver for few requests and in Spark's Python workers for many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

# A request from a self-hosted PostHog: it states that both ids belong to one person.
STATED = "posthog_person"


class Request(NamedTuple):
    """A request to merge two different ids; `into` is the requesting id. Customers are null for other ids."""

    at: int  # microseconds since 1970
    event_id: str
    method: str
    into: str
    other: str
    into_customer: str | None
    other_customer: str | None
    is_illegal: bool


class Outcome(NamedTuple):
    """A request, its result, and the founding ids of the persons of both its ids."""

    at: int
    event_id: str
    method: str
    into: str
    other: str
    outcome: str
    founder: str
    other_founder: str


@dataclass
class _Person:
    """Ids of one person. A person whom a request names is identified: rules 3 to 5 agree on that."""

    founder: str
    customer: str | None
    ids: list[str]


def replay(requests: Iterable[Request]) -> list[Outcome]:
    """Replay the requests by their time, then by their event's id, whatever order they arrived in.

    PostHog's statements come after all events: they are the final state, and may merge persons whom the
    events have kept apart, though never two customers.

    Requests that share no id, even indirectly, are independent: any split that keeps connected ones together
    gives the same outcomes. Persons are those after all requests.
    """
    persons: dict[str, _Person] = {}
    in_order = sorted(set(requests), key=lambda request: (request.method == STATED, request[:5]))
    done = [(request, _apply(request, persons)) for request in in_order]

    def founder(distinct_id: str) -> str:
        person = persons.get(distinct_id)
        return person.founder if person else distinct_id

    return [
        Outcome(*request[:5], outcome, founder(request.into), founder(request.other))
        for request, outcome in done
    ]


def _apply(request: Request, persons: dict[str, _Person]) -> str:
    """Apply one request: PostHog's rules, after our own guard, which never merges two customers."""
    if request.is_illegal:
        return "refused_illegal_id"
    into, other = persons.get(request.into), persons.get(request.other)
    if into is not None and into is other:
        return "already_one"
    customers = {
        into.customer if into else request.into_customer,
        other.customer if other else request.other_customer,
    } - {None}
    if len(customers) == 2:
        if into is None:  # refused, but the requesting id is known and identified from now on
            persons[request.into] = _Person(request.into, request.into_customer, [request.into])
        return "refused_two_customers"
    customer = next(iter(customers), None)
    if into is not None and other is not None:
        if request.method not in ("$merge_dangerously", STATED):
            return "refused_already_identified"
        _unite(into, other, customer, persons)
        return "merged"
    known = into or other or _Person(request.into, customer, [])
    known.customer = customer
    for distinct_id in (request.into, request.other):
        if distinct_id not in persons:
            known.ids.append(distinct_id)
            persons[distinct_id] = known
    return "attached" if into or other else "created"


def _unite(into: _Person, other: _Person, customer: str | None, persons: dict[str, _Person]) -> None:
    """Merge two persons; the shorter list of ids moves, to keep chains cheap, but the person stays `into`."""
    kept, gone = (into, other) if len(into.ids) >= len(other.ids) else (other, into)
    kept.founder, kept.customer = into.founder, customer
    kept.ids += gone.ids
    for distinct_id in gone.ids:
        persons[distinct_id] = kept
