"""What a request can be refused for, in the words of both protocol generations."""

from __future__ import annotations


class Refused(Exception):
    """The request is answered with `status` and this text; `tag` names the reason in v1 and in metrics."""

    def __init__(self, status: int, tag: str, text: str) -> None:
        super().__init__(text)
        self.status, self.tag, self.text = status, tag, text


def undecodable(text: str) -> Refused:
    """The body is not what its form promises."""
    return Refused(400, "request_decoding_error", text)


def unparseable(text: str) -> Refused:
    """The body is no JSON, or no JSON of a known shape."""
    return Refused(400, "request_parsing_error", text)


def too_large(text: str) -> Refused:
    """A limit of size is exceeded."""
    return Refused(413, "payload_too_large", text)


def unavailable(text: str) -> Refused:
    """Nothing is wrong with the request: it should be sent again."""
    return Refused(503, "service_unavailable", text)


def no_token() -> Refused:
    """Nobody says whose events these are."""
    return Refused(401, "missing_authorization", "no project token")


def wrong_token(text: str = "project token is not valid") -> Refused:
    """The token cannot be one, or is not on the allow list."""
    return Refused(401, "invalid_api_token", text)


class BadEvent(Exception):
    """One event of a request cannot be kept; `reason` goes into the headers of its dead letter."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status
