"""PostHog's merge rules, and the guard that two customers never become one."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.columns.person_merges import STATED, Outcome, Request, replay


def request(at: int, into: str, other: str, method: str = "$identify", **given_fields: bool) -> Request:
    def customer(distinct_id: str) -> str | None:
        return distinct_id if distinct_id.isdigit() else None

    is_illegal = given_fields.get("is_illegal", False)
    return Request(at, f"e{at}", method, into, other, customer(into), customer(other), is_illegal)


def outcomes(*requests: Request) -> list[str]:
    return [each.outcome for each in replay(requests)]


def persons(found: list[Outcome]) -> set[frozenset[str]]:
    """The ids of each person, of those that a request names."""
    ids: dict[str, set[str]] = defaultdict(set)
    for each in found:
        ids[each.founder].add(each.into)
        ids[each.other_founder].add(each.other)
    return {frozenset(each) for each in ids.values()}


def test_a_login_makes_one_person_of_device_and_customer_and_the_next_device_joins() -> None:
    found = replay([request(1, "17", "phone"), request(2, "17", "laptop"), request(3, "17", "phone")])
    assert [each.outcome for each in found] == ["created", "attached", "already_one"]
    assert persons(found) == {frozenset({"17", "phone", "laptop"})}
    assert {each.founder for each in found} == {"17"}


def test_a_chain_is_one_person_named_by_its_first_id() -> None:
    found = replay([request(1, "b", "a"), request(2, "c", "b"), request(3, "d", "c")])
    assert persons(found) == {frozenset("abcd")}
    assert {each.founder for each in found} == {"b"}


def test_two_known_persons_stay_two_unless_the_sender_insists() -> None:
    apart = [request(1, "ann", "a"), request(2, "bob", "b"), request(3, "ann", "b")]
    assert outcomes(*apart)[-1] == "refused_already_identified"
    assert persons(replay(apart)) == {frozenset({"ann", "a"}), frozenset({"bob", "b"})}
    insisting = [*apart, request(4, "ann", "b", "$merge_dangerously")]
    assert outcomes(*insisting)[-1] == "merged"
    assert persons(replay(insisting)) == {frozenset({"ann", "a", "bob", "b"})}
    assert {each.founder for each in replay(insisting)} == {"ann"}


def test_the_second_customer_on_a_shared_device_stays_a_person_of_their_own() -> None:
    shared = [request(1, "17", "tablet"), request(2, "18", "tablet"), request(3, "18", "phone")]
    assert outcomes(*shared) == ["created", "refused_two_customers", "attached"]
    assert persons(replay(shared)) == {frozenset({"17", "tablet"}), frozenset({"18", "phone"})}


@pytest.mark.parametrize("method", ["$create_alias", "$merge_dangerously"])
def test_no_request_unites_two_customers_directly_or_over_others(method: str) -> None:
    assert outcomes(request(1, "17", "18", method)) == ["refused_two_customers"]
    over = [request(1, "a", "17"), request(2, "b", "18"), request(3, "a", "b", method)]
    assert outcomes(*over)[-1] == "refused_two_customers"
    assert len(persons(replay(over))) == 2


def test_an_id_that_names_nobody_unites_nobody() -> None:
    illegal = [request(n, str(n), "anonymous", is_illegal=True) for n in (1, 2)]
    assert outcomes(*illegal) == ["refused_illegal_id"] * 2
    assert {each.founder for each in replay(illegal)} == {"1", "2"}


def test_a_request_that_comes_late_is_replayed_in_its_place() -> None:
    early, late = request(1, "17", "tablet"), request(2, "18", "tablet")
    assert persons(replay([late])) == {frozenset({"18", "tablet"})}
    assert persons(replay([late, early])) == {frozenset({"17", "tablet"}), frozenset({"18"})}


def test_what_posthog_states_unites_whom_the_events_left_apart() -> None:
    apart = [request(1, "ann", "a"), request(2, "bob", "b"), request(3, "ann", "b")]
    stated = [*apart, request(0, "ann", "bob", STATED), request(0, "ann", "c", STATED)]
    assert outcomes(*stated)[-2:] == ["merged", "attached"]
    assert persons(replay(stated)) == {frozenset({"ann", "a", "bob", "b", "c"})}


def test_what_posthog_states_comes_after_every_event_and_never_unites_customers() -> None:
    """An old statement takes no device from whom it belongs to by a later event."""
    stated = [request(5, "18", "tablet"), request(1, "17", "tablet", STATED), request(1, "17", "tv", STATED)]
    assert outcomes(*stated) == ["created", "refused_two_customers", "attached"]
    assert persons(replay(stated)) == {frozenset({"18", "tablet"}), frozenset({"17", "tv"})}


IDS = ("1", "2", "3", "a", "b", "c", "d", "e")
METHODS = ("$identify", "$create_alias", "$merge_dangerously", STATED)
REQUESTS = st.lists(
    st.tuples(
        st.integers(0, 30), st.sampled_from(IDS), st.sampled_from(IDS), st.sampled_from(METHODS)
    ).filter(lambda drawn: drawn[1] != drawn[2]),
    max_size=25,
).map(
    lambda drawn: [
        request(at, into, other, method)._replace(event_id=f"e{number:02}")
        for number, (at, into, other, method) in enumerate(drawn)
    ]
)


@given(REQUESTS, st.randoms(use_true_random=False))
def test_order_of_arrival_and_duplicates_change_nothing(requests: list[Request], random: object) -> None:
    again = [*requests, *requests[::2]]
    random.shuffle(again)  # type: ignore[attr-defined]
    assert replay(again) == replay(requests)


@given(REQUESTS)
def test_a_person_is_one_customer_at_most_and_every_id_one_persons(requests: list[Request]) -> None:
    found = replay(requests)
    people = persons(found)
    assert all(len({each for each in ids if each.isdigit()}) <= 1 for ids in people)
    assert sum(map(len, people)) == len(frozenset().union(*people))
    assert len(found) == len(requests)


@given(REQUESTS)
def test_only_what_was_accepted_unites(requests: list[Request]) -> None:
    """The persons are the connected components of the accepted requests: by another way."""
    found = replay(requests)
    group = {each: {each} for each in IDS}
    for each in found:
        if not each.outcome.startswith("refused"):
            group[each.into] |= group[each.other]
            for member in group[each.into]:
                group[member] = group[each.into]
    named = {name for each in found for name in (each.into, each.other)}
    assert persons(found) == {frozenset(group[name]) for name in named}


@given(st.permutations(["17", "phone", "laptop", "tablet", "tv"]), st.data())
def test_without_refusals_the_order_in_time_does_not_matter_either(
    ids: list[str], data: st.DataObject
) -> None:
    """Aliases of ids that nobody knew before, each joined to one before it: a tree of one person."""
    edges = [(ids[data.draw(st.integers(0, n - 1))], ids[n]) for n in range(1, len(ids))]
    found = replay([request(at, into, other) for at, (into, other) in enumerate(edges)])
    assert persons(found) == {frozenset(ids)}
    assert not any(each.outcome.startswith("refused") for each in found)
