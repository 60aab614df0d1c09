"""Answers to what SDKs request besides sending events, so that they stay quiet and keep compressing."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from gateway.uuids import uuid7

_encode = msgspec.json.encode
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def remote_config(token: str) -> dict[str, Any]:
    """Return the configuration of posthog-js: compressed events, and no feature that needs PostHog itself."""
    return {
        "token": token,
        "supportedCompression": ["gzip", "gzip-js"],
        "hasFeatureFlags": False,
        "analytics": {"endpoint": "/i/v0/e/"},
        "autocapture_opt_out": False,
        "elementsChainAsString": True,
        "capturePerformance": False,
        "autocaptureExceptions": False,
        "errorTracking": {"autocaptureExceptions": False},
        "sessionRecording": False,
        "surveys": False,
        "productTours": False,
        "heatmaps": False,
        "captureDeadClicks": False,
        "conversations": False,
        "siteApps": [],
        "isAuthenticated": False,
        "toolbarParams": {},
        "defaultIdentifiedOnly": True,
    }


def config_json(token: str) -> bytes:
    """Return the body of `/array/<token>/config`."""
    return _encode(remote_config(token))


def config_script(token: str) -> bytes:
    """Return the body of `/array/<token>/config.js`. `token` becomes part of a script."""
    settings = _encode({"config": remote_config(token), "siteApps": []}).decode()
    return (
        "(function(){window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{};"
        f'window._POSTHOG_REMOTE_CONFIG["{token}"]={settings};}})();'
    ).encode()


def is_name(token: str) -> bool:
    """Return True if a token can safely be part of a path and of a script."""
    return _TOKEN.fullmatch(token) is not None


def flags() -> bytes:
    """Return the body of `/flags`: there are no flags."""
    return _encode(_flags())


def decide() -> bytes:
    """Return the body of `/decide`, where old SDKs request flags and configuration together."""
    config = {name: value for name, value in remote_config("").items() if name != "token"}
    return _encode({**config, **_flags(), "editorParams": {}})


def _flags() -> dict[str, Any]:
    return {
        "flags": {},
        "featureFlags": {},
        "featureFlagPayloads": {},
        "errorsWhileComputingFlags": False,
        "requestId": uuid7(),
    }


FLAG_DEFINITIONS = _encode({"flags": [], "group_type_mapping": {}, "cohorts": {}})
SURVEYS = _encode({"surveys": []})
OK = _encode({"status": "Ok"})
