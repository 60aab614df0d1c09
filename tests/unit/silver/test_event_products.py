"""Products that events refer to."""

from __future__ import annotations

import json

from pyspark.sql import SparkSession

from contracts.registry import TABLES
from spark_jobs.build.quality import conform
from spark_jobs.silver import DERIVE
from tests.unit.dataframes import CONTEXT, assert_rows, rows


def test_an_event_has_one_row_for_each_product_it_names(spark: SparkSession) -> None:
    def said(name: str, properties: object) -> dict[str, object]:
        return {"event_id": name, "properties": json.dumps(properties), "currency": "EUR"}

    events = [
        said("single", {"product_id": "7", "sku": " A ", "price": "1.10", "quantity": 2}),
        said("list", {"products": [{"product_id": 8, "price": 2.5, "position": 3}, {"sku": "B"}]}),
        said("both", {"product_id": "7", "products": [{"product_id": "9"}]}),
        said("neither", {"products": []}),
        said("unreadable", {"product_id": "lamp", "price": "cheap"}),
        said("nothing", {"url": "/products"}),
        said("text", {"products": '[{"product_id": "8", "price": "1.422,50 €", "quantity": 2.0}]'}),
        said("object", {"products": {"product_id": 8.0, "price": "1,422"}}),
        said("ids", {"products": [8, "9", None, "lamp"]}),
        said("broken list", {"product_id": 7, "products": "[{oops"}),
    ]
    found = DERIVE["event_products"](
        silver_events=rows(spark, TABLES["silver.events"], *events), context=CONTEXT
    )
    names = ("event_id", "line_number", "product_id", "sku", "price_amount", "quantity", "list_position")
    assert_rows(
        conform(found, TABLES["silver.event_products"]),
        *(
            dict(zip(names, row, strict=True))
            for row in (
                ("single", 1, 7, "A", "1.10", 2, None),
                ("list", 1, 8, None, "2.50", None, 3),
                ("list", 2, None, "B", None, None, None),
                ("both", 1, 9, None, None, None, None),
                ("unreadable", 1, None, None, None, None, None),
                ("text", 1, 8, None, "1422.50", 2, None),
                ("object", 1, 8, None, None, None, None),
                ("ids", 1, 8, None, None, None, None),
                ("ids", 2, 9, None, None, None, None),
                ("ids", 4, None, None, None, None, None),
                ("broken list", 1, 7, None, None, None, None),
            )
        ),
    )


def test_what_cannot_be_read_of_a_product_is_named(spark: SparkSession) -> None:
    listed = [
        {"product_id": "lamp", "price": "1,422", "quantity": 1.5, "position": "first"},
        {"product_id": 7},
    ]
    event = {"event_id": "e", "properties": json.dumps({"products": listed})}
    found = DERIVE["event_products"](
        silver_events=rows(spark, TABLES["silver.events"], event), context=CONTEXT
    )
    assert_rows(
        found,
        {"line_number": 1, "unreadable_claims": ["product_id", "price_amount", "quantity", "list_position"]},
        {"line_number": 2, "unreadable_claims": []},
    )
