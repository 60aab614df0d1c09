"""The shops that can be loaded, each with the settings that its figures assume."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from contracts import shops
from simulator.config import SimulatorSettings
from simulator.errors import SimulatorError
from simulator.events.capture import deliver, to_millis
from simulator.events.outlet import open_outlet
from simulator.record import Record
from simulator.scenarios import completejourney
from simulator.scenarios.demo import DemoPlan, DemoShop
from simulator.shop import mysql

Loaded = dict[str, int]  # what was loaded, and the counts


@dataclass(frozen=True)
class Shop:
    """A shop that can be loaded. `settings` are environment variables its figures need."""

    name: str
    description: str
    settings: Mapping[str, str]
    load: Callable[[SimulatorSettings, DemoPlan, bool], Loaded]


def load_demo(settings: SimulatorSettings, plan: DemoPlan, direct: bool) -> Loaded:
    """Build the demo shop, write its tables, send its events (`direct`: not by the gateway), and record it.

    The record is started before and finished after everything else. An interrupted load is repeated with the
    same plan, so events sent again are the same events.
    """
    with mysql.shop(settings) as connection, Record(settings.record_path) as record:
        plan = _plan_of_interrupted_load(record) or plan
        prepare(settings, connection, record, {**asdict(plan), "until": plan.until.isoformat()})
        demo = DemoShop(plan)
        orders = demo.build_rows()
        events = demo.build_events(orders)
        until = to_millis(plan.until)
        arrivals = deliver(events, until, random.Random(f"{plan.seed}/delivery"))
        changes = demo.state.take_changes()
        rows = mysql.write(connection, changes)
        with open_outlet(settings, direct=direct) as outlet:
            sent = outlet.send(arrivals)
        connection.commit()
        record.apply(changes)
        record.add_events(events)
        record.set_meta(
            loading=None,
            seed=plan.seed,
            until=plan.until.isoformat(),
            shop="demo",
            steps=0,
            last_ids=demo.state.last_ids,
        )
        record.commit()
    return {"rows": rows, "orders": len(orders), "events": len(events), "messages": sent}


def prepare(settings: SimulatorSettings, connection: Any, record: Record, plan: dict[str, Any]) -> None:
    """Ensure that the tables exist and are empty, and record that a load has started.

    Raises:
        SimulatorError: when the shop has rows that are not from an interrupted load.
    """
    mysql.create_tables(connection)
    filled = mysql.filled_tables(connection)
    if filled and not record.meta("loading"):
        raise SimulatorError(
            f"Shop database {settings.shop_mysql_database} at "
            f"{settings.shop_mysql_host}:{settings.shop_mysql_port} already holds rows "
            f"({', '.join(filled[:3])} …). Choose an empty one (SHOP_MYSQL_DATABASE) "
            "or start over: make clean"
        )
    if filled:
        mysql.truncate(connection)
    record.clear()
    record.set_meta(loading=plan)
    record.commit()


def _plan_of_interrupted_load(record: Record) -> DemoPlan | None:
    begun = record.meta("loading")
    if not begun or "seed" not in begun:
        return None
    return DemoPlan(**{**begun, "until": datetime.fromisoformat(begun["until"])})


def load_completejourney(settings: SimulatorSettings, plan: DemoPlan, direct: bool) -> Loaded:
    """Load The Complete Journey; only the plan's seed matters: it selects the baskets with events."""
    with mysql.shop(settings) as connection, Record(settings.record_path) as record:
        prepare(settings, connection, record, {"shop": "completejourney"})
        loaded = completejourney.load(settings, connection, plan.seed, direct)
        record.set_meta(loading=None, shop="completejourney")
        record.commit()
    return loaded


SHOPS: dict[str, Shop] = {
    shop.name: shop
    for shop in (
        Shop("demo", "A seeded shop of 90 days in seven countries", shops.SHOPS["demo"], load_demo),
        Shop(
            "completejourney",
            "The Complete Journey: 1,469,307 real transaction lines of 2,469 households",
            shops.SHOPS["completejourney"],
            load_completejourney,
        ),
    )
}
