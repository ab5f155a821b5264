"""Random crops: what the network sees of a photo, never twice the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from curator.train.cache import PhotoCache
from curator.train.crops import GREY, Window, cut, faces_in
from curator.train.recipe import Cropping, Recipe
from curator.train.targets import Faces, joined

Pixels = NDArray[np.uint8]

# Shares of a photo's shorter side that RetinaFace's crops have.
_SQUARES = (0.3, 0.45, 0.6, 0.8, 1.0)
# Enlarged further, a photo has nothing more to show.
_SCALES = (0.12, 2.0)
# Grey margins teach nothing: a photo that would fill less of a crop's side gives way to another,
_COVERED = 0.7
# as long as one is found; so small faces come from crowds rather than from shrunken portraits.
_TRIES = 5
# Sixteen portraits, each drawn small, are a crowd of faces that no crowd in the set has.
_GRIDS = (2, 4)
# A crop is as often the photo as it is as around a face of a wanted size.
_AS_IT_IS = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """RGB pixels, shape (size, size, 3), and the faces in them."""

    pixels: Pixels
    faces: Faces


class Cropper:
    """Draws crops from cached photos; the same seed draws the same crop.

    Args:
        photos: The photos.
        faces: Of the photos, in cached pixels, in the same order.
        recipe: How crops are cut.
    """

    def __init__(self, photos: PhotoCache, faces: Sequence[Faces], recipe: Recipe) -> None:
        self._photos = photos
        self._faces = faces
        self._recipe = recipe
        # A crowd has more to teach than a portrait, if not in proportion.
        weights = np.sqrt([1.0 + min(int((each.trust > 0).sum()), 15) for each in faces])
        self._chances = np.cumsum(weights / weights.sum())

    def draw(self, number: int, size: int) -> Crop:
        """The crop of this number, distorted and perhaps mirrored."""
        rng = np.random.default_rng((self._recipe.seed, number))
        if self._recipe.cropping is Cropping.SQUARE:
            crop = self._one(rng, size)
        elif rng.random() < self._recipe.mosaics:
            crop = self._mosaic(rng, size)
        else:
            crop = self._one(rng, size)
        if rng.random() < 0.5:
            crop = Crop(np.ascontiguousarray(crop.pixels[:, ::-1]), crop.faces.mirrored(size))
        return Crop(distorted(crop.pixels, rng, self._recipe.distortion), crop.faces)

    def _mosaic(self, rng: Generator, size: int) -> Crop:
        """Four or sixteen crops side by side, each of its own photo and scale."""
        side = size // int(rng.choice(_GRIDS))
        pixels = np.empty((size, size, 3), np.uint8)
        parts = []
        for x, y in product(range(0, size, side), repeat=2):
            part = self._one(rng, side)
            pixels[y : y + side, x : x + side] = part.pixels
            parts.append(part.faces.moved(1.0, (x, y)))
        return Crop(pixels, joined(parts))

    def _one(self, rng: Generator, size: int) -> Crop:
        for _ in range(_TRIES):
            index = int(np.searchsorted(self._chances, rng.random(), side="right"))
            index = min(index, len(self._faces) - 1)
            photo, faces = self._photos.photo(index), self._faces[index]
            if self._recipe.cropping is Cropping.SQUARE:
                window = square_window(photo.shape[:2], size, rng)
            else:
                window = balanced_window(photo.shape[:2], faces, size, self._recipe.face_sizes, rng)
            if window.scale * min(photo.shape[:2]) >= _COVERED * size:
                break
        return Crop(cut(photo, window), faces_in(faces, window))


def square_window(shape: tuple[int, ...], size: int, rng: Generator) -> Window:
    """A random square of the photo, as RetinaFace was trained."""
    height, width = shape
    side = min(height, width) * float(rng.choice(_SQUARES))
    x, y = rng.random() * (width - side), rng.random() * (height - side)
    return Window(x, y, size / side, size)


def balanced_window(
    shape: tuple[int, ...],
    faces: Faces,
    size: int,
    face_sizes: tuple[float, float],
    rng: Generator,
) -> Window:
    """A window at whose scale a random face has a random size, even on a logarithmic scale.

    Args:
        shape: Height and width of the photo, pixels.
        faces: In the photo.
        size: Side of the crop, pixels.
        face_sizes: Smallest and largest size to give a face, pixels.
        rng: Where chance comes from.
    """
    height, width = shape
    known = np.flatnonzero(faces.trust > 0)
    if not len(known) or rng.random() < _AS_IT_IS:
        scale = float(np.exp(rng.uniform(np.log(0.4), np.log(1.2))))
        middle = rng.random(2) * (width, height)
    else:
        chosen = int(rng.choice(known))
        low, high = face_sizes
        wanted = np.exp(rng.uniform(np.log(low), np.log(min(high, 0.9 * size))))
        scale = float(wanted / faces.sizes[chosen])
        box = faces.boxes[chosen]
        middle = (box[:2] + box[2:]) / 2
    scale = float(np.clip(scale, *_SCALES))
    side = size / scale
    # Anywhere in the window, but not cut by its edge.
    x, y = middle - side * rng.uniform(0.2, 0.8, 2)
    x, y = _kept_in(x, side, width, rng), _kept_in(y, side, height, rng)
    return Window(x, y, scale, size)


def _kept_in(start: float, side: float, length: float, rng: Generator) -> float:
    """Show as much of the photo as fits; a photo smaller than the window lies anywhere in it."""
    if side >= length:
        return float((length - side) * rng.random())
    return float(np.clip(start, 0, length - side))


def distorted(pixels: Pixels, rng: Generator, strength: float) -> Pixels:
    """Photometric distortion: light, contrast, colour; at times grey, blurred or coarse."""
    if strength <= 0:
        return pixels
    gain = rng.uniform(1 - 0.35 * strength, 1 + 0.35 * strength)
    tint = rng.uniform(1 - 0.12 * strength, 1 + 0.12 * strength, 3)
    bias = rng.uniform(-30, 30) * strength
    gamma = np.exp(rng.uniform(-0.35, 0.35) * strength)
    levels = (np.arange(256) / 255) ** gamma * 255 - GREY
    table = (levels[:, None] * gain * tint + GREY + bias).clip(0, 255).astype(np.uint8)
    pixels = np.asarray(cv2.LUT(pixels, table[None]), np.uint8)
    draw = rng.random()
    if draw < 0.12 * strength:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        pixels = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)
    elif draw < 0.6 * strength:
        grey = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        colour = rng.uniform(0.5, 1.5)
        pixels = np.asarray(cv2.addWeighted(pixels, colour, grey, 1 - colour, 0), np.uint8)
    draw = rng.random()
    if draw < 0.06 * strength:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (3, 3), 0), np.uint8)
    elif draw < 0.12 * strength:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 70))]
        coarse = cv2.imencode(".jpg", pixels, quality)[1]
        pixels = np.asarray(cv2.imdecode(coarse, cv2.IMREAD_COLOR), np.uint8)
    return pixels
