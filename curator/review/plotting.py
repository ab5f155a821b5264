"""Plot: faces laid out by how they look, for the embeddings panel of FiftyOne."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curator.duplicates.appearance import METHOD, SIDE
from curator.errors import RunError
from curator.progress import Progress
from curator.records import Run
from curator.review.process import Bridge
from curator.store import pairs
from curator.store.dataset import Dataset

# Pixels of a thumbnail that become one number, each way: enough to tell faces by, a quarter of
# the memory.
_POOLED = 2
_FEWEST = 3


def plot(dataset: Dataset, run: Run, progress: Progress) -> str:
    """Lay out the faces of a run that was pushed; by principal components, for FiftyOne Brain.

    The vectors are the grey thumbnails that ``curator duplicates`` keeps of faces with points.

    Returns:
        What came of it, in a sentence; without a plot nothing else is amiss.

    Raises:
        MissingExtra: if FiftyOne is not installed.
    """
    subjects, vectors = _vectors(dataset)
    if len(subjects) < _FEWEST:
        return "no plot of faces: it takes looks of faces with points; first: curator duplicates"
    bridge = Bridge(dataset)
    file = bridge.folder / f"plot-{run.id}.npz"
    progress.begin("laying out the faces", None)
    try:
        np.savez(file, subjects=np.array(subjects), vectors=vectors)
        count = bridge.plot(run, file)
    except RunError as error:
        return f"no plot of faces: {error}"
    finally:
        file.unlink(missing_ok=True)
    return f"the embeddings panel shows {count} faces by how they look"


def _vectors(dataset: Dataset) -> tuple[list[str], NDArray[np.float32]]:
    """What faces are called in a review, and a vector each, shape (N, D).

    Of mean 0 and length 1, for light and contrast tell nothing about a face.
    """
    with dataset.read() as connection:
        looks = [
            (f"face:{look.face_id}", look.thumbnail)
            for look in pairs.looks(connection, METHOD, faces=True)
        ]
    pixels = np.frombuffer(b"".join(data for _, data in looks), np.uint8)
    small = SIDE // _POOLED
    pooled = pixels.reshape(len(looks), small, _POOLED, small, _POOLED).mean((2, 4), np.float32)
    vectors = pooled.reshape(len(looks), small * small)
    vectors -= vectors.mean(1, keepdims=True)
    # A face of one colour has no length.
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return [subject for subject, _ in looks], vectors
