"""Sessions with their persons."""

from __future__ import annotations

from pyspark.sql import SparkSession

from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.session_rows import counted, session


def test_a_session_knows_its_counted_orders_and_their_worth(spark: SparkSession) -> None:
    df = build(
        spark,
        "sessions",
        silver_sessions=[session("a", "22:30"), session("b", "10:00", is_bot=True)],
        gold_orders=[
            counted(1, "22:31", session_id="a", net_amount="10.00", is_counted=False),
            counted(2, "22:32", session_id="a", net_amount="20.00"),
            counted(3, "22:33", session_id="a", net_amount="0.50"),
            counted(4, "22:34", net_amount="99.00"),
        ],
    )
    assert_rows(
        df,
        {"session_date": "2026-05-03", "order_id": 2, "orders": 2, "net_amount": "20.50", "is_bot": False},
        {"session_date": "2026-05-02", "order_id": None, "orders": 0, "net_amount": 0, "is_bot": True},
    )


def test_a_person_is_who_ordered_then_the_account_then_whom_they_once_ordered_as(spark: SparkSession) -> None:
    df = build(
        spark,
        "sessions",
        silver_sessions=[
            session("before", "08:00", person_id="guest"),
            session("bought", "09:00", person_id="guest"),
            session("again", "10:00", person_id="guest"),
            session("account", "08:00", person_id="account", customer_id=7),
            session("for-a-friend", "09:00", person_id="account", customer_id=7),
            session("stranger", "08:00", person_id="stranger"),
        ],
        gold_orders=[
            counted(1, "09:01", session_id="bought", person_id="g:1", is_counted=False),
            counted(2, "10:01", session_id="again", person_id="g:2"),
            counted(3, "09:01", session_id="for-a-friend", person_id="g:3"),
        ],
    )
    wanted = {
        "before": "g:1",
        "bought": "g:1",
        "again": "g:2",
        "account": "c:7",
        "for-a-friend": "g:3",
        "stranger": "p:stranger",
    }
    assert_rows(df, *({"session_id": name, "person_id": person} for name, person in wanted.items()))


def test_a_direct_session_remembers_the_persons_last_channel_for_ninety_days(spark: SparkSession) -> None:
    def came(day: str, channel: str, person: str = "p") -> dict[str, object]:
        return session(f"{person}{day}", f"2026-{day} 10:00:00", channel=channel, person_id=person)

    df = build(
        spark,
        "sessions",
        silver_sessions=[
            came("01-01", "direct"),
            came("01-02", "email"),
            came("01-03", "affiliate"),
            came("04-03", "direct"),  # 90 days after
            came("01-04", "direct"),
            came("01-05", "email", "q"),
        ],
    )
    remembered = {"01-01": "direct", "01-02": "email", "01-03": "affiliate", "04-03": "direct"}
    wanted = {f"p{day}": channel for day, channel in remembered.items()} | {
        "p01-04": "affiliate",
        "q01-05": "email",
    }
    assert_rows(df, *({"session_id": n, "last_non_direct_channel": channel} for n, channel in wanted.items()))
