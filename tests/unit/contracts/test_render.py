"""Files generated from the contracts."""

import json

import pytest
import yaml

from contracts.metrics import METRICS
from contracts.model import Check, Column, Layer, OnFailure, Table
from contracts.registry import TABLES
from contracts.render import __main__ as render
from contracts.render import files, json_schema, markdown, postgres, superset
from contracts.render.yaml import to_yaml
from contracts.sources.ecommerce import EVENTS

MART = Table(
    name="daily_things",
    layer=Layer.GOLD,
    grain="one row per day",
    doc="The shop's things.",
    key=("thing_date", "thing_id"),
    columns=(
        Column("thing_date", "date", "Day"),
        Column("thing_id", "bigint", "The thing", required=True),
        Column("seen_date", "date", "Day it was seen"),
        Column("orders", "bigint", "Counted orders", required=True),
        Column("gross_sales", "decimal(18,2)", "It's money"),
        Column("discounts", "decimal(18,2)", "Less"),
        Column("average_order_value", "decimal(18,2)", "Ratio"),
        Column("median_order_value", "decimal(18,2)", "Median"),
        Column("order_ids", "array<bigint>", "Orders"),
        Column("is_complete", "boolean", "Over", required=True),
    ),
    checks=(Check("some", "orders >= 0 OR gross_sales | 1 > 0", OnFailure.FAIL),),
)


def test_a_table_becomes_ddl_with_types_key_and_comments():
    table = '"mart_data"."daily_things__1"'
    assert postgres.create_table(MART, "mart_data.daily_things__1").splitlines() == [
        f"CREATE TABLE {table} (",
        '  "thing_date" date NOT NULL,',
        '  "thing_id" bigint NOT NULL,',
        '  "seen_date" date,',
        '  "orders" bigint NOT NULL,',
        '  "gross_sales" numeric(18,2),',
        '  "discounts" numeric(18,2),',
        '  "average_order_value" numeric(18,2),',
        '  "median_order_value" numeric(18,2),',
        '  "order_ids" bigint[],',
        '  "is_complete" boolean NOT NULL,',
        '  PRIMARY KEY ("thing_date", "thing_id")',
        ");",
        f"COMMENT ON TABLE {table} IS 'The shop''s things. Grain: one row per day.';",
        f"COMMENT ON COLUMN {table}.\"thing_date\" IS 'Day';",
        f"COMMENT ON COLUMN {table}.\"thing_id\" IS 'The thing';",
        f"COMMENT ON COLUMN {table}.\"seen_date\" IS 'Day it was seen';",
        f"COMMENT ON COLUMN {table}.\"orders\" IS 'Counted orders';",
        f"COMMENT ON COLUMN {table}.\"gross_sales\" IS 'It''s money';",
        f"COMMENT ON COLUMN {table}.\"discounts\" IS 'Less';",
        f"COMMENT ON COLUMN {table}.\"average_order_value\" IS 'Ratio';",
        f"COMMENT ON COLUMN {table}.\"median_order_value\" IS 'Median';",
        f"COMMENT ON COLUMN {table}.\"order_ids\" IS 'Orders';",
        f"COMMENT ON COLUMN {table}.\"is_complete\" IS 'Over';",
    ]


def test_dates_beside_the_key_are_indexed():
    assert postgres.index_statements(MART, "mart.t") == ('CREATE INDEX ON "mart"."t" ("seen_date");',)


def test_a_type_without_counterpart_is_refused():
    with pytest.raises(ValueError, match="map<string,string>"):
        postgres.postgres_type("map<string,string>")


def test_a_dataset_sums_what_adds_up_and_divides_sums():
    dataset = yaml.safe_load(superset.dataset(MART))
    assert {metric["metric_name"]: metric["expression"] for metric in dataset["metrics"]} == {
        "orders": "SUM(orders)",
        "gross_sales": "SUM(gross_sales)",
        "discounts": "SUM(discounts)",
        "average_order_value": "CAST(SUM(gross_sales) - SUM(discounts) AS numeric) / NULLIF(SUM(orders), 0)",
    }
    assert [column["column_name"] for column in dataset["columns"]] == [*MART.column_names, "completeness"]
    assert dataset["main_dttm_col"] == "thing_date"


def test_a_ratio_without_its_parts_in_the_mart_is_left_out():
    columns = tuple(column for column in MART.columns if column.name != "discounts")
    mart = Table(**{**vars(MART), "columns": columns})
    assert "average_order_value" not in superset.dataset(mart).split("columns:")[0]


def test_uuids_are_stable_and_differ():
    assert superset.asset_uuid("dataset", "daily_sales") == "1eb126f8-bc17-549e-bb10-f5ed5f1a7ce3"
    datasets = [
        yaml.safe_load(superset.dataset(table))["uuid"]
        for table in TABLES.values()
        if table.layer is Layer.GOLD
    ]
    assert len(set(datasets)) == len(datasets)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [{"b": 1, "c": [True, None]}, "2026-01-01", {}], "d": {"e": "x: 'y' # \"z\"\n– é"}},
        [],
        [["nested", ["deeper"]], {"k": {}}],
        "no",
    ],
)
def test_yaml_reads_back_as_it_was(value):
    assert yaml.safe_load(to_yaml(value)) == value


def test_a_page_shows_lineage_columns_and_checks():
    page = markdown.page(
        MART, {MART.id: MART, "gold.next": Table(**{**vars(MART), "name": "next", "inputs": (MART.id,)})}
    )
    assert "- **Feeds:** [gold.next](gold.next.md)" in page
    assert "| `thing_id` | `bigint` | no | The thing |" in page
    assert "| `some` | `orders >= 0 OR gross_sales \\| 1 > 0` | the run stops before it publishes |" in page


def test_every_figure_is_in_the_catalogue():
    page = markdown.metrics(TABLES.values())
    assert [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")] == list(METRICS)


def test_an_event_schema_requires_what_we_rely_on():
    schemas = {each.name: json.loads(json_schema.event(each)) for each in EVENTS}
    assert schemas["Order Completed"]["required"] == ["order_id"]
    assert schemas["Product Viewed"]["properties"]["price"]["type"] == ["string", "number", "null"]
    assert json_schema.file_name("Product Viewed") == "product_viewed.schema.json"
    assert len({json_schema.file_name(each.name) for each in EVENTS}) == len(EVENTS)


def test_what_is_written_is_not_stale(tmp_path, capsys):
    assert render.main([], tmp_path) == 0
    assert render.main(["--check"], tmp_path) == 0
    assert capsys.readouterr().err == ""


def test_a_changed_a_missing_and_an_orphaned_file_are_stale(tmp_path, capsys):
    render.main([], tmp_path)
    (tmp_path / "docs/metrics.md").write_text("by hand")
    (tmp_path / "docs/tables/gold.orders.md").unlink()
    (tmp_path / "docs/tables/gold.gone.md").write_text("of a table that was removed")
    assert render.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err.splitlines() == [
        "stale: docs/metrics.md",
        "stale: docs/tables/gold.gone.md",
        "stale: docs/tables/gold.orders.md",
        "Next: make generate",
    ]
    render.main([], tmp_path)
    assert not (tmp_path / "docs/tables/gold.gone.md").exists()
    assert render.main(["--check"], tmp_path) == 0


def test_the_committed_files_are_fresh():
    assert files.stale(render.ROOT, render.outputs(), render.OWNED) == []
