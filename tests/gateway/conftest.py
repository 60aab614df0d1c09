from __future__ import annotations

import logging

import pytest
import structlog

from tests.gateway.asgi import Probe


@pytest.fixture(autouse=True)
def quiet(request: pytest.FixtureRequest) -> None:
    """Nearly every request of these tests is refused, and each refusal is logged."""
    level = logging.INFO if "capsys" in request.fixturenames else logging.ERROR
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))


@pytest.fixture
def gateway() -> Probe:
    return Probe()
