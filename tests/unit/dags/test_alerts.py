"""A failed run alerts its recipients, and an undelivered alert does no harm."""

from __future__ import annotations

import email
import email.policy
import json
import logging
import time
from types import SimpleNamespace

import pytest

from dags import alerts, spark_job
from deploy.env.ports import port_is_free
from tests.integration.servers import free_ports
from tests.unit.dags.sinks import mail_server, webhook

CAUSE = "MySQL at 127.0.0.1:13306 does not answer. Next: ./shoplake status"
LINK = "http://127.0.0.1:8080/dags/medallion/runs/manual__2026%2B00/tasks/ingest_mysql?try_number=3"
ALERT = alerts.failed("medallion", "manual__2026+00", "ingest_mysql", CAUSE, LINK)


def mail_settings(port: int) -> dict[str, str]:
    return {
        "ALERT_EMAIL_TO": "a@example.com, b@example.com",
        "ALERT_EMAIL_FROM": "shop@example.com",
        "ALERT_SMTP_HOST": "127.0.0.1",
        "ALERT_SMTP_PORT": str(port),
        "ALERT_SMTP_STARTTLS": "false",
    }


def test_a_webhook_gets_a_text_and_each_fact_by_its_name() -> None:
    with webhook() as (url, bodies):
        assert alerts.send(ALERT, {"ALERT_WEBHOOK_URL": url}) == []
    (body,) = map(json.loads, bodies)
    assert body == {
        "text": "Shoplake: medallion failed in ingest_mysql\nMySQL at 127.0.0.1:13306 does not answer."
        f"\nRun: manual__2026+00\nNext: ./shoplake status\nLog: {LINK}",
        "dag": "medallion",
        "run_id": "manual__2026+00",
        "step": "ingest_mysql",
        "cause": "MySQL at 127.0.0.1:13306 does not answer.",
        "next_command": "./shoplake status",
        "log_url": LINK,
    }


def test_every_recipient_gets_the_same_message() -> None:
    with mail_server() as (port, messages):
        assert alerts.send(ALERT, mail_settings(port)) == []
    ((envelope, text),) = messages
    assert [line.partition(":")[2].split(">")[0] for line in envelope] == [
        "<shop@example.com",
        "<a@example.com",
        "<b@example.com",
    ]
    message = email.message_from_bytes(text, policy=email.policy.default)
    assert message["Subject"] == "Shoplake: medallion failed in ingest_mysql"
    assert "Next: ./shoplake status" in message.get_content()


def test_nobody_is_told_where_nobody_is_named() -> None:
    assert alerts.send(ALERT, {}) == []


def test_what_a_shop_wrote_is_no_markup_and_no_header() -> None:
    hostile = "SKU <!channel> &\r\nBcc: x@example.com \x1b[31m\0" + "x" * 5000
    alert = alerts.failed("medallion", "run\nid", "gate", hostile, LINK)
    with webhook() as (url, bodies), mail_server() as (port, messages):
        assert alerts.send(alert, {"ALERT_WEBHOOK_URL": url, **mail_settings(port)}) == []
    text = json.loads(bodies[0])["text"]
    assert "SKU &lt;!channel&gt; &amp; Bcc: x@example.com [31m x" in text and len(text) < 2000
    assert email.message_from_bytes(messages[0][1])["Bcc"] is None


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses_is_logged_without_its_address(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with webhook(status) as (url, bodies), caplog.at_level(logging.WARNING):
        (problem,) = alerts.send(ALERT, {"ALERT_WEBHOOK_URL": url})
    assert f"was not delivered (HTTPError: HTTP Error {status}" in problem
    assert len(bodies) == 1
    assert problem in caplog.text and "s3cret" not in caplog.text


def test_what_is_not_there_is_logged_and_the_other_way_is_taken_all_the_same() -> None:
    nobody = free_ports()[0]
    with webhook() as (url, bodies):
        problems = alerts.send(ALERT, {"ALERT_WEBHOOK_URL": url, **mail_settings(nobody)})
    assert port_is_free(nobody)
    assert len(bodies) == 1
    assert [problem.partition(" was not")[0] for problem in problems] == ["The e-mail to ALERT_EMAIL_TO"]


@pytest.mark.parametrize(
    "url", ["ftp://x/s3cret", "http://127.0.0.1:s3cret/x", "http://a b/s3cret", "s3cret"]
)
def test_an_address_that_cannot_be_used_is_not_repeated(url: str) -> None:
    (problem,) = alerts.send(ALERT, {"ALERT_WEBHOOK_URL": url})
    assert "was not delivered" in problem and "s3cret" not in problem


def test_a_password_stays_out_of_what_is_said() -> None:
    with mail_server() as (port, _):
        settings = mail_settings(port) | {"ALERT_SMTP_USER": "u", "ALERT_SMTP_PASSWORD": "s3cret"}
        (problem,) = alerts.send(ALERT, settings)
        (no_tls,) = alerts.send(ALERT, settings | {"ALERT_SMTP_STARTTLS": "true"})
    assert "SMTPAuthenticationError: (535" in problem and "s3cret" not in problem
    assert "STARTTLS extension not supported by server" in no_tls


def test_who_does_not_answer_holds_a_run_up_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "DEADLINE_SECONDS", 0.5)
    with webhook(hangs=True) as (url, _):
        began = time.monotonic()
        (problem,) = alerts.send(ALERT, {"ALERT_WEBHOOK_URL": url})
        assert time.monotonic() - began < 3
    assert problem == "The webhook of ALERT_WEBHOOK_URL was not delivered within 0.5 s."


def test_a_failed_task_tells_the_jobs_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    task = SimpleNamespace(dag_id="medallion", run_id="manual__2026+00", task_id="ingest_mysql", try_number=3)
    with webhook() as (url, bodies):
        monkeypatch.setenv("ALERT_WEBHOOK_URL", url)
        monkeypatch.delenv("ALERT_EMAIL_TO", raising=False)
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://127.0.0.1:8080/")
        spark_job.tell_of_failure({"ti": task, "exception": RuntimeError(f"ingest_mysql: {CAUSE}")})
        spark_job.tell_of_failure({"ti": task})
    first, second = map(json.loads, bodies)
    assert first["cause"] == "MySQL at 127.0.0.1:13306 does not answer."
    assert first["log_url"] == LINK
    assert second["cause"] == "it ended without a word; its log may say more"
    assert second["next_command"] == "./shoplake doctor"
