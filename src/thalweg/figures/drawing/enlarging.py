"""Pictures with letters of another size than they were laid out with.

A figure is laid out for letters of 10 points on a page that is as much smaller or larger as letters are to be larger or
smaller, and then enlarged as a whole, lines and marks with the letters. So its layout, which has lengths in inches and
sizes in points all over, knows nothing of it. A PNG gets more dots an inch; an SVG says in its head how large it is; of
a PDF, which says that nowhere, the page is made larger and the drawing put on it through a matrix.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_pdf import Op, PdfFile, RendererPdf

from thalweg.figures.drawing import style
from thalweg.figures.drawing.canvas import Sheet

HEAD = re.compile(r'(width|height)="([\d.]+)pt"')


def write(sheet: Sheet, target: Path | io.BytesIO, ending: str, dpi: float, **more: Any) -> None:
    """Write a sheet, enlarged as its look asks for."""
    scale = sheet.look.scale
    if scale == 1 or ending == "png":
        sheet.savefig(target, format=ending, dpi=dpi * scale, **more)
    elif ending == "svg":
        drawn = io.BytesIO()
        sheet.savefig(drawn, format="svg", dpi=dpi * scale, **more)
        text = HEAD.sub(lambda side: f'{side[1]}="{scale * float(side[2]):g}pt"', drawn.getvalue().decode(), count=2)
        _put(target, text.encode())
    else:
        drawn = io.BytesIO()
        _write_pdf(sheet, drawn, dpi * scale, scale, **more)
        _put(target, drawn.getvalue())


def _write_pdf(sheet: Sheet, target: io.BytesIO, dpi: float, scale: float, metadata: dict[str, Any]) -> None:
    """Do as Matplotlib does, with a larger page and a matrix before the drawing."""
    with style.styled(sheet.look):
        sheet.set_dpi(72)
        width, height = sheet.get_size_inches().tolist()
        file = PdfFile(target, metadata=metadata)
        try:
            file.newPage(scale * width, scale * height)
            file.output(scale, 0, 0, scale, 0, 0, Op.concat_matrix)
            renderer = MixedModeRenderer(sheet, width, height, dpi, RendererPdf(file, dpi, height, width))
            sheet.draw(renderer)  # pyright: ignore[reportArgumentType]
            renderer.finalize()
            file.finalize()
        finally:
            file.close()


def _put(target: Path | io.BytesIO, content: bytes) -> None:
    if isinstance(target, Path):
        target.write_bytes(content)
    else:
        target.write(content)
