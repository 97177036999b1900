"""The benchmarks: all are found, the cheapest runs as from the command line, a wrong name is a sentence."""

import importlib
import json
import os
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest

from host_tools import bench

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 120


def islet(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([".", "firmware", "boards"])}
    return subprocess.run(
        [sys.executable, "-m", "host_tools", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_every_file_is_a_benchmark() -> None:
    """The names are the files of the folder, no more and no fewer."""
    files = sorted(path.stem for path in (ROOT / "host_tools" / "bench").glob("*.py"))
    assert bench.names() == [name for name in files if name != "__init__"]
    assert {"demo", "metering", "plan"} <= set(bench.names())


@pytest.mark.parametrize("name", bench.names())
def test_every_benchmark_says_what_it_measures(name: str) -> None:
    """Each module has measure(quick) and a docstring."""
    module = importlib.import_module(f"host_tools.bench.{name}")
    assert list(signature(module.measure).parameters) == ["quick"]
    assert module.__doc__


@pytest.mark.needs("micropython")
def test_the_last_line_is_json() -> None:
    """The benchmark of the meter, quick: all that it must show holds, and the native kernels equal the plain ones."""
    done = islet("bench", "metering", "--quick")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["bench"] == "metering"
    limits = {
        "p_error_pct_max": 0.05,
        "p_error_pct_5": 0.2,
        "e11_error_pct_max": 0.2,
        "e11_error_pct_5": 0.4,
        "pf_error_max": 0.002,
        "f_error_mhz_max": 2.0,
        "f_step_error_mhz_max": 10.0,
        "influence_of_limit_max": 1.0,
    }
    assert {name: result[name] for name in limits if not 0.0 < result[name] <= limits[name]} == {}
    assert result["drop_outs"] == 0
    assert result["kernels_equal"] is True
    assert result["kernel_speedup_viper"] >= 10.0
    assert result["alloc_bytes_per_window"] == 0
    assert result["selfcheck_found"] == result["selfcheck_total"] > 20


def test_a_wrong_name_is_a_sentence() -> None:
    """Exit code 2, the name and the choices, no traceback."""
    done = islet("bench", "nonesuch")
    assert done.returncode == 2
    assert "nonesuch" in done.stderr
    assert "metering" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.needs("micropython")
def test_a_script_that_fails_says_why(tmp_path: Path) -> None:
    """The rig of the benchmarks hands on the script's own words."""
    from host_tools.hil.script import run_script
    from host_tools.hil.unixport import NodeError

    script = tmp_path / "bad.py"
    script.write_text("raise ValueError('no such window')\n")
    with pytest.raises(NodeError, match=r"(?s)bad\.py ended with code 1.*no such window"):
        run_script(script)
