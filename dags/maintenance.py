"""Maintenance of the lake, once a day.

Bronze rows older than their retention go to the archive as plain Parquet with a manifest, verified before
they are deleted from bronze. Then small files are compacted and files that no version needs any more are
deleted.

After any time in which Airflow did not run, a single missed run is caught up at once.
"""

from datetime import timedelta

from airflow.sdk import DAG

from dags.schedule import from_next
from dags.spark_job import plain_job, tell_of_failure

with DAG(
    dag_id="maintenance",
    description="Archive old bronze, compact and clean the lake",
    doc_md=__doc__,
    schedule=from_next("30 3 * * *"),
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": "shoplake",
        "on_failure_callback": tell_of_failure,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(hours=2),
    },
    tags=["shoplake"],
) as dag:
    archive = plain_job(
        "archive_bronze", "Old bronze becomes plain Parquet with a manifest, read back and verified."
    )
    maintain = plain_job("maintain_lake", "Small files are compacted, files of no version are deleted.")
    archive >> maintain
