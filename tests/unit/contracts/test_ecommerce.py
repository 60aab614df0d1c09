"""Silver reads exactly the event properties that the contracts declare."""

from contracts.sources.ecommerce import COMMON, EVENTS
from spark_jobs.silver import events


def test_every_property_that_silver_reads_is_declared():
    declared = {each.name for each in COMMON} | {each.name for event in EVENTS for each in event.properties}
    assert set(events._PROPERTIES) <= declared


def test_a_property_is_declared_once_per_event():
    for event in EVENTS:
        names = [each.name for each in (*event.properties, *COMMON)]
        assert len(names) == len(set(names)), event.name
