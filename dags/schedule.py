"""Schedules: DAGs run at their times, and not because they are unpaused."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable


def from_next(cron: str) -> CronTriggerTimetable:
    """Return a schedule, in UTC, whose first run is the next one.

    For a DAG without a start date: with one, Airflow catches up the run before the DAG was unpaused. `False`
    would still catch up a run of less than a tenth of the interval ago; an interval of zero does not.
    """
    return CronTriggerTimetable(cron, timezone="UTC", run_immediately=timedelta(0))
