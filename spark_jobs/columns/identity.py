"""Identity without personal data: normalised addresses and keyed pseudonyms."""

from __future__ import annotations

import hashlib
import uuid

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.columns.parsing import text

_BLOCK_BYTES = 64  # of SHA-256
PSEUDONYM_LENGTH = 32
# Ids of senders are cut at this length, as PostHog's capture service does.
MAX_DISTINCT_ID = 200


def normalised_email(name: str) -> Column:
    """Normalise an e-mail address for comparison: trimmed, lower case, null when blank."""
    return F.lower(text(name))


def pseudonym(value: Column, key: bytes) -> Column:
    """Return the first 32 hex digits of a text's HMAC-SHA256; null for null.

    An unkeyed hash of an address can be reversed by hashing every known address; this one needs the key.
    """
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\0")
    inner = F.sha2(F.concat(F.lit(bytes(b ^ 0x36 for b in block)), value.cast("binary")), 256)
    outer = F.sha2(F.concat(F.lit(bytes(b ^ 0x5C for b in block)), F.unhex(inner)), 256)
    return F.substring(outer, 1, PSEUDONYM_LENGTH)


def bounded(value: Column, longest: int = MAX_DISTINCT_ID) -> Column:
    """Limit the length of an id: the end of a longer one becomes a hash, which keeps ids distinct."""
    digest = F.substring(F.sha2(value.cast("binary"), 256), 1, PSEUDONYM_LENGTH)
    kept = F.substring(value, 1, longest - PSEUDONYM_LENGTH - 1)
    return F.when(F.length(value) > longest, F.concat(kept, F.lit("~"), digest)).otherwise(value)


def customer_number(distinct_id: str | Column) -> Column:
    """Return the customer whom an id names; null when it names none. `7.0` is what some SDKs make of 7."""
    column = text(distinct_id)
    digits = F.when(column.rlike(r"^[+]?[0-9]{1,19}(\.0+)?$"), F.regexp_replace(column, r"\.0+$", ""))
    return digits.try_cast("bigint")


# PostHog's own namespace and, for a person's id, its own formula: `<team>:<distinct_id>`.
_PERSONS = uuid.UUID("932979b4-65c3-4424-8467-0b66ec27bc22")
_TEAM = "1"
# Ids that many senders share by mistake; the first set in any letter case, the second as written.
_SHARED_IDS = (
    *("anonymous", "guest", "distinctid", "distinct_id", "id", "not_authenticated", "email"),
    *("undefined", "true", "false"),
)
_SHARED_IDS_AS_SPELT = ("[object Object]", "NaN", "None", "none", "null", "0")
COOKIELESS = "$posthog_cookieless"  # the id that every sender without cookies sends


def person_uuid(distinct_id: str | Column, team: Column | None = None) -> Column:
    """Return the id of the person created for this distinct id: a version 5 UUID, the same as in PostHog."""
    of_team = F.lit(_TEAM) if team is None else team.cast("string")
    name = F.col(distinct_id) if isinstance(distinct_id, str) else distinct_id
    digest = F.sha1(F.concat(F.lit(_PERSONS.bytes), F.concat(of_team, F.lit(":"), name).cast("binary")))

    def part(start: int, length: int) -> Column:
        return F.substring(digest, start, length)

    variant = F.translate(part(17, 1), "0123456789abcdef", "89ab" * 4)
    return F.concat(
        *(part(1, 8), F.lit("-"), part(9, 4), F.lit("-5"), part(14, 3), F.lit("-")),
        *(variant, part(18, 3), F.lit("-"), part(21, 12)),
    )


def is_illegal_id(distinct_id: str | Column) -> Column:
    """Return whether an id names nobody: PostHog's list, quoted or not, and the id of cookieless senders."""
    bare = F.btrim(text(distinct_id), F.lit("'\""))
    lower = F.lower(bare)
    return bare.isNull() | (
        (bare == "") | lower.isin(*_SHARED_IDS) | bare.isin(*_SHARED_IDS_AS_SPELT, COOKIELESS)
    )
