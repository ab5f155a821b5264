"""The whole loop once, with real parts: from a web page to the release after a review."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from curator.cli.demo_site import build, serving
from curator.environments import REVIEW, problem, python_of
from curator.pipeline.annotate import DetectRequest, detect
from curator.pipeline.evaluate import EvaluateRequest, evaluate
from curator.pipeline.export import export, folder_of, samples
from curator.pipeline.ingest import CollectRequest, collect
from curator.pipeline.learn import learn, request_of
from curator.pipeline.release import Selection, SplitOptions, compare, release
from curator.progress import Silent
from curator.records import Face, FaceStatus, MatchKind, Run, Task
from curator.review.process import SCRIPT, Bridge
from curator.review.pulling import pull
from curator.review.pushing import push
from curator.store import faces, images, labelling, matches
from curator.store.dataset import Dataset, create_dataset
from curator.train.recipe import RECIPES

HALF = SplitOptions(shares={"train": 0.5, "val": 0.5, "test": 0.0})
Windows = Callable[..., AbstractContextManager[Any]]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

TAG = f"""
import sys
sys.path.insert(0, {str(SCRIPT.parent)!r})
from bridge import fiftyone
fo = fiftyone()
F = fo.ViewField
dataset = fo.load_dataset(sys.argv[1])
view = dataset.filter_labels("faces", (F("eval") == "fn") & (F("subject") == sys.argv[2]))
view.tag_labels("relabel", label_fields="faces")
print(view.count("faces.detections"))
"""


@dataclass(frozen=True)
class Loop:
    """The app on a dataset of its own."""

    dataset: Dataset
    address: str


@pytest.fixture
def server(apps: Any, tmp_path: Path) -> Iterator[Loop]:
    """In place of the one that the other tests of the annotator share."""
    with create_dataset(tmp_path / "faces") as dataset, apps.running(dataset.folder) as running:
        yield Loop(dataset, f"http://127.0.0.1:{running.port}")


def test_a_mistake_comes_back_as_one_corrected_face(
    server: Loop, windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = problem(REVIEW)
    if said is not None:
        pytest.skip(said)
    dataset = server.dataset
    gather(dataset, tmp_path / "site")
    accept_all(dataset, windows)
    release(dataset, "v1", Selection(), HALF, Silent())
    out = folder_of(dataset, "v1", "yolo")
    export(dataset, "v1", "yolo", out, progress=Silent())
    assert len(list(out.rglob("labels/**/*.txt"))) == len(current(dataset))
    tiny = {"body": "thin", "sizes": ((1.0, 64),), "batch": 4, "side": 160}
    monkeypatch.setitem(RECIPES, "modern", replace(RECIPES["modern"], **tiny))
    trained = learn(dataset, request_of("retinaface", "v1", recipe="modern", epochs=1), Silent())
    asked = EvaluateRequest(release="v1", detector=f"run:{trained.folder.name}")
    run = evaluate(dataset, asked, Silent())
    with dataset.read() as connection:
        # After a few steps from nothing the model finds next to nothing.
        missed = matches.of_run(connection, run.id, kind=MatchKind.FN)[0]
    face = frozen(dataset, "v1")[missed.face_id or 0]

    push(dataset, run.name, Silent())
    tag(dataset, run, face)
    report = pull(dataset, run.name, "Ada")
    assert (report.found, report.tasks, report.strange) == (1, 1, {})
    (task,) = waiting(dataset)
    assert (task.face_id, task.reason) == (face.id, f"review:{run.name}")

    edge = correct(windows, face)
    assert waiting(dataset) == []
    release(dataset, "v2", Selection(), HALF, Silent())
    before, after = frozen(dataset, "v1"), frozen(dataset, "v2")
    assert before.keys() == after.keys()
    assert [key for key in before if before[key] != after[key]] == [face.id]
    corrected = after[face.id or 0]
    assert corrected.box == pytest.approx((edge, *face.box[1:]), abs=1)
    assert (corrected.status, corrected.version) == (FaceStatus.CORRECTED, face.version + 1)
    difference = compare(dataset, "v1", "v2")
    assert (difference.added, difference.removed, len(difference.changed)) == ((), (), 1)


def gather(dataset: Dataset, site: Path) -> None:
    """Crawl a web site on loopback, and propose faces."""
    with serving(build(site)) as address:
        hosts = (urlsplit(address).netloc,)
        asked = CollectRequest(source="web", target=address, allow_hosts=hosts)
        collect(dataset, asked, Silent())
    detect(dataset, DetectRequest(), Silent())
    assert sum(map(len, current(dataset).values())) >= 8


def accept_all(dataset: Dataset, windows: Windows) -> None:
    """In the browser, image by image."""
    count = len(current(dataset))
    with windows() as bench:
        bench.open()
        for number in range(1, count + 1):
            painted = bench.images_painted()
            bench.keys("Space")
            if number < count:
                bench.painted(since=painted)
        bench.saved()
    known = current(dataset)
    assert {face.status for each in known.values() for face in each} == {FaceStatus.ACCEPTED}


def tag(dataset: Dataset, run: Run, face: Face) -> None:
    """As a person does in FiftyOne: filter to one missed face, and tag it."""
    bridge = Bridge(dataset)
    tagging = subprocess.run(
        [str(python_of(REVIEW)), "-P", "-c", TAG, bridge.name_of(run), f"face:{face.id}"],
        capture_output=True,
        check=False,
        env=bridge.variables(),
        text=True,
    )
    assert tagging.returncode == 0, tagging.stderr
    assert tagging.stdout.split()[-1] == "1"


def correct(windows: Windows, face: Face) -> float:
    """Put its left edge elsewhere, in the browser; where, in pixels of the photo."""
    x_min, y_min, x_max, y_max = face.box
    edge = x_min + 0.2 * (x_max - x_min)
    with windows() as bench:
        bench.open(reason="review:")
        bench.page.get_by_text("this face is to be labelled again").first.wait_for()
        bench.point(edge, (y_min + y_max) / 2)
        bench.keys("a", "Space")
        bench.saved()
    return edge


def frozen(dataset: Dataset, name: str) -> dict[int, Face]:
    """The faces of a release by their numbers."""
    return {face.id or 0: face for sample in samples(dataset, name) for face in sample.faces}


def current(dataset: Dataset) -> dict[int, tuple[Face, ...]]:
    """The faces of every image."""
    with dataset.read() as connection:
        every = images.find(connection, images.ImageFilter())
        return faces.current(connection, [image.id for image in every])


def waiting(dataset: Dataset) -> list[Task]:
    """What the queue asks for."""
    with dataset.read() as connection:
        every = images.find(connection, images.ImageFilter())
        found = labelling.open_of(connection, [image.id for image in every])
    return [task for tasks in found.values() for task in tasks]
