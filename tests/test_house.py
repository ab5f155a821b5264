"""The rules of the house that no other tool checks."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted([*ROOT.glob("curator/**/*.py"), *ROOT.glob("pages/*.py")])
HEAVY = {"streamlit", "fiftyone", "insightface", "onnxruntime", "torch", "icrawler", "cv2", "PIL"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_longer_than_a_reader_can_hold(module: Path) -> None:
    limit = 80 if module.parent.name == "pages" else 400
    assert len(module.read_text().splitlines()) <= limit


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import curator, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert not HEAVY & set(loaded.stdout.split())


def test_the_help_of_the_command_line_loads_nothing_heavy() -> None:
    code = "import curator.cli, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert not ((HEAVY | {"scipy"}) - {"cv2", "PIL"}) & set(loaded.stdout.split())


def test_every_package_is_shipped() -> None:
    shipped = set(
        tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    )
    here = {
        ".".join(init.parent.relative_to(ROOT).parts)
        for init in ROOT.glob("curator/**/__init__.py")
    }
    assert shipped == here | {"curator.pages"}


def test_nothing_that_is_no_room_has_a_name_for_leftovers() -> None:
    banned = {"utils", "helpers", "common", "misc"}
    assert not [path for path in MODULES if path.stem in banned or path.stem.endswith("_part2")]
