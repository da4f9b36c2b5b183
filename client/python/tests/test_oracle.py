"""What the server tells of quality is what scikit-learn and scipy compute of what it exports: bench/quality/oracle, reduced."""

from __future__ import annotations

import subprocess
import sys

from support import ROOT


def test_every_measure_is_that_of_the_libraries(program: str) -> None:
    """2,000 labels in any order, with repeats, wrong ids and restarts."""
    driver = ROOT / "bench/quality/oracle/oracle.py"
    command = [sys.executable, str(driver), "--program", program, "--labels", "2000", "--rounds", "2", "--gently"]
    ran = subprocess.run([*command, "--window", "0", "--images", "300", "--links", "3"], capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    assert " measures, " in ran.stdout
