"""`shoplake sql` against the running warehouse: it reads, it cannot write, and mistakes are explained."""

from contextlib import closing

import pytest

from deploy.errors import DeployError
from ops import sql
from tests.stack.pipeline import shoplake

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def settings(data_stack):
    return data_stack.settings


@pytest.fixture
def connection(settings):
    with closing(sql.connect(settings)) as connection:
        yield connection


def test_an_answer_has_names_numbers_and_exact_decimals(connection):
    answer = sql.ask(connection, "SELECT 1 AS a, 2.50::numeric(18,2) AS b, 'x' AS c, null AS d")
    assert answer.columns == ["a", "b", "c", "d"]
    assert answer.is_number == [True, True, False, False]
    assert [str(value) for value in answer.rows[0]] == ["1", "2.50", "x", "None"]


def test_a_mistake_is_shown_where_it_is(connection):
    with pytest.raises(DeployError) as caught:
        sql.ask(connection, "SELECT 1,\n  nonsense FROM mart")
    assert str(caught.value).splitlines()[:3] == [
        'relation "mart" does not exist',
        "    nonsense FROM mart",
        "                  ^",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mart.mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "CREATE SCHEMA mine",
        "DROP SCHEMA mart CASCADE",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_nothing_can_be_written(connection, statement):
    with pytest.raises(DeployError, match="This role only reads"):
        sql.ask(connection, statement)


def test_a_wrong_password_is_named(settings):
    wrong = settings.model_copy(
        update={"warehouse_reader_password": type(settings.warehouse_reader_password)("no")}
    )
    with pytest.raises(DeployError, match="set WAREHOUSE_READER_PASSWORD"):
        sql.connect(wrong)


def test_an_unknown_database_is_named(settings):
    with pytest.raises(DeployError, match="check WAREHOUSE_DATABASE"):
        sql.connect(settings.model_copy(update={"warehouse_database": "warenhaus"}))


def test_the_command_answers_in_one_line_without_a_stack_trace(data_stack, home):
    done = shoplake(home, "sql", "select 1 as one", "--csv")
    assert (done.returncode, done.stdout) == (0, "one\n1\n")
    done = shoplake(home, "sql", "selec")
    assert done.returncode == 1
    assert done.stderr.startswith('✗ syntax error at or near "selec"')
    assert "Traceback" not in done.stderr
