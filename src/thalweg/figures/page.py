"""One self-contained HTML page of interactive figures; it needs no network."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Protocol

import numpy as np


class Interactive(Protocol):
    """What a page needs of a figure: its file name, its title, what is seen, and its description for plotly.js."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def caption(self) -> str: ...  # noqa: D102
    @property
    def tall(self) -> bool: ...  # noqa: D102
    @property
    def interactive(self) -> Callable[[], dict[str, Any]]: ...  # noqa: D102


CONFIG = {
    "showSendToCloud": False,
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}
"""plotly.js would offer to upload a chart; ours never does."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0 auto; max-width: 70rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #22262b; }}
figure {{ margin: 0 0 2.5rem; }}
figcaption {{ color: #6b7280; max-width: 46rem; }}
h2 {{ font-size: 1.15rem; margin: 0 0 .25rem; }}
.plot {{ height: clamp(24rem, 60vw, 38rem); }}
.tall {{ height: clamp(42rem, 75vw, 52rem); }}
@media (max-width: 48rem) {{ .modebar {{ display: none !important; }} }}
</style>
</head>
<body>
{figures}
</body>
</html>
"""


def html(figures: Sequence[Interactive], title: str = "Thalweg") -> str:
    """Write figures one below the other; plotly.js is inside, once."""
    from plotly.io import to_html

    parts = []
    for place, figure in enumerate(figures):
        plot = to_html(
            packed(figure.interactive()),
            include_plotlyjs=place == 0,
            full_html=False,
            config=CONFIG,
            validate=False,
            div_id=f"{figure.name}-{place}",
            default_height="100%",
        )
        parts.append(
            f"<figure><h2>{escape(figure.title)}</h2>\n<div class='plot{' tall' * figure.tall}'>{plot}</div>\n"
            f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
        )
    return _PAGE.format(title=escape(title), figures="\n".join(parts))


def packed(value: Any) -> Any:
    """Pack the arrays of a description as plotly.js reads them, exactly and in half the space of printed numbers."""
    if isinstance(value, dict):
        return {key: packed(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [packed(part) for part in value]
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind in "iu":
        value = value.astype(np.int32)
    if value.dtype.kind not in "if":
        return value.tolist()
    shape = {"shape": ", ".join(map(str, value.shape))} if value.ndim > 1 else {}
    kind = f"{value.dtype.kind}{value.dtype.itemsize}"
    little = value.astype(value.dtype.newbyteorder("<"), copy=False)
    return {"dtype": kind, "bdata": b64encode(little.tobytes()).decode("ascii"), **shape}
