"""What Superset writes into a chart beside what a person chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.render.chart_types import Params

# Where the chart came from and where it was opened, not how it looks.
_BOOKKEEPING = {"datasource", "slice_id", "dashboards", "extra_form_data", "url_params", "viz_type"}


def without_noise(params: Mapping[str, Any], viz_type: str) -> Params:
    """The parameters that say how the chart looks."""
    return {name: value for name, value in params.items() if name not in _BOOKKEEPING and value is not None}
