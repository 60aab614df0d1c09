"""Settings of the platform: the meaning of figures, the lake, the shop, events and the warehouse."""

from __future__ import annotations

from contracts.settings.model import HERE, Audience, Section, Setting
from contracts.settings.rules import (
    currency,
    host,
    java_memory,
    memory,
    number,
    place,
    port,
    secret,
    servers,
    text,
    time_zone,
    topic,
    topics,
    whole,
)

JOBS, LAKE, SERVERS = (Audience.JOBS,), (Audience.LAKE,), (Audience.SERVERS,)
AND_GATEWAY = (Audience.JOBS, Audience.GATEWAY)
AND_SUPERSET = (Audience.JOBS, Audience.SUPERSET)
OF_THE_SHOP = (Audience.JOBS, Audience.STOREFRONT, Audience.SERVERS)
OWNER = (Audience.STOREFRONT, Audience.SERVERS)
DAYS, SECONDS, HOURS = whole(0, 36_500), whole(0, 86_400), number(0, 876_000)

FIGURES = Section(
    "What a figure means",
    (
        Setting(
            "SHOP_TIMEZONE",
            time_zone,
            "Europe/Berlin",
            "Time zone in which days, weeks and months begin",
            JOBS,
        ),
        Setting(
            "REPORTING_CURRENCY", currency, "EUR", "Currency that amounts are converted to", AND_SUPERSET
        ),
        Setting("LATE_DATA_DAYS", DAYS, 3, "Days after its end during which a day may still change", JOBS),
        Setting(
            "PSEUDONYM_KEY",
            secret,
            None,
            "Key for pseudonyms. A new key gives every guest a new identity",
            JOBS,
        ),
    ),
)

THE_LAKE = Section(
    "The lake",
    (
        Setting(
            "LAKE_URI",
            place,
            f"{HERE}/data_lake",
            "An absolute folder, or s3a://bucket/prefix",
            LAKE,
            in_containers="/data/lake",
        ),
        Setting("AWS_ACCESS_KEY_ID", secret, "", "Access key for a lake in S3", LAKE),
        Setting("AWS_SECRET_ACCESS_KEY", secret, "", "Secret key that belongs to it", LAKE),
        Setting("AWS_SESSION_TOKEN", secret, "", "Session token for temporary keys", LAKE),
        Setting("AWS_REGION", text, "us-east-1", "Region of the bucket", LAKE),
        Setting(
            "AWS_ENDPOINT_URL",
            text,
            "",
            "URL with port of a store other than AWS (MinIO, Ceph …)",
            LAKE,
        ),
        Setting(
            "STREAM_CHECKPOINT_DIR",
            place,
            f"{HERE}/data_lake/checkpoints",
            "Folder for the stream's checkpoint when the lake is in S3; recreated at each start",
            LAKE,
            fixed_in_containers="/data/scratch/checkpoints",
        ),
        Setting(
            "BRONZE_RETENTION_DAYS",
            number(0, 36_500),
            730,
            "Days after which bronze rows that are no longer needed are archived",
            JOBS,
        ),
        Setting(
            "LAKE_HISTORY_HOURS",
            whole(0, 876_000),
            168,
            "Hours for which older versions of a table remain readable",
            JOBS,
        ),
    ),
    "The store must support conditional puts: docs/decisions/0013-commits-to-s3-are-conditional-puts.md.",
)

SHOP = Section(
    "The shop's MySQL",
    (
        Setting(
            "SHOP_MYSQL_HOST",
            host,
            "127.0.0.1",
            "Host. Any other value means your own server; the bundled one is not started",
            OF_THE_SHOP,
            in_containers="mysql",
        ),
        Setting("SHOP_MYSQL_PORT", port, 13306, "Port", OF_THE_SHOP),
        Setting("SHOP_MYSQL_DATABASE", text, "shop", "Database that holds the shop's tables", OF_THE_SHOP),
        Setting(
            "SHOP_MYSQL_USER",
            text,
            "shoplake_reader",
            "User of the ingest. It needs SELECT, and FLUSH_TABLES or RELOAD for a snapshot",
            (Audience.JOBS, Audience.SERVERS),
        ),
        Setting(
            "SHOP_MYSQL_PASSWORD",
            secret,
            None,
            "Password of SHOP_MYSQL_USER",
            (Audience.JOBS, Audience.SERVERS),
        ),
        Setting(
            "SHOP_MYSQL_ADMIN_USER",
            text,
            "shoplake_admin",
            "Owner of the database; the simulator and the storefront write as this user",
            OWNER,
        ),
        Setting("SHOP_MYSQL_ADMIN_PASSWORD", secret, None, "Password of SHOP_MYSQL_ADMIN_USER", OWNER),
        Setting(
            "SHOP_MYSQL_MEMORY",
            memory("[kKmMgG]?", "256M"),
            "256M",
            "Buffer pool size of the bundled server",
            SERVERS,
        ),
    ),
    "For your own server, set SHOP_MYSQL_PORT too.",
)

INGEST = Section(
    "The ingest of the shop",
    (
        Setting("INGEST_CONNECTIONS", whole(1, 64), 2, "Number of connections that read one snapshot", JOBS),
        Setting(
            "INGEST_OVERLAP_SECONDS",
            whole(0, 31_536_000),
            600,
            "Seconds by which each window overlaps the previous one",
            JOBS,
        ),
        Setting(
            "INGEST_SAFETY_LAG_SECONDS",
            SECONDS,
            2,
            "Seconds by which the end of a window lags behind the current time",
            JOBS,
        ),
        Setting(
            "INGEST_MAX_LOST_SHARE",
            number(0, 1),
            0.2,
            "The run stops if a table has lost a larger share of its rows",
            JOBS,
        ),
        Setting(
            "INGEST_KEY_CHECK_ROWS",
            whole(0, 10**15),
            5_000_000,
            "Deleted rows are not detected in tables with more rows than this",
            JOBS,
        ),
        Setting(
            "INGEST_CHECKSUM_HOURS",
            HOURS,
            24,
            "Hours between checks for rows that changed without a new `updated_at`; 0 checks every run",
            JOBS,
        ),
    ),
)

EVENTS = Section(
    "Kafka and the event stream",
    (
        Setting(
            "KAFKA_BOOTSTRAP_SERVERS",
            servers,
            "127.0.0.1:19092",
            "Comma-separated brokers. If you set it, `make up` does not start the bundled one",
            AND_GATEWAY,
            in_containers="kafka:9092",
        ),
        Setting(
            "KAFKA_CONTROLLER_PORT", port, 19093, "Controller port of the bundled broker", (Audience.DEMO,)
        ),
        Setting(
            "KAFKA_EVENTS_TOPIC", topic, "events_plugin_ingestion", "Topic of captured events", AND_GATEWAY
        ),
        Setting("KAFKA_MEMORY", java_memory, "512m", "Heap size of the bundled broker", SERVERS),
        Setting(
            "POSTHOG_KAFKA_BOOTSTRAP_SERVERS",
            servers,
            "",
            "Brokers of a self-hosted PostHog, as an additional source of events (docs/posthog.md)",
            JOBS,
        ),
        Setting(
            "POSTHOG_KAFKA_TOPICS",
            topics,
            "clickhouse_events_json,clickhouse_person_distinct_id",
            "Comma-separated topics to read from it",
            JOBS,
        ),
        Setting(
            "STREAM_TRIGGER_SECONDS", whole(1, 86_400), 5, "Seconds between two commits of the stream", JOBS
        ),
        Setting(
            "STREAM_CATCH_UP_SECONDS",
            SECONDS,
            120,
            "Seconds that a run waits for the stream to catch up",
            JOBS,
        ),
    ),
)

WAREHOUSE = Section(
    "PostgreSQL: the warehouse, and the metadata of Airflow and Superset",
    (
        Setting(
            "WAREHOUSE_HOST",
            host,
            "127.0.0.1",
            "Host. If you set it, `make up` does not start the bundled server",
            AND_SUPERSET,
            in_containers="postgres",
        ),
        Setting("WAREHOUSE_PORT", port, 15432, "Port", AND_SUPERSET),
        Setting("WAREHOUSE_DATABASE", text, "warehouse", "Database of the marts", AND_SUPERSET),
        Setting("WAREHOUSE_LOADER_USER", text, "warehouse_loader", "Role that publishes the marts", JOBS),
        Setting("WAREHOUSE_LOADER_PASSWORD", secret, None, "Password of that role", JOBS),
        Setting(
            "WAREHOUSE_READER_USER",
            text,
            "warehouse_reader",
            "Read-only role of the dashboards and of `shoplake sql`",
            AND_SUPERSET,
        ),
        Setting("WAREHOUSE_READER_PASSWORD", secret, None, "Password of that role", AND_SUPERSET),
        Setting(
            "POSTGRES_MEMORY",
            memory("kB|MB|GB|TB", "128MB"),
            "128MB",
            "Shared buffers of the bundled server",
            SERVERS,
        ),
        Setting("POSTGRES_PASSWORD", secret, None, "Password of the superuser", SERVERS),
        Setting("AIRFLOW_DB_PASSWORD", secret, None, "Password of Airflow's role", SERVERS),
        Setting("SUPERSET_DB_PASSWORD", secret, None, "Password of Superset's role", SERVERS),
    ),
    "On your own server, databases and roles are created as POSTGRES_USER with POSTGRES_PASSWORD; set"
    " WAREHOUSE_PORT too.",
)
