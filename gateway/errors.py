"""The reasons to refuse a request, worded for both wire formats."""

from __future__ import annotations


class Refused(Exception):
    """A request refused with `status` and `text`; `tag` names the reason in v1 and in metrics."""

    def __init__(self, status: int, tag: str, text: str) -> None:
        super().__init__(text)
        self.status, self.tag, self.text = status, tag, text


def undecodable(text: str) -> Refused:
    """Return the refusal of a body whose encoding is broken."""
    return Refused(400, "request_decoding_error", text)


def unparseable(text: str) -> Refused:
    """Return the refusal of a body that is not JSON of a known shape."""
    return Refused(400, "request_parsing_error", text)


def too_large(text: str) -> Refused:
    """Return the refusal of a request that exceeds a size limit."""
    return Refused(413, "payload_too_large", text)


def unavailable(text: str) -> Refused:
    """Return the refusal of a request that is fine and should be sent again."""
    return Refused(503, "service_unavailable", text)


def no_token() -> Refused:
    """Return the refusal of a request without a project token."""
    return Refused(401, "missing_authorization", "no project token")


def wrong_token(text: str = "project token is not valid") -> Refused:
    """Return the refusal of a token that is malformed or not on the allow list."""
    return Refused(401, "invalid_api_token", text)


class BadEvent(Exception):
    """An event that cannot be kept; `reason` goes into the headers of its dead letter."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status
