"""When DAGs run: at their times, and not because someone lets them go."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable


def from_next(cron: str) -> CronTriggerTimetable:
    """A schedule, in UTC, whose first run is the next one.

    For a DAG without a start date: with one, Airflow makes good the run before the DAG was let go. `False`
    would still make good a run of less than a tenth of the interval ago, an interval of zero does not.
    """
    return CronTriggerTimetable(cron, timezone="UTC", run_immediately=timedelta(0))
