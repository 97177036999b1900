"""A headless Chromium that keeps to itself, for the tests of what people see."""

import re
import subprocess
import tempfile
from pathlib import Path

QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars",
)  # fmt: skip
LIMIT_S = 90


def look(chromium: str, url: str, picture: Path | None = None, size: str = "1280,4300") -> str:
    """Return the page's DOM after its scripts ran, or take its picture (and return nothing)."""
    task = ["--dump-dom"] if picture is None else [f"--screenshot={picture}", f"--window-size={size}"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [chromium, *QUIET, f"--user-data-dir={profile}", "--virtual-time-budget=8000", *task, url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    return re.sub(r"<script\b.*?</script>", "", done.stdout, flags=re.DOTALL)
