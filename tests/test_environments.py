"""What keeps the environment of YOLO working where torchvision's compiled part cannot be loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from curator import environments
from curator.config import settings
from curator.environments import YOLO, problem, variables_of

# As torch 2.13 and torchvision 0.28 behave when the compiled operators are not there: torchvision
# describes some of them all the same, and torch knows none of them.
PACKAGES = {
    "torch/__init__.py": "from . import library, ops\ndef zeros(*shape): return shape\n",
    "torch/ops.py": "class _Space: pass\ntorchvision, other = _Space(), _Space()\nother.kept = 1\n",
    "torch/library.py": """
from . import ops
seen = []
def register_fake(operator):
    space, _, name = operator.partition("::")
    def describe(function):
        if not hasattr(getattr(ops, space), name):
            raise RuntimeError(f"operator {operator} does not exist")
        seen.append(operator)
        return function
    return describe
""",
    "torchvision/__init__.py": "from . import extension, described, ops\n",
    "torchvision/extension.py": "def _has_ops(): return {compiled}\n",
    "torchvision/described.py": """
import torch, torch.library
if {compiled}:
    torch.ops.torchvision.qnms = 1
@torch.library.register_fake("torchvision::qnms")
def meta_qnms(*_): pass
@torch.library.register_fake("other::kept")
def meta_kept(*_): pass
""",
    "torchvision/ops/__init__.py": "from . import boxes\nfrom .boxes import nms\n",
    "torchvision/ops/boxes.py": "def nms(*_): return 'compiled'\n",
    "ultralytics/__init__.py": "",
    "ultralytics/utils/__init__.py": "",
    "ultralytics/utils/nms.py": """
class TorchNMS:
    @staticmethod
    def nms(boxes, scores, iou_threshold): return f"plain {iou_threshold}"
""",
}
CODE = """
import torchvision, torch, torch.library
print(torchvision.ops.nms([], [], 0.7), torchvision.ops.boxes.nms([], [], 0.5))
print(*torch.library.seen)
try:
    torch.library.register_fake("torchvision::late")(print)
except RuntimeError as error:
    print(error)
"""
Installed = Callable[[bool], Path]


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """Lays out the packages, with or without what is compiled."""

    def lay_out(compiled: bool) -> Path:
        for name, text in PACKAGES.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("{compiled}", str(compiled)))
        return tmp_path

    return lay_out


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(folder)},
        text=True,
    )


def test_without_it_torchvision_cannot_be_imported_and_with_it_boxes_are_suppressed(
    installed: Installed,
) -> None:
    folder = installed(False)
    assert "qnms does not exist" in run(folder, CODE).stderr
    (folder / "sitecustomize.py").write_text(environments.SITECUSTOMIZE)
    told = run(folder, CODE)
    assert told.stdout.splitlines() == [
        "plain 0.7 plain 0.5",
        "other::kept",
        # Only while torchvision is imported may a description be left out.
        "operator torchvision::late does not exist",
    ], told.stderr


def test_where_the_compiled_part_is_there_it_is_used(installed: Installed) -> None:
    folder = installed(True)
    (folder / "sitecustomize.py").write_text(environments.SITECUSTOMIZE)
    told = run(folder, CODE)
    assert told.stdout.splitlines()[:2] == ["compiled compiled", "torchvision::qnms other::kept"]


def test_a_program_that_needs_no_torchvision_does_not_load_torch(installed: Installed) -> None:
    folder = installed(False)
    (folder / "sitecustomize.py").write_text(environments.SITECUSTOMIZE)
    assert run(folder, "import sys; print('torch' in sys.modules)").stdout == "False\n"


def test_an_environment_that_does_not_work_says_how_to_mend_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_ENVIRONMENTS", str(tmp_path))
    settings.cache_clear()
    said = problem(YOLO)
    assert said is not None
    assert "AGPL-3.0" in said
    assert said.endswith("curator train setup yolo")
    python = tmp_path / "yolo" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho 'ImportError: no torch' >&2\nexit 1\n")
    python.chmod(0o755)
    said = problem(YOLO)
    assert said is not None
    assert "does not work (ImportError: no torch): curator train setup yolo" in said
    settings.cache_clear()


def test_nothing_is_sent_or_installed_behind_the_back() -> None:
    told = variables_of(YOLO)
    assert (told["YOLO_OFFLINE"], told["YOLO_AUTOINSTALL"]) == ("1", "false")
    assert "PYTHONPATH" not in told
