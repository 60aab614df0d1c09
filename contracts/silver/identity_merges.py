"""Requests to merge two ids, and their results."""

from __future__ import annotations

from contracts.model import Check, Column, Layer, OnFailure, Pii, Table

# The last is not an event: a self-hosted PostHog states that both ids belong to one person.
METHODS = ("$identify", "$create_alias", "$merge_dangerously", "posthog_person")
# Results of a request; the last three refuse it.
OUTCOMES = (
    "created",  # neither id was known: a new person with both
    "attached",  # one id was known: the other joined its person
    "merged",  # both were known: the other's person was merged into this one
    "already_one",  # both already were the same person
    "refused_illegal_id",  # an id that many senders share, such as `anonymous`
    "refused_already_identified",  # the other is an identified person: only `$merge_dangerously` may
    "refused_two_customers",  # it would merge two customers into one person
)
REFUSALS = tuple(outcome for outcome in OUTCOMES if outcome.startswith("refused"))

IDENTITY_MERGES = Table(
    name="identity_merges",
    layer=Layer.SILVER,
    inputs=("silver.events", "silver.person_distinct_ids"),
    grain="one row per event that asks to unite two different ids, and per id that PostHog says to unite",
    doc=(
        "The audit of identity: every request to make two ids one person, replayed in the order of its time,"
        " with the refused ones and why. What a self-hosted PostHog says comes after all events. Persons are"
        " those of today, after all requests."
    ),
    key=("event_id",),
    columns=(
        Column(
            "event_id",
            "string",
            "The event that asks; `person_distinct_id:<project>:<id>` where PostHog does",
            required=True,
        ),
        Column(
            "requested_at", "timestamp", "When it happened, UTC; decides the order of events", required=True
        ),
        Column("method", "string", "How it asks", required=True, allowed=METHODS),
        Column("distinct_id", "string", "The id that stays", required=True, pii=Pii.PSEUDONYM),
        Column("other_distinct_id", "string", "The id to unite with it", required=True, pii=Pii.PSEUDONYM),
        Column("outcome", "string", "What became of it", required=True, allowed=OUTCOMES),
        Column("is_refused", "boolean", "Nothing was united", required=True),
        Column("person_id", "string", "Whose the id is today", required=True, pii=Pii.PSEUDONYM),
        Column("other_person_id", "string", "Whose the other id is today", required=True, pii=Pii.PSEUDONYM),
    ),
    checks=(Check("merge_is_not_refused", "NOT is_refused", OnFailure.WARN),),
)
