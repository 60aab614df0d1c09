"""`shoplake sql`: the output, and the errors."""

import io
from datetime import date
from decimal import Decimal

import pytest
from rich.console import Console
from typer.testing import CliRunner

from deploy.errors import DeployError
from ops import installation, sql
from ops.__main__ import app
from ops.answer import SHOWN_ROWS, Answer, show_table, shown

ANSWER = Answer(
    columns=["sales_date", "net_sales", "note"],
    is_number=[False, True, False],
    rows=[
        (date(2026, 3, 1), Decimal("10.5000"), None),
        (date(2026, 3, 2), Decimal("-0.10"), 'a "b", [red]c[/red]'),
    ],
)


class Settings:
    warehouse_host = "127.0.0.1"
    warehouse_port = 1
    warehouse_database = "warehouse"
    warehouse_reader_user = "warehouse_reader"

    class warehouse_reader_password:
        @staticmethod
        def get_secret_value():
            return "secret"


class FakeConnection:
    def close(self):
        pass


@pytest.fixture
def answered(monkeypatch):
    monkeypatch.setattr(installation, "settings", Settings)
    monkeypatch.setattr(sql, "connect", lambda _: FakeConnection())
    monkeypatch.setattr(sql, "ask", lambda connection, query: ANSWER)


def test_csv_holds_every_digit_and_leaves_null_empty(answered):
    result = CliRunner().invoke(app, ["sql", "select", "--csv"])
    assert result.stdout.splitlines() == [
        "sales_date,net_sales,note",
        "2026-03-01,10.50,",
        '2026-03-02,-0.10,"a ""b"", [red]c[/red]"',
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("10.5000", "10.50"),
        ("10.5050", "10.505"),
        ("-0.1234", "-0.1234"),
        ("100.0000", "100.00"),
        ("0E-8", "0.00"),
        ("100", "100"),
        ("99999999999999999999999999.9900", "99999999999999999999999999.99"),
    ],
)
def test_a_decimal_loses_nothing_but_zeros_beyond_cents(value, text):
    assert shown(Decimal(value)) == text


def test_json_holds_decimals_as_text(answered):
    result = CliRunner().invoke(app, ["sql", "select", "--json"])
    assert '"net_sales": "10.50"' in result.stdout
    assert '"note": null' in result.stdout


def test_the_table_shows_text_as_it_is(answered):
    result = CliRunner().invoke(app, ["sql", "select"])
    assert "2026-03-01" in result.stdout
    assert "null" in result.stdout
    assert "[red]c[/red]" in result.stdout


def test_a_long_answer_says_how_much_is_not_shown():
    screen = io.StringIO()
    rows = [(number,) for number in range(SHOWN_ROWS + 3)]
    show_table(Answer(["n"], [True], rows), Console(file=screen, width=80))
    assert "… and 3 more rows; --csv prints all." in screen.getvalue()


def test_csv_and_json_together_are_refused(answered):
    result = CliRunner().invoke(app, ["sql", "select", "--csv", "--json"])
    assert result.exit_code == 2
    assert "choose one" in result.output


def test_an_unreachable_warehouse_is_named_with_its_settings():
    with pytest.raises(
        DeployError, match=r"127\.0\.0\.1:1 does not answer .*WAREHOUSE_HOST and WAREHOUSE_PORT"
    ):
        sql.connect(Settings)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            'FATAL:  password authentication failed for user "warehouse_reader"',
            "set WAREHOUSE_READER_PASSWORD",
        ),
        ('FATAL:  database "warehouse" does not exist', "check WAREHOUSE_DATABASE"),
        ("", "does not answer (no answer)"),
    ],
)
def test_the_setting_that_is_wrong_is_named(reason, words):
    assert words in sql._why_not_connected(reason, Settings)


def test_without_an_installation_the_next_command_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(installation, "ENV_FILE", tmp_path / ".env")
    result = CliRunner().invoke(app, ["sql", "select 1"])
    assert isinstance(result.exception, DeployError)
    assert str(result.exception) == "Shoplake is not installed yet. Next: make demo"
