"""Connected components of a graph that need not fit into one machine's memory."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

MOST_ROUNDS = 50  # they grow with the logarithm of the largest component: far beyond any real graph


def components(edges: DataFrame) -> DataFrame:
    """Return (node, component) of an undirected graph, given as rows (a, b) of whole numbers; a <> b.

    Alternating large and small stars (Kiveris et al., 2014): each node hands its larger, then its smaller
    neighbours to the smallest node it knows, until every component is a star around its smallest node,
    which names it. The engine keeps each round's result (`localCheckpoint`): plans would grow with every
    round otherwise.

    Raises:
        RuntimeError: when the stars do not settle.
    """
    links = edges.select(F.greatest("a", "b").alias("high"), F.least("a", "b").alias("low")).distinct()
    before = None
    for _ in range(MOST_ROUNDS):
        links = _small_stars(_large_stars(links)).localCheckpoint()
        digest = F.sum(F.xxhash64("high", "low").cast("decimal(20,0)"))
        now = links.agg(F.count(F.lit(1)).alias("links"), digest.alias("digest")).collect()[0]
        if now == before:
            centres = links.select(F.col("low").alias("node"), F.col("low").alias("component"))
            return links.select(F.col("high").alias("node"), F.col("low").alias("component")).unionByName(
                centres.distinct()
            )
        before = now
    raise RuntimeError(f"components did not settle within {MOST_ROUNDS} rounds")


def _large_stars(links: DataFrame) -> DataFrame:
    """Every node hands its larger neighbours to its smallest one, or to itself."""
    back = links.select(F.col("low").alias("node"), F.col("high").alias("neighbour"))
    both = links.select(F.col("high").alias("node"), F.col("low").alias("neighbour")).unionByName(back)
    smallest = F.least("node", F.min("neighbour").over(Window.partitionBy("node")))
    return (
        both.withColumn("low", smallest)
        .where("neighbour > node")
        .select(F.col("neighbour").alias("high"), "low")
        .distinct()
    )


def _small_stars(links: DataFrame) -> DataFrame:
    """Every node hands its smaller neighbours, and itself, to the smallest of them."""
    smallest = F.min("low").over(Window.partitionBy("high"))
    known = links.select("high", "low", smallest.alias("smallest"))
    handed = known.where("low > smallest").select(F.col("low").alias("high"), F.col("smallest").alias("low"))
    own = known.select("high", F.col("smallest").alias("low"))
    return handed.unionByName(own).distinct()
