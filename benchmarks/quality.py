"""Measure quality and copies: ``python -m benchmarks.quality``.

Milliseconds a face beside decoding its photo, a threshold moved on 100,000 faces, a million
hashes, and, where the photos kept beside the project are, how proposals agree with WIDER's
annotators, how many of 500 x 9 altered photos are found, and how many frames of bursts and clips
are told apart.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from curator.duplicates import DETAIL, Found, look, search
from curator.formats import FORMATS
from curator.hamming import close_pairs
from curator.imaging import decode
from curator.progress import Silent
from curator.quality import MEASURES, Table, judge, measure_faces, open_network, parse, preset
from curator.quality.attributes import light_features, light_index, pose_index
from curator.quality.rules import column
from curator.records import CopyKind, Face, LabelledImage

SHARED = Path(__file__).resolve().parents[2] / "shared"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=at_least(100), default=100_000)
    parser.add_argument("--hashes", type=at_least(100), default=1_000_000)
    parser.add_argument("--photos", type=at_least(5), default=500)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    moved_threshold(chosen.faces)
    index(chosen.hashes)
    if not (SHARED / "data").is_dir():
        print("the photos kept beside the project are absent: no more to measure")
        return
    face_cost()
    agreement()
    altered(chosen.photos)
    bursts()


def at_least(fewest: int) -> Callable[[str], int]:
    """Reads a whole number of things that is large enough to measure something."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < fewest:
            raise argparse.ArgumentTypeError(f"at least {fewest} are needed, not {text}")
        return int(text)

    return number


def moved_threshold(count: int) -> None:
    chance = np.random.default_rng(0)
    table = Table(
        faces=np.arange(count),
        images=np.arange(count) // 2,
        raw={name: chance.gamma(2, 40, count) for name in MEASURES},
        copies=np.zeros(count),
        best_copy=np.ones(count, bool),
        sources=np.array(["web"] * count, object),
        queries=np.array([""] * count, object),
    )
    rules = parse(preset("recognition").rules)

    def redraw() -> None:
        found = judge(table, rules)
        found.counts()
        values = column("sharpness")[0](table)
        np.histogram(values, 120)
        known = np.flatnonzero(np.isfinite(values))
        np.argpartition(np.abs(values[known] - 40), 24)

    print(f"a threshold moved on {count:,} faces: {1000 * best(redraw):.0f} ms in Python")


def index(count: int) -> None:
    chance = np.random.default_rng(0)
    hashes = chance.integers(0, 2**64, count, dtype=np.uint64)
    planted = count // 100
    hashes[-planted:] = hashes[:planted] ^ np.uint64(0b10101)
    start = time.perf_counter()
    found = {
        pair
        for a, b in close_pairs(hashes, 6)
        for pair in zip(np.minimum(a, b).tolist(), np.maximum(a, b).tolist(), strict=True)
    }
    seconds = time.perf_counter() - start
    hit = sum((i, count - planted + i) in found for i in range(planted))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{count:,} hashes, all pairs within 6 bits: {seconds:.1f} s, {memory:.2f} GB at most,")
    print(f"  {hit:,} of {planted:,} planted pairs, {len(found) - hit:,} others")


def wider(step: int = 1) -> Iterator[tuple[np.ndarray, bytes, LabelledImage]]:
    folder = SHARED / "data" / "train" / "wider"
    reader = FORMATS.load("wider")
    labelled = list(reader.read(folder / "wider_face_train_bbx_gt.txt", folder))
    for item in labelled[::step]:
        data = item.path.read_bytes()
        yield decode(data), data, item


def face_cost() -> None:
    decoding, measuring, faces = 0.0, 0.0, 0
    for image, data, item in wider(12):
        decoding += best(lambda data=data: decode(data), 2)
        with_points = [_with_points(face) for face in item.faces[:5]]
        measuring += best(lambda i=image, f=with_points: measure_faces(i, f), 2)
        faces += len(with_points)
    each = 1000 * measuring / faces
    photos = len(list(range(0, 1239, 12)))
    print(f"all measures of a face: {each:.2f} ms; decoding a photo: {1000 * decoding / photos:.2f}"
          f" ms; ratio {each / (1000 * decoding / photos):.2f}")  # fmt: skip


def _with_points(face: Face) -> Face:
    from msgspec.structs import replace

    from curator.quality.aligned import five_of_box

    points = tuple((float(x), float(y)) for x, y in five_of_box(face.box))
    return replace(face, id=1, landmarks=points, visibility=(2,) * 5, scheme="5", score=0.9)


def agreement() -> None:
    """AUC of what attributes are proposed from, against WIDER's annotators."""
    from sklearn.metrics import roc_auc_score

    network = open_network(SHARED / "models")
    rows: list[dict[str, float]] = []
    truth: list[dict[str, object]] = []
    photos: list[str] = []
    events: list[str] = []
    for image, _, item in wider(2):
        shown = [face for face in item.faces if not face.attributes.get("invalid")]
        photos += [item.path.name] * len(shown)
        events += [item.path.parent.name] * len(shown)
        rows += [dict(one.values) for one in measure_faces(image, shown, network)]
        truth += [dict(face.attributes) for face in shown]
    raw = {name: np.array([row.get(name, np.nan) for row in rows]) for name in MEASURES}
    count = len(rows)
    table = Table(
        faces=np.arange(count), images=np.arange(count), raw=raw, copies=np.zeros(count),
        best_copy=np.ones(count, bool), sources=np.array([""] * count, object),
        queries=np.array([""] * count, object),
    )  # fmt: skip
    guesses = {
        "blur": (-table.values("Sharpness"), 2),
        "illumination": (light_index(table), 1),
        "pose": (pose_index(table), 1),
    }
    for name, (guess, positive) in guesses.items():
        said = np.array([attributes.get(name, -1) for attributes in truth])
        use = np.isin(said, [0, positive]) & np.isfinite(guess)
        true = said[use] == positive
        auc = roc_auc_score(true, guess[use])
        print(f"{name} 0 against {positive}: AUC {auc:.3f} on {use.sum():,} faces (boxes only)")
        if name == "illumination":
            features = light_features(table)[use]
            by_photo, by_event = (
                roc_auc_score(true, held_out(features, true, groups[use]))
                for groups in (np.array(photos), np.array(events))
            )
            print(f"  that is on the faces it was fitted to; fitted to others: {by_photo:.3f} on "
                  f"photos, {by_event:.3f} on events that were held out")  # fmt: skip


def held_out(features: np.ndarray, true: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """What the same regression says of each face when its group was not fitted to, 5 folds."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    folds = StratifiedGroupKFold(5)
    return np.asarray(
        cross_val_predict(model, features, true, groups=groups, cv=folds, method="predict_proba")
    )[:, 1]


def altered(count: int) -> None:
    """Recall and precision of copies."""
    from tests.duplicates.test_duplicates import ALTERATIONS

    files: list[Path] = []
    for name in ("helen", "train/masks", "train/grey", "train/wider", "train/unlabelled"):
        every = sorted(
            p for p in (SHARED / "data" / name).rglob("*") if p.suffix in (".jpg", ".png")
        )
        files += every[:: max(1, 5 * len(every) // count)][: count // 5]
    seen = [
        seen_closely(alter(decode(file.read_bytes())))
        for file in files
        for alter in (lambda image: image, *ALTERATIONS.values())
    ]
    step = 1 + len(ALTERATIONS)
    start = time.process_time()
    found = searched(seen)
    from curator.disjoint import DisjointSets

    sets, wrong, copies = DisjointSets(len(seen)), set(), 0
    for pair in found:
        if pair.likeness.kind is not CopyKind.COPY:
            continue
        copies += 1
        if pair.first // step != pair.second // step:
            wrong.add((pair.first // step, pair.second // step))
            continue
        sets.join(np.array([pair.first]), np.array([pair.second]))
    roots = sets.root(np.arange(len(seen)))
    together = sum(
        int((roots[place + 1 : place + step] == roots[place]).sum())
        for place in range(0, len(seen), step)
    )
    wanted = len(files) * len(ALTERATIONS)
    seconds = time.process_time() - start
    print(f"{len(files)} photos x {len(ALTERATIONS)} alterations, {copies:,} copies found "
          f"in {seconds:.0f} s of one core: recall "
          f"{together / wanted:.4f}, precision {1 - len(wrong) / max(copies, 1):.4f}; "
          f"linked to another: {[(files[a].name, files[b].name) for a, b in wrong]}")  # fmt: skip


def bursts() -> None:
    """How many pairs that are no copies are told apart: bursts, and frames of clips."""
    files = sorted((SHARED / "data/train/grey").glob("*.jpg"))
    found = [
        pair.likeness.kind
        for pair in searched([seen_closely(decode(file.read_bytes())) for file in files])
    ]
    apart = found.count(CopyKind.SIMILAR)
    print(f"bursts of {len(files)} close-ups: {apart} of {len(found)} pairs told apart")
    clips = [clip_frames(file) for file in sorted((SHARED / "data/videos").glob("*.m*"))]
    for gap in (1, 3, 6, 15):
        kinds = [
            next((pair.likeness.kind for pair in searched([clip[i], clip[i + gap]])), None)
            for clip in clips
            for i in range(0, len(clip) - gap, 5)
        ]
        print(f"frames {gap / 30:.2f} s apart: {len(kinds) - kinds.count(CopyKind.COPY)} of "
              f"{len(kinds)} pairs told apart")  # fmt: skip


Seen = tuple[np.ndarray, np.ndarray, np.ndarray]


def clip_frames(file: Path) -> list[Seen]:
    clip, frames = cv2.VideoCapture(str(file)), []
    while (read := clip.read())[0]:
        frames.append(seen_closely(np.asarray(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB))))
    clip.release()
    return frames


def seen_closely(pixels: np.ndarray) -> Seen:
    """Hashes, thumbnail, and the grey picture for a closer look."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    factor = DETAIL / min(grey.shape)
    if factor < 1:
        grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return *look(pixels), np.asarray(grey, np.uint8)


def searched(seen: Sequence[Seen]) -> Iterator[Found]:
    hashes, thumbnails = np.array([h for h, _, _ in seen]), np.array([t for _, t, _ in seen])
    return search(hashes, thumbnails, Silent(), picture=lambda index: seen[index][2])


def best(step: Callable[[], object], times: int = 5) -> float:
    """The shortest of several runs, seconds of one core: others may use the machine meanwhile."""
    found = []
    for _ in range(times):
        start = time.process_time()
        step()
        found.append(time.process_time() - start)
    return min(found)


if __name__ == "__main__":
    main()
