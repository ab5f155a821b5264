"""What a review promises: shown whole, taken over once, and nothing strange gets in."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image as Pillow

from curator.config import settings
from curator.environments import REVIEW, problem, python_of
from curator.errors import MissingExtra
from curator.evaluate.predictions import text
from curator.pipeline.duplicates import DuplicatesRequest, find_duplicates
from curator.pipeline.evaluate import EvaluateRequest, evaluate
from curator.pipeline.labels import ImportOptions, import_labels
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Face, FaceStatus, MatchKind, Measures, Run
from curator.review import process
from curator.review.plotting import plot
from curator.review.process import SCRIPT, Bridge
from curator.review.pulling import PullReport, pull, take
from curator.review.pushing import push, subject_of, write
from curator.store import faces, labelling, matches, measures, verdicts
from curator.store.dataset import Dataset, create_dataset

# FiftyOne takes ten seconds to start on a busy machine, and is started often.
pytestmark = pytest.mark.timeout(900)

PLAINLY = Path(__file__).parents[1] / "benchmarks" / "review_plainly.py"
FIVE = ((20.0, 25.0), (40.0, 25.0), (30.0, 35.0), (22.0, 50.0), (38.0, 50.0))
LEFT, RIGHT = (10, 10, 40, 50), (90, 20, 30, 40)


@contextmanager
def released(folder: Path) -> Iterator[Dataset]:
    """Four photos with two faces each, all in the split val."""
    lines = []
    for number in range(4):
        photo = folder / "photos" / f"{number}.jpg"
        photo.parent.mkdir(exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 255, (120, 160, 3), np.uint8)
        Pillow.fromarray(noise).save(photo)
        lines += [f"{number}.jpg", "2"]
        lines += [f"{x} {y} {w} {h} 2 0 0 0 1 0" for x, y, w, h in (LEFT, RIGHT)]
    truth = folder / "gt.txt"
    truth.write_text("\n".join(lines) + "\n")
    options = ImportOptions()
    with create_dataset(folder / "faces") as made:
        import_labels(made, "wider", truth, folder / "photos", options=options, progress=Silent())
        shares = SplitOptions(shares={"train": 0.0, "val": 1.0, "test": 0.0})
        release(made, "v1", Selection(), shares, Silent())
        yield made


def judge(dataset: Dataset) -> Run:
    """The left face of each photo found, and something that is none."""
    x, y, w, h = LEFT
    boxes = np.array([(x, y, x + w, y + h), (100, 80, 140, 110)], float)
    for number in range(4):
        file = dataset.folder.parent / "said" / f"{number}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text(str(number), boxes, np.array([0.9, 0.4])))
    request = EvaluateRequest(release="v1", predictions=file.parent, confidence=0.1)
    return evaluate(dataset, request, Silent())


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    with released(tmp_path) as made:
        yield made


@pytest.fixture
def run(dataset: Dataset) -> Run:
    return judge(dataset)


Faces = dict[int, tuple[Face, ...]]
Current = Callable[[], Faces]


def faces_of(dataset: Dataset, run: Run) -> Faces:
    """The faces that count, by image."""
    with dataset.read() as connection:
        ids = {one.image_id for one in matches.of_run(connection, run.id)}
        return faces.current(connection, ids)


@pytest.fixture
def current(dataset: Dataset, run: Run) -> Current:
    return lambda: faces_of(dataset, run)


def waiting(dataset: Dataset, image_id: int) -> list[tuple[int | None, str, str]]:
    with dataset.read() as connection:
        tasks = labelling.open_of(connection, [image_id]).get(image_id, [])
    told = [(task.face_id, task.reason, task.detail) for task in tasks]
    return sorted(told, key=lambda each: each[0] or 0)


def done(report: PullReport) -> tuple[int, int, int, int]:
    return report.found, report.settled, report.tasks, report.edits


def test_each_tag_becomes_a_task_or_an_edit_once(
    dataset: Dataset, run: Run, current: Current
) -> None:
    first, second = sorted(current())[:2]
    left, right = current()[first]
    with dataset.read() as connection:
        wrong = matches.of_run(connection, run.id, kind=MatchKind.FP)
    found = subject_of(next(one for one in wrong if one.image_id == second))
    answer = [
        {
            "image": first,
            "tags": ["val", "nonsense"],
            "labels": [
                {"subject": f"face:{left.id}", "tags": ["drop"]},
                {"subject": f"face:{right.id}", "tags": ["wrong-person"]},
            ],
        },
        {"image": second, "tags": ["relabel"], "labels": [{"subject": found, "tags": ["drop"]}]},
    ]
    report = take(dataset, run, answer, "Ada")
    # The image and the detection of the second photo are one thing to look at.
    assert (*done(report), report.verdicts) == (4, 0, 2, 0, 1)
    reason = f"review:{run.name}"
    assert waiting(dataset, first) == [(right.id, reason, "review: this face is the wrong person")]
    assert [(face, why) for face, why, _ in waiting(dataset, second)] == [(None, reason)]
    with dataset.read() as connection:
        (verdict,) = verdicts.every(connection)
    assert (verdict.image_id, verdict.face_id, verdict.decision) == (first, left.id, "drop")
    assert (verdict.user, verdict.reasons) == ("Ada", (reason,))
    # Pulled again, and after the tasks are done, nothing comes back.
    assert done(take(dataset, run, answer, "Ada")) == (4, 4, 0, 0)
    with dataset.write() as connection:
        open_ = labelling.open_of(connection, [first, second])
        labelling.close(connection, [t.id for tasks in open_.values() for t in tasks], "Ada")
    assert done(take(dataset, run, answer, "Ada")) == (4, 4, 0, 0)
    assert waiting(dataset, first) == []
    # Taken away and set again, a tag is a new wish.
    take(dataset, run, [], "Ada")
    again = [{"image": second, "tags": ["relabel"], "labels": []}]
    assert done(take(dataset, run, again, "Ada")) == (1, 0, 1, 0)


def test_ignored_faces_are_marked_invalid_as_an_edit(
    dataset: Dataset, run: Run, current: Current
) -> None:
    image = min(current())
    face = current()[image][0]
    label = {"subject": f"face:{face.id}", "tags": ["ignore"]}
    take(dataset, run, [{"image": image, "tags": [], "labels": [label]}], "Ada")
    marked = current()[image][0]
    assert marked.attributes["invalid"] == 1
    assert marked.attributes["blur"] == 2
    assert (marked.status, marked.version) == (FaceStatus.CORRECTED, face.version + 1)


@pytest.mark.parametrize(
    "answer",
    [
        [None, 7, [], {"image": "1"}, {"image": True, "tags": ["drop"], "labels": []}],
        [{"image": 10**9, "tags": ["drop"], "labels": []}],
        [{"image": 1, "tags": 3, "labels": []}],
        [{"image": 1, "tags": [], "labels": [{"subject": "face:999", "tags": ["drop"]}]}],
        [{"image": 1, "tags": [], "labels": [{"subject": "face:x' OR 1=1", "tags": ["drop"]}]}],
        [{"image": 1, "tags": [], "labels": [{"subject": {"a": 1}, "tags": [["drop"]]}]}],
    ],
)
def test_a_fiftyone_that_was_tampered_with_does_no_harm(
    dataset: Dataset, run: Run, current: Current, answer: list[object]
) -> None:
    before = current()
    report = take(dataset, run, answer, "Ada")
    assert (report.tasks, report.edits) == (0, 0)
    assert report.strange
    assert current() == before


def test_without_fiftyone_the_sentence_tells_how_to_install_it(
    dataset: Dataset, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_ENVIRONMENTS", str(tmp_path / "none"))
    settings.cache_clear()
    with pytest.raises(MissingExtra, match="curator review setup"):
        push(dataset, run.name, Silent())
    said = problem(REVIEW)
    assert said is not None
    assert "curator review setup" in said
    settings.cache_clear()


STUBBORN = """#!{python}
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: {answer})
print("serving", flush=True)
while True:
    time.sleep(0.1)
"""


@pytest.mark.parametrize(
    ("answer", "patience", "ended"),
    [("(time.sleep(1), sys.exit(0))", 60.0, 0), ("None", 0.1, -signal.SIGKILL)],
)
def test_a_fiftyone_that_is_cancelled_is_over_before_its_job_is(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str,
    patience: float, ended: int,
) -> None:  # fmt: skip
    python = tmp_path / "environments" / "review" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STUBBORN.format(python=sys.executable, answer=answer))
    python.chmod(0o755)
    monkeypatch.setenv("CURATOR_ENVIRONMENTS", str(tmp_path / "environments"))
    monkeypatch.setattr(process, "END_SECONDS", patience)
    settings.cache_clear()
    with pytest.raises(KeyboardInterrupt), Bridge(dataset).started("open") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "serving\n"
        # As the worker's handler of signals does.
        raise KeyboardInterrupt
    assert running.returncode == ended
    settings.cache_clear()


def ask(dataset: Dataset, run: Run, script: str) -> str:
    """What FiftyOne says, in its own environment, about the dataset of the run."""
    bridge = Bridge(dataset)
    told = subprocess.run(
        [str(python_of(REVIEW)), "-P", "-c", OPEN + script, bridge.name_of(run)],
        capture_output=True,
        check=False,
        env=bridge.variables(),
        text=True,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def fiftyone() -> None:
    said = problem(REVIEW)
    if said is not None:
        pytest.skip(said)


@pytest.fixture
def asked(dataset: Dataset, run: Run, fiftyone: None) -> Callable[[str], str]:
    return lambda script: ask(dataset, run, script)


OPEN = f"""
import json, sys
sys.path.insert(0, {str(SCRIPT.parent)!r})
from bridge import fiftyone
fo = fiftyone()
F = fo.ViewField
dataset = fo.load_dataset(sys.argv[1])
"""
COMPARE = """
def told(name):
    dataset = fo.load_dataset(name)
    apart = ("id", "_id", "_rand", "_dataset_id", "created_at", "last_modified_at")
    def plain(value):
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in apart}
        return [plain(v) for v in value] if isinstance(value, list) else value
    fields = dataset.get_field_schema(flat=True).items()
    schema = {path: type(field).__name__ for path, field in fields}
    samples = [plain(sample.to_dict(include_private=True)) for sample in dataset]
    return json.dumps([dataset.media_type, schema, samples], sort_keys=True)
ours, plainly = told(sys.argv[1]), told("plainly")
assert ours == plainly, (ours, plainly)
print(len(ours))
"""


def test_what_is_pushed_is_what_the_plain_api_makes(
    dataset: Dataset, run: Run, current: Current, asked: Callable[[str], str], tmp_path: Path
) -> None:
    # Points, one of them not there, a name, and attributes that mean something to FiftyOne.
    left = current()[min(current())][0]
    with dataset.write() as connection:
        labelled = replace(
            left,
            landmarks=FIVE,
            visibility=(2, 2, 1, 2, 0),
            scheme="5",
            identity="Ada",
            attributes={"blur": 1, "mask": 1, "seen.by": 2.5, "note": "x"},
        )
        faces.put(connection, labelled)
        (now,) = faces.current(connection, [left.image_id])[left.image_id][:1]
        numbers = {"Sharpness": 71.5, "inter eye": 20.0}
        about = {"version": now.version, "suite": "1", "values": numbers, "methods": {}}
        measures.put(connection, measures.FACE, [Measures(face_id=now.id, **about)])
    file = tmp_path / "told.jsonl"
    write(dataset, run, "plainly", file)
    told = json.loads(file.read_text().splitlines()[1])["faces"]
    assert told[0]["measured"] == {"measured_Sharpness": 71.5, "measured_inter_eye": 20.0}
    plainly = subprocess.run(
        [str(python_of(REVIEW)), str(PLAINLY), str(file), "plainly"],
        capture_output=True,
        check=False,
        env=Bridge(dataset).variables(),
        text=True,
    )
    assert plainly.returncode == 0, plainly.stderr
    push(dataset, run.name, Silent())
    assert int(asked(COMPARE)) > 4 * 1000


STATE = """
def shown(sample):
    face = sample.faces.detections[0]
    return {
        "id": sample.id, "face": face.id, "at": str(sample.last_modified_at), "tags": face.tags,
        "remarks": [sample.remark, face.get_attribute_value("remark", None)]
            if sample.has_field("remark") else [],
        "corrected": sample.corrected, "blur": face.get_attribute_value("blur", None),
        "box": sample.found.detections[0].bounding_box, "label": face.label,
    }
views = {name: len(dataset.load_saved_view(name)) for name in dataset.list_saved_views()}
said = {"samples": [shown(sample) for sample in dataset.sort_by("image")], "views": views}
said["active"] = dataset.app_config.active_fields.paths
"""
# A person tags, and puts beside what is ours what is their own.
OWN = """
first, second, third = dataset.sort_by("image").limit(3)
missed = next(d for d in first.faces.detections if d["eval"] == "fn")
said["missed"] = missed["subject"]
missed.tags.append("relabel")
first.tags.append("wrong-person")
first.save()
dataset.add_sample_field("remark", fo.StringField)
dataset.add_sample_field("faces.detections.remark", fo.StringField)
first.reload()
first.remark = "mine"
first.faces.detections[0]["remark"] = "mine too"
first.faces.detections[0].tags.append("drop")
first.save()
second.found.detections[0].bounding_box = [0, 0, 1, 1]
second.save()
dataset.delete_samples([third.id])
dataset.add_sample(fo.Sample(filepath="/nowhere.jpg", image=10**6))
dataset.save_view("mine", dataset.limit(1))
dataset.app_config.active_fields.paths = ["found"]
dataset.save()
"""
# Somebody tampers with it, on the last photo.
OTHER = """
dataset.delete_sample_field("found.detections.mistake")
dataset.add_sample_field("found.detections.mistake", fo.FloatField)
sample = dataset.sort_by("image").last()
sample.tags.append("relabel")
sample.save()
dataset._sample_collection.update_one(
    {"_id": sample._id}, {"$set": {"found": 7, "faces.detections": "none", "face_points": []}}
)
"""
PLOTTED = """
shown = dataset.load_brain_results("looks_of_faces")
said["plots"] = [dataset.list_brain_runs(), shown.points.shape]
"""
SAY = "print(json.dumps(said))"


@dataclass
class Story:
    """What was seen on the way of one run, in its order."""

    count: int
    made: dict[str, Any]
    missed: list[int | None]
    first: PullReport
    second: PullReport
    again: dict[str, Any]
    third: PullReport
    plots: list[str]
    anew: dict[str, Any]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, fiftyone: None) -> Iterator[Story]:
    """Pushed, tagged, pulled, pushed, tampered with, pushed, plotted: FiftyOne is slow to start."""
    with released(tmp_path_factory.mktemp("reviewed")) as dataset:
        run = judge(dataset)
        photo = min(faces_of(dataset, run))
        _, count = push(dataset, run.name, Silent())
        made = json.loads(ask(dataset, run, STATE + OWN + SAY))
        first = pull(dataset, run.name, "Ada")
        missed = [face for face, _, _ in waiting(dataset, photo) if face]
        with dataset.write() as connection:
            left = faces_of(dataset, run)[photo][0]
            faces.put(connection, replace(left, identity="Ada", attributes={}, version=2))
        push(dataset, run.name, Silent())
        second = pull(dataset, run.name, "Ada")
        again = json.loads(ask(dataset, run, STATE + OTHER + SAY))
        push(dataset, run.name, Silent())
        third = pull(dataset, run.name, "Ada")
        plots = [plot(dataset, run, Silent())]
        pointed = {"landmarks": FIVE, "visibility": (2,) * 5, "scheme": "5"}
        with dataset.write() as connection:
            for face in (face for each in faces_of(dataset, run).values() for face in each):
                faces.put(connection, replace(face, **pointed))
        find_duplicates(dataset, DuplicatesRequest(), Silent())
        plots += [plot(dataset, run, Silent()) for _ in range(2)]
        anew = json.loads(ask(dataset, run, STATE + PLOTTED + SAY))
        yield Story(count, made, missed, first, second, again, third, plots, anew)


def test_a_run_is_pushed_tagged_pulled_and_pushed_again(story: Story) -> None:
    assert story.count == len(story.made["samples"]) == 4
    views = story.made["views"]
    assert (views["worst false positives"], views["low quality accepted"]) == (4, 4)
    assert (*done(story.first), story.first.verdicts) == (3, 0, 2, 0, 1)
    assert int(story.made["missed"].removeprefix("face:")) in story.missed
    # Pushed again with what has changed here, the tags of people stand in it still.
    assert done(story.second) == (3, 3, 0, 0)


def test_a_second_push_writes_what_changed_and_nothing_else(story: Story) -> None:
    made = story.made["samples"]
    first, second, third, fourth = story.again["samples"]
    assert "mine" in story.again["views"]
    # Not the points, which hide small faces; and what a person would rather see stays.
    assert (story.made["active"], story.again["active"]) == (["faces", "found"], ["found"])
    # Corrected here, and what a person has put beside it there stays, as does who is who.
    assert (first["corrected"], first["label"], first["blur"]) == (True, "Ada", None)
    assert (first["tags"], first["remarks"]) == (["drop"], ["mine", "mine too"])
    assert [first[name] for name in ("id", "face")] == [made[0][name] for name in ("id", "face")]
    # Moved there, deleted there: as it is here.
    assert second["box"] == made[1]["box"]
    assert third["box"] == made[2]["box"]
    # Untouched in both places.
    assert fourth["at"] == made[3]["at"]
    assert first["at"] > made[0]["at"]


def test_a_dataset_that_was_tampered_with_is_made_anew_with_its_tags(story: Story) -> None:
    boxes = [[one["box"] for one in state["samples"]] for state in (story.made, story.anew)]
    assert boxes[0] == boxes[1]
    assert done(story.third) == (4, 3, 1, 0)


def test_faces_are_laid_out_by_how_they_look_once_that_is_known(story: Story) -> None:
    before, *after = story.plots
    assert "curator duplicates" in before
    assert after == ["the embeddings panel shows 8 faces by how they look"] * 2
    assert story.anew["plots"] == [["looks_of_faces"], [8, 2]]


HOLD = """
print(fo.list_datasets(), flush=True)
sys.stdin.read()
"""


def test_a_fiftyone_that_runs_elsewhere_is_not_joined(
    dataset: Dataset,
    run: Run,
    asked: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Somebody's own, started as its documentation says, with a database in another folder.
    variables = Bridge(dataset).variables() | {"FIFTYONE_DATABASE_DIR": str(tmp_path / "theirs")}
    holding = f"import sys, fiftyone as fo\nfo.Dataset('theirs')\n{HOLD}"
    with subprocess.Popen(
        [str(python_of(REVIEW)), "-c", holding],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as theirs:
        assert theirs.stdout is not None
        assert any("'theirs'" in line for line in iter(theirs.stdout.readline, ""))
        monkeypatch.setenv("FIFTYONE_DATABASE_URI", "mongodb://127.0.0.1:9")
        push(dataset, run.name, Silent())
        assert asked("print(fo.list_datasets())") == f"['{Bridge(dataset).name_of(run)}']"
        theirs.communicate("")


def test_the_bridge_imports_nothing_of_ours() -> None:
    source = SCRIPT.read_text()
    assert "import curator" not in source
    assert "from curator" not in source
