"""Send alerts of failed runs: by webhook, e-mail, or both, as the settings ALERT_… say.

Standard library only, so that `./shoplake alert-test` uses the same code. A failed delivery is only logged:
an alert never fails a run, and never delays it for longer than DEADLINE_SECONDS.
"""

from __future__ import annotations

import json
import logging
import smtplib
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import quote, urlsplit

log = logging.getLogger(__name__)

# Deadline of the whole delivery, and of a single server's answer, so that hanging ones end by themselves.
DEADLINE_SECONDS = 15
ANSWER_SECONDS = 5
LONGEST_TEXT = 1500
IMPLICIT_TLS_PORT = 465
DEFAULT_PORT = 587
FALSE = ("false", "0", "no", "off", "f", "n")


@dataclass(frozen=True)
class Alert:
    """The content of an alert about a failed run."""

    dag: str
    run_id: str
    step: str
    cause: str
    next_command: str
    log_url: str

    @property
    def subject(self) -> str:
        """Subject, in one line."""
        return f"Shoplake: {self.dag} failed in {self.step}"

    @property
    def text(self) -> str:
        """Full text, for a person."""
        lines = (self.subject, self.cause, f"Run: {self.run_id}", f"Next: {self.next_command}")
        return "\n".join([*lines, f"Log: {self.log_url}"])


def failed(dag: str, run_id: str, step: str, error: str, log_url: str) -> Alert:
    """Return the alert of a failed step; the job's text after `Next:` is the next command."""
    said = _plain(error) or "it ended without a word; its log may say more"
    cause, _, next_command = said.partition(" Next: ")
    return Alert(dag, _plain(run_id), step, cause, next_command or "./shoplake doctor", log_url)


def log_url(base_url: str, dag: str, run_id: str, step: str, attempt: int) -> str:
    """Return the address of a step's log in Airflow."""
    run = quote(run_id, safe="")
    return f"{base_url.rstrip('/')}/dags/{dag}/runs/{run}/tasks/{step}?try_number={attempt}"


def send(alert: Alert, environment: Mapping[str, str]) -> list[str]:
    """Deliver an alert to the recipients in the settings.

    Returns:
        Failed deliveries, one line each, without secrets; also empty without recipients.
    """
    ways: dict[str, Callable[[Alert, Mapping[str, str]], None]] = {}
    if environment.get("ALERT_WEBHOOK_URL"):
        ways["The webhook of ALERT_WEBHOOK_URL"] = _post
    if environment.get("ALERT_EMAIL_TO"):
        ways["The e-mail to ALERT_EMAIL_TO"] = _mail
    problems: dict[str, str] = {}
    threads = {
        name: threading.Thread(target=_try, args=(name, way, alert, environment, problems), daemon=True)
        for name, way in ways.items()
    }
    for thread in threads.values():
        thread.start()
    deadline = time.monotonic() + DEADLINE_SECONDS
    for name, thread in threads.items():
        thread.join(max(0, deadline - time.monotonic()))
        if thread.is_alive():
            problems[name] = f"{name} was not delivered within {DEADLINE_SECONDS} s."
    for problem in problems.values():
        log.warning(problem)
    return list(problems.values())


def _try(
    name: str,
    way: Callable[[Alert, Mapping[str, str]], None],
    alert: Alert,
    environment: Mapping[str, str],
    problems: dict[str, str],
) -> None:
    try:
        way(alert, environment)
    except Exception as error:  # whatever the recipient's server does
        # Only messages of servers or the system: others may repeat the address, which is a secret.
        reason = f"{type(error).__name__}: {error}" if isinstance(error, OSError) else type(error).__name__
        problems[name] = f"{name} was not delivered ({_plain(_without_secrets(reason, environment))[:300]})."


def _without_secrets(text: str, environment: Mapping[str, str]) -> str:
    url = environment.get("ALERT_WEBHOOK_URL", "")
    for secret in (url, urlsplit(url).path.strip("/"), environment.get("ALERT_SMTP_PASSWORD", "")):
        text = text.replace(secret, "…") if secret else text
    return text


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refuse redirects: a webhook that answers with another address is not a webhook."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _post(alert: Alert, environment: Mapping[str, str]) -> None:
    # `text` is what Slack and its like show, where these three characters are markup.
    escaped = alert.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    body = json.dumps({"text": escaped, **asdict(alert)}).encode()
    url = environment["ALERT_WEBHOOK_URL"]
    if not url.startswith(("https://", "http://")):
        raise ValueError("it is not a URL that begins with https://")
    headers = {"Content-Type": "application/json", "User-Agent": "shoplake"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - the scheme was looked at
    with urllib.request.build_opener(_NoRedirects).open(request, timeout=ANSWER_SECONDS):
        pass


def _mail(alert: Alert, environment: Mapping[str, str]) -> None:
    message = EmailMessage()
    message["Subject"] = alert.subject
    message["From"] = environment.get("ALERT_EMAIL_FROM") or environment.get("ALERT_SMTP_USER", "")
    message["To"] = environment["ALERT_EMAIL_TO"]
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="shoplake.invalid")
    message.set_content(alert.text)
    host, port = environment["ALERT_SMTP_HOST"], int(environment.get("ALERT_SMTP_PORT") or DEFAULT_PORT)
    with _connected(host, port) as server:
        is_encrypted = port == IMPLICIT_TLS_PORT
        if not is_encrypted and environment.get("ALERT_SMTP_STARTTLS", "").lower() not in FALSE:
            server.starttls(context=ssl.create_default_context())
        if user := environment.get("ALERT_SMTP_USER"):
            server.login(user, environment.get("ALERT_SMTP_PASSWORD", ""))
        server.send_message(message)


def _connected(host: str, port: int) -> smtplib.SMTP:
    if port == IMPLICIT_TLS_PORT:
        return smtplib.SMTP_SSL(host, port, timeout=ANSWER_SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=ANSWER_SECONDS)


def _plain(text: str) -> str:
    """Return text on one line, with printable characters only, of limited length."""
    words = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return words if len(words) <= LONGEST_TEXT else f"{words[: LONGEST_TEXT - 1]}…"
