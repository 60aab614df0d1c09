"""Settings for starting servers: Spark, Airflow, Superset, and those of Docker Compose only."""

from __future__ import annotations

from contracts.settings.model import Audience, Section, Setting
from contracts.settings.rules import (
    addresses,
    flag,
    host,
    java_memory,
    one_of,
    port,
    secret,
    secret_url,
    spark_remote,
    text,
    whole,
)

SERVERS, AIRFLOW, DEMO, UP = (Audience.SERVERS,), (Audience.AIRFLOW,), (Audience.DEMO,), (Audience.UP,)
JOBS, AND_JOBS = (Audience.JOBS,), (Audience.JOBS, Audience.SERVERS)

STOREFRONT = Section(
    "The storefront: the demo shop's pages",
    (Setting("STOREFRONT_PORT", port, 8092, "Port", (Audience.STOREFRONT, Audience.SERVERS)),),
)

SPARK = Section(
    "What computes",
    (
        Setting(
            "SPARK_ENGINE",
            one_of("embedded", "spark"),
            "embedded",
            "Engine of the jobs: embedded (Sail, inside each job) or spark (Apache Spark)",
            JOBS,
            in_containers="spark",
        ),
        Setting("SPARK_REMOTE", spark_remote, "sc://127.0.0.1:15002", "Address of the Connect server", DEMO),
        Setting(
            "SPARK_DRIVER_MEMORY",
            java_memory,
            "4g",
            "Memory that a job with the embedded engine may use; heap size of the Connect server",
            AND_JOBS,
            in_containers="2g",
        ),
        Setting(
            "SPARK_CORES",
            whole(1, 1024),
            2,
            "Number of tasks at once when Spark runs in one process",
            SERVERS,
        ),
        Setting("STREAM_DRIVER_MEMORY", java_memory, "640m", "Heap size of the event stream", SERVERS),
    ),
)

THE_AIRFLOW = Section(
    "Airflow, user `admin`",
    (
        Setting("AIRFLOW_PORT", port, 8080, "Port of the web interface", SERVERS),
        Setting("AIRFLOW_ADMIN_PASSWORD", secret, None, "Password of `admin`", SERVERS),
        Setting("AIRFLOW_JWT_SECRET", secret, None, "Signs the tokens of tasks", SERVERS),
        Setting("AIRFLOW_SECRET_KEY", secret, None, "Signs the sessions of the web interface", SERVERS),
        Setting("AIRFLOW_FERNET_KEY", secret, None, "Encrypts connections in the metadata", SERVERS),
    ),
)

ALERTS = Section(
    "Alerts when a run fails",
    (
        Setting(
            "ALERT_WEBHOOK_URL", secret_url, "", "Webhook that accepts JSON (Slack, Mattermost …)", AIRFLOW
        ),
        Setting(
            "ALERT_EMAIL_TO",
            addresses,
            "",
            "Comma-separated recipients; needs ALERT_SMTP_HOST and ALERT_EMAIL_FROM",
            AIRFLOW,
        ),
        Setting("ALERT_EMAIL_FROM", addresses, "", "Sender", AIRFLOW),
        Setting("ALERT_SMTP_HOST", host, "", "Mail server", AIRFLOW),
        Setting("ALERT_SMTP_PORT", port, 587, "Port", AIRFLOW),
        Setting("ALERT_SMTP_USER", text, "", "User, if the mail server requires one", AIRFLOW),
        Setting("ALERT_SMTP_PASSWORD", secret, "", "Password of that user", AIRFLOW),
        Setting(
            "ALERT_SMTP_STARTTLS",
            flag,
            True,
            "Use STARTTLS. On port 465 the connection uses TLS from the start in any case",
            AIRFLOW,
        ),
    ),
    "Use a webhook, e-mail, or both; see docs/alerts.md.",
)

THE_SUPERSET = Section(
    "Superset, user `admin`",
    (
        Setting("SUPERSET_PORT", port, 8088, "Port of the web interface", SERVERS),
        Setting("SUPERSET_ADMIN_PASSWORD", secret, None, "Password of `admin`", SERVERS),
        Setting("SUPERSET_SECRET_KEY", secret, None, "Signs sessions, encrypts connections", SERVERS),
    ),
)

DOWNLOADS = Section(
    "Downloads",
    (
        Setting(
            "SHOPLAKE_CACHE",
            text,
            "~/.cache/shoplake",
            "Folder for downloads, shared between checkouts",
            DEMO,
        ),
    ),
)

COMPOSE = Section(
    "Docker Compose (`make up`) only",
    (
        Setting(
            "SHOP_MYSQL_ROOT_PASSWORD",
            secret,
            None,
            "Password of root in the bundled MySQL; used inside its container only",
            UP,
        ),
        # The command that loads a shop knows which shops exist.
        Setting(
            "SHOP",
            text,
            "demo",
            "Shop to load: demo, completejourney or none; set by `make up SHOP=…`",
            UP,
        ),
        Setting("POSTGRES_USER", text, "postgres", "Superuser of your own PostgreSQL", UP),
        Setting("KAFKA_LOCAL_PORT", port, 19092, "Port of the bundled Kafka for tools on this machine", UP),
        Setting(
            "SPARK_WORKERS",
            whole(0, 1000),
            0,
            "Number of workers of a standalone cluster; 0 runs Spark in one process",
            UP,
        ),
        Setting("SPARK_WORKER_CORES", whole(1, 1024), 2, "Cores of a worker", UP),
        Setting("SPARK_WORKER_MEMORY", java_memory, "1536m", "Memory of a worker", UP),
        Setting("SPARK_EXECUTOR_MEMORY", java_memory, "1g", "Memory of an executor", UP),
        Setting("DEMO_DAYS", whole(1, 36_500), 90, "Days of history in the demo shop", UP),
        Setting("DEMO_CUSTOMERS", whole(20, 10_000_000), 2000, "Number of customers in the demo shop", UP),
    ),
    "Use host.docker.internal for your own server on this machine. COMPOSE_PROFILES and SPARK_MASTER are"
    " set by every `make up`.",
)
