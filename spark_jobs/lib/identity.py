"""Who somebody is, without saying so: normalised addresses and keyed pseudonyms."""

from __future__ import annotations

import hashlib

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.lib.parsing import text

_BLOCK_BYTES = 64  # of SHA-256
PSEUDONYM_LENGTH = 32


def normalised_email(name: str) -> Column:
    """An e-mail address as one compares it: trimmed, lower case, null when blank."""
    return F.lower(text(name))


def pseudonym(value: Column, key: bytes) -> Column:
    """First 32 hex digits of HMAC-SHA256 of a text; null for null.

    An unkeyed hash of an address is undone by hashing every known address; this one needs the key.
    """
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\0")
    inner = F.sha2(F.concat(F.lit(bytes(b ^ 0x36 for b in block)), value.cast("binary")), 256)
    outer = F.sha2(F.concat(F.lit(bytes(b ^ 0x5C for b in block)), F.unhex(inner)), 256)
    return F.substring(outer, 1, PSEUDONYM_LENGTH)
