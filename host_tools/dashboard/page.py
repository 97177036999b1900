"""A page of figures that opens offline: title, then for each figure a heading, words and the drawing."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

from host_tools.errors import InputError

Section = tuple[str, str, dict[str, Any]]  # heading, words, Plotly's figure

_PAGE = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px system-ui;margin:1.5rem auto;max-width:60rem;padding:0 1rem}}p{{max-width:45rem}}</style>
<h1>{title}</h1>{body}
<script>{script}</script><script>{draw}</script>
"""


def write(path: Path, title: str, sections: Sequence[Section]) -> None:
    """Write the page; InputError when it cannot be written."""
    body = "".join(
        f'<h2>{escape(heading)}</h2><p>{escape(words)}</p><div id="figure{k}"></div>'
        for k, (heading, words, _) in enumerate(sections)
    )
    draw = "".join(
        f'Plotly.newPlot("figure{k}",{json.dumps(figure, allow_nan=False)});'.replace("</", "<\\/")
        for k, (_, _, figure) in enumerate(sections)
    )
    page = _PAGE.format(title=escape(title), body=body, script=get_plotlyjs(), draw=draw)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}).") from error
