"""Lets the tests here use the stand-ins of the cloud layer's tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "module_utils"))
