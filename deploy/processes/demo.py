"""`make demo`: from an empty checkout to figures on a dashboard."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import psycopg2

from contracts.model import Layer
from contracts.registry import tables_of
from contracts.shops import NO_SHOP
from deploy.env.env_file import set_values
from deploy.errors import DeployError
from deploy.processes import own_shop, preflight, superset
from deploy.processes.console import Progress
from deploy.processes.stack import Stack, Work
from deploy.servers.airflow_api import AirflowApi
from simulator.errors import SimulatorError
from simulator.record import Record
from simulator.scenarios.shops import SHOPS
from spark_jobs.settings import ROOT
from spark_jobs.warehouse.empty_release import publish_empty

ENV_FILE = ROOT / ".env"
# The shop is loaded while Spark, Airflow and Superset start.
LOAD_NEEDS = ("mariadb", "kafka")


def run_demo(shop: str, open_stack: Callable[[], Stack] = Stack, size: Sequence[str] = ()) -> None:
    """Start the servers, load a shop if there is none, run the pipeline and report the result.

    `open_stack` opens the stack to use; `size` has further options of `python -m simulator load`.
    """
    began = time.monotonic()
    progress = Progress()
    if shop != NO_SHOP and shop not in SHOPS:
        raise DeployError(f"There is no shop {shop!r}. Next: make demo SHOP={'|'.join([*SHOPS, NO_SHOP])}")
    with progress.step("Machine", "Looking at the machine"):
        stack = _prepare(shop, open_stack)
    with progress.step("Servers", "Starting servers"):
        stack.up(report=progress.note, work=_shop_work(stack, shop, size, progress))
    if shop != NO_SHOP:
        with progress.step("Pipeline", "Running the DAG medallion"):
            _run_pipeline(stack, progress)
    with progress.step("Dashboards", "Importing dashboards"):
        if shop == NO_SHOP:
            publish_empty(stack.settings, tables_of(Layer.GOLD))
        superset.import_assets(stack.home)
    _summary(stack, shop, progress, time.monotonic() - began)
    if shop == NO_SHOP:
        own_shop.show_next_steps(stack.settings, stack.env_file, progress.console)


def _shop_work(stack: Stack, shop: str, size: Sequence[str], progress: Progress) -> list[Work]:
    """Return the work that loads the shop while other servers start; none for your own shop."""
    if shop == NO_SHOP:
        return []
    return [Work(f"shop {shop}", LOAD_NEEDS, lambda: _load_shop(stack, shop, size, progress))]


def _prepare(shop: str, open_stack: Callable[[], Stack]) -> Stack:
    stack = open_stack()
    loaded = loaded_shop(stack)
    if shop != NO_SHOP:
        if stack.settings.has_own_shop:
            raise DeployError(
                f"SHOP_MYSQL_HOST={stack.settings.shop_mysql_host} in {stack.env_file} is a shop of your own;"
                " no other is loaded into it. Next: make demo SHOP=none"
            )
        if loaded not in (None, shop):
            raise DeployError(
                f"The shop {loaded} is loaded, not {shop}. Next: make clean, then make demo SHOP={shop}"
            )
        if set_values(stack.env_file, SHOPS[shop].settings):
            # Servers read their settings when they start.
            stack.down()
            stack = open_stack()
    running = stack.supervisor.is_running()
    preflight.require(
        [
            *preflight.check_env_file(stack.env_file),
            *preflight.checks(stack.settings, stack.home.state, running),
            preflight.check_lake(stack.settings),
        ]
    )
    return stack


def loaded_shop(stack: Stack) -> str | None:
    """Return the name of the shop in the stack's database, by the simulator's own record."""
    path = record_path(stack)
    if not path.exists():
        return None
    try:
        with Record(path) as record:
            name = record.meta("shop")
    except SimulatorError as error:
        raise DeployError(str(error)) from None
    return str(name) if name else None


def record_path(stack: Stack) -> Path:
    """Return the path of the simulator's record of the stack's shop."""
    return stack.home.ledger / f"{stack.settings.shop_mysql_database}.sqlite"


def _load_shop(stack: Stack, shop: str, size: Sequence[str], progress: Progress) -> None:
    if loaded_shop(stack) == shop:
        progress.note(f"{shop} is there already; its data are kept")
        return
    command = [sys.executable, "-m", "simulator", "load", "--shop", shop, *size]
    environment = stack.program_environment()
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise DeployError(f"The shop {shop} could not be loaded: {reason}")
    for line in done.stdout.strip().splitlines():
        progress.note(line)


def _run_pipeline(stack: Stack, progress: Progress) -> None:
    airflow = AirflowApi(stack.settings)
    # The schedule or an interrupted start may already have started a run, which does the same.
    if run_id := airflow.active_run("medallion"):
        airflow.unpause("medallion")  # runs of a paused DAG do not continue
    else:
        run_id = airflow.trigger("medallion")
    for task in airflow.follow("medallion", run_id, again="make demo"):
        if task.state in ("success", "failed", "skipped"):
            progress.note(
                task.task_id if task.state == "success" else f"{task.task_id}: {task.state}", task.seconds
            )
    airflow.unpause("maintenance")


def _summary(stack: Stack, shop: str, progress: Progress, seconds: float) -> None:
    settings, show = stack.settings, progress.console.print
    memory = sum(status.memory_bytes for status in stack.status())
    show()
    if shop != NO_SHOP:
        net_sales, orders, first, last = _figures(stack)
        currency = settings.reporting_currency
        sales = f"net sales {net_sales:,.2f} {currency}"
        show(f"[bold]{shop}[/bold]: {orders:,} orders, {sales}, {first} to {last}")
        show()
    for name, port in (("Superset", settings.superset_port), ("Airflow", settings.airflow_port)):
        show(
            f"  {name:9} http://127.0.0.1:{port}  user admin, password {name.upper()}_ADMIN_PASSWORD in .env"
        )
    show(
        f"  Gateway   http://127.0.0.1:{settings.gateway_port}  for PostHog's SDKs, "
        "project token GATEWAY_TOKENS in .env"
    )
    if shop != NO_SHOP:
        show(f"  Shop      http://127.0.0.1:{settings.storefront_port}  the demo shop's own pages")
    show('  Warehouse ./shoplake sql "select * from mart.daily_sales"')
    show()
    show(f"Ready in {seconds:.0f} s; the servers hold {memory / 2**30:.1f} GiB (make status, make stop).")


def _figures(stack: Stack) -> tuple[float, int, str, str]:
    settings = stack.settings
    with (
        closing(
            psycopg2.connect(
                host=settings.warehouse_host,
                port=settings.warehouse_port,
                dbname=settings.warehouse_database,
                user=settings.warehouse_reader_user,
                password=settings.warehouse_reader_password.get_secret_value(),
            )
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT sum(net_sales), sum(orders), min(sales_date), max(sales_date) FROM mart.daily_sales"
        )
        return cursor.fetchall()[0]
