"""The pipeline from the shop to the dashboards, once an hour.

The shop's MySQL and the streamed events become bronze, silver and gold, and all marts switch in PostgreSQL at
once. Each step may run again at any time and changes nothing that is already correct. When a step fails,
dashboards keep the last release.

Each step's log ends with a table: rows read, passed, quarantined and written, and the seconds, per table.
The same record is in the lake under `runs/<run id>/<step>.json`.

After any time in which Airflow did not run, a single missed run is caught up at once.
"""

from datetime import timedelta

from airflow.sdk import DAG, Asset

from contracts.model import Layer
from contracts.registry import tables_of
from dags.schedule import from_next
from dags.spark_job import assets, plain_job, spark_job, tell_of_failure

with DAG(
    dag_id="medallion",
    description="Shop and events → bronze → silver → gold → PostgreSQL, reconciled",
    doc_md=__doc__,
    schedule=from_next("0 * * * *"),
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": "shoplake",
        "on_failure_callback": tell_of_failure,
        "retries": 2,
        "retry_delay": timedelta(seconds=20),
        "execution_timeout": timedelta(hours=1),
    },
    tags=["shoplake"],
) as dag:
    check = plain_job(
        "check_sources",
        "MySQL, Kafka and PostgreSQL answer, the schema is the one the contracts know, and bronze holds"
        " the events that Kafka has now.",
    )
    ingest = spark_job(
        "ingest_mysql",
        "One consistent snapshot of the shop: new, changed and deleted rows are appended to bronze.",
        assets(Layer.SHOP),
    )
    silver = spark_job(
        "build_silver",
        "Clean, typed, deduplicated tables; rows that break a check go to quarantine with the reason.",
        assets(Layer.SILVER),
    )
    gate = plain_job(
        "gate", "Silver may feed gold: no check failed, no table is over its limit of rejected rows."
    )
    gold = spark_job(
        "build_gold", "The marts, each rebuilt when what it is made of has changed.", assets(Layer.GOLD)
    )
    publish = plain_job(
        "publish_postgres",
        "COPY into new tables, checked against gold; then all views switch in one transaction.",
        [
            Asset(name=f"mart.{table.name}", uri=f"shoplake://mart/{table.name}")
            for table in tables_of(Layer.GOLD)
        ],
    )
    reconcile = plain_job(
        "reconcile",
        "Counts and money from MySQL to PostgreSQL; each difference has a reason, or the run fails.",
    )
    check >> ingest >> silver >> gate >> gold >> publish >> reconcile
