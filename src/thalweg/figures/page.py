"""One self-contained HTML page of interactive figures; it needs no network.

plotly.js has 4.8 megabytes, and a map tells four things of each of its 262,144 runs: written out, a page of one map had
14. So the library, once, and each figure stand in the page as gzip in base64, and a few lines unpack them with the
browser's own ``DecompressionStream``, which all browsers have had since May 2023: the page of one map has under 5
megabytes, any other 2. Encoding the runs more tersely instead, as numbers that a lookup turns into words, was tried
first on paper: it leaves plotly.js as it is, and every figure with large arrays would need its own. What would break
it: a script that expects ``Plotly`` before the page has unpacked it.
"""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from typing import Any, Protocol

import numpy as np

from thalweg.base.look import Look
from thalweg.figures.drawing import phone, style


class Interactive(Protocol):
    """What a page needs of a figure: its names, what is seen, its look, and its description for plotly.js."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def caption(self) -> str: ...  # noqa: D102
    @property
    def tall(self) -> bool: ...  # noqa: D102
    @property
    def shown(self) -> Look: ...  # noqa: D102
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
:root {{ color-scheme: {scheme}; }}
body {{ margin: 0 auto; max-width: 70rem; padding: 1rem; font: 1rem/1.5 {font}; color: {ink};
  background: {paper}; }}
figure {{ margin: 0 0 2.5rem; }}
figcaption {{ color: {muted}; max-width: 46rem; }}
h2 {{ font-size: 1.15rem; margin: 0 0 .25rem; }}
.plot {{ height: clamp(24rem, 60vw, 38rem); }}
.tall {{ height: clamp(42rem, 75vw, 52rem); }}
@media (max-width: 48rem) {{ .modebar {{ display: none !important; }} }}
</style>
</head>
<body>
{figures}
<!--
{licence}
-->
<script type="application/gzip" id="library">{library}</script>
<script>
window.PlotlyConfig = {{MathJaxConfig: "local"}};
const unpacked = async (node) => {{
  const bytes = Uint8Array.from(atob(node.textContent), (letter) => letter.charCodeAt(0));
  return await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}};
(async () => {{
  const library = document.createElement("script");
  library.textContent = await unpacked(document.getElementById("library"));
  document.head.append(library);
  for (const node of document.querySelectorAll("script[data-figure]")) {{
    const described = JSON.parse(await unpacked(node));
    // On a phone a scene is seen from further away, with its bar below, or its scale of losses would lie outside.
    const scene = described.layout.scene;
    if (scene && innerWidth < {narrow}) {{
      for (const axis of "xyz") scene.camera.eye[axis] *= {away};
      for (const axis of "xyz") scene[`${{axis}}axis`].tickfont = {letters};
      // Below a scene with panels of its own there is no room for the bar.
      const bars = described.layout.xaxis ? [] : described.data.map((trace) => trace.marker?.colorbar).filter(Boolean);
      for (const bar of bars) Object.assign(bar, {bar});
    }}
    await Plotly.newPlot(node.dataset.figure, described.data, described.layout, {config});
  }}
}})().catch((reason) => {{
  for (const plot of document.querySelectorAll(".plot")) plot.textContent = `This needs a newer browser: ${{reason}}`;
}});
</script>
</body>
</html>
"""


def html(figures: Sequence[Interactive], title: str = "Thalweg") -> str:
    """Write figures one below the other, on the paper of the first; plotly.js is inside, once."""
    from plotly.io.json import to_json_plotly

    licence, library = _library()
    parts = []
    for place, figure in enumerate(figures):
        name = f"{figure.name}-{place}"
        described = _zipped(str(to_json_plotly(packed(figure.interactive()))))
        plot = f"<div id='{name}' style='height:100%; width:100%;'></div>"
        parts.append(
            f"<figure><h2>{escape(figure.title)}</h2>\n<div class='plot{' tall' * figure.tall}'>{plot}</div>\n"
            f"<script type='application/gzip' data-figure='{name}'>{described}</script>\n"
            f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
        )
    with style.styled(figures[0].shown if figures else None):
        colours = {"paper": style.paper(), "ink": style.ink(), "muted": style.muted(), "font": style.web_families()}
        colours["scheme"] = style.web_scheme()
    texts = {"title": escape(title), "figures": "\n".join(parts), "config": json.dumps(CONFIG)}
    narrow = {"bar": json.dumps(phone.BAR), "letters": json.dumps(phone.LETTERS)}
    narrow |= {"narrow": str(phone.NARROW), "away": str(phone.AWAY)}
    return _PAGE.format(licence=licence, library=library, **texts, **colours, **narrow)


@cache
def _library() -> tuple[str, str]:
    """Read plotly.js: its licence, which stands at its head, and all of it."""
    from plotly.offline import get_plotlyjs

    text = str(get_plotlyjs())
    return text[: text.index("*/") + 2], _zipped(text)


def _zipped(text: str) -> str:
    """Write a text as gzip in base64; without a time, so that equal figures give equal pages."""
    return b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode("ascii")


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
