"""Airflow's options, besides addresses, folders and secrets."""

from __future__ import annotations

from deploy.servers.options import Option

OPTIONS = (
    Option("CORE__EXECUTOR", "LocalExecutor"),
    Option(
        "CORE__PARALLELISM",
        "2",
        "Tasks at once: a run of `medallion` is a chain; the second place is for maintenance beside it.",
    ),
    Option("CORE__LOAD_EXAMPLES", "false"),
    Option(
        "CORE__DAGS_ARE_PAUSED_AT_CREATION",
        "true",
        "Nothing is scheduled before there is a shop; the first run is triggered, then DAGs are unpaused.",
    ),
    Option("CORE__SIMPLE_AUTH_MANAGER_USERS", "admin:admin"),
    Option("CORE__MP_START_METHOD", "fork"),
    Option("API__WORKERS", "1"),
    Option(
        "EXECUTION_API__JWT_EXPIRATION_TIME",
        "86400",
        "A task's token must outlive the task: the default ends long tasks.",
    ),
    Option("DAG_PROCESSOR__PARSING_PROCESSES", "1"),
    Option("SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME", "1"),
    Option(
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL",
        "30",
        "How soon a scheduler takes up the tasks of one that died; the default is five minutes.",
    ),
    Option("LOGGING__COLORED_CONSOLE_LOG", "false"),
)
