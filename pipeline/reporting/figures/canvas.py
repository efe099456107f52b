"""What the matplotlib figures share: fonts, an Agg canvas without global state, and bytes that repeat.

Every module here that draws calls it. Equal values give equal bytes: no date, no random ids.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.reporting import fonts, lettering

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from PIL.Image import Image

P = TypeVar("P")
INK = "#18222d"
SOFT = "#56626e"
BLUE = "#1d5d9b"
PALE = "#c9dbec"
DPI = 220
_LOCK = threading.Lock()
FAMILIES = ("Source Sans Pro", "DejaVu Sans")


@dataclass(frozen=True)
class Plot:
    """A finished matplotlib figure as PNG and as SVG with outlined letters."""

    png: bytes
    svg: str


def plotted(width: float, height: float, draw: Callable[[Figure], None]) -> Plot:
    """Draw on a fresh figure of that size in inches."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with _LOCK, mpl.rc_context(_style()):
        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        draw(figure)
        _lend_faces(figure)
        return Plot(_png(figure), _svg(figure))


def filled(grid: NDArray[Any], panels: Sequence[P]) -> list[tuple[Axes, P]]:
    """Give each panel its cell of a grid of axes, row by row; cells left over stay blank."""
    cells = [cell for row in grid for cell in row]
    for cell in cells[len(panels) :]:
        cell.set_axis_off()
    return list(zip(cells, panels, strict=False))


def _png(figure: Figure) -> bytes:
    """Draw the figure in points of colour; where its parts lie is settled here, and kept."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL.Image import frombuffer

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    figure.set_layout_engine("none")
    return _in_few_colours(frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()))


def _svg(figure: Figure) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = io.StringIO()
    canvas: Any = FigureCanvasSVG(figure)
    canvas.print_svg(out, metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _in_few_colours(picture: Image) -> bytes:
    """The picture with a palette of 128 colours: print-quality lines at a quarter of the size."""
    from PIL.Image import Dither

    out = io.BytesIO()
    few = picture.convert("RGB").quantize(128, dither=Dither.NONE)
    few.save(out, format="png", optimize=True, dpi=(DPI, DPI))
    return out.getvalue()


def _lend_faces(figure: Figure) -> None:
    """For letters that the shipped faces lack, let all text fall back on faces of this computer."""
    from matplotlib.text import Text

    texts = [one for one in figure.findobj(Text) if isinstance(one, Text)]
    others, _ = lettering.families(lettering.strange("".join(one.get_text() for one in texts)))
    for one in texts if others else ():
        one.set_fontfamily([*FAMILIES, *others])


def _style() -> Any:
    _register_fonts()
    return {
        "font.family": list(FAMILIES),
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": SOFT,
        "axes.edgecolor": SOFT,
        "axes.titlecolor": INK,
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": True,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "svg.fonttype": "path",
        "svg.hashsalt": "report",
        "text.parse_math": False,
    }


@cache
def _register_fonts() -> None:
    from matplotlib.font_manager import fontManager

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    for folder in fonts.font_files():
        for name in ("SourceSansPro-Regular.ttf", "SourceSansPro-Bold.ttf", "SourceSansPro-It.ttf"):
            if (folder / name).exists():
                fontManager.addfont(folder / name)
