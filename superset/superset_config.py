"""Superset's configuration, from the environment; read by Superset's own Python."""

import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]

# One machine, one worker: results live in its memory. A restart empties the cache and costs one query.
CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 300}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 60}
FILTER_STATE_CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 86_400}
EXPLORE_FORM_DATA_CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 86_400}

# Loopback is served without TLS, so cookies cannot ask for it.
SESSION_COOKIE_SECURE = False
SESSION_COOKIE_SAMESITE = "Lax"
TALISMAN_ENABLED = os.environ.get("SUPERSET_TLS", "") != ""
WTF_CSRF_ENABLED = True

SQLLAB_TIMEOUT = 30
ROW_LIMIT = 50_000
LOG_LEVEL = "WARNING"
FEATURE_FLAGS = {"DASHBOARD_RBAC": True}
