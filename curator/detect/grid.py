"""The cells in which a network predicts: rows of stride x stride pixels, some anchors in each."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from curator.detect.letterbox import Size
from curator.errors import RunError


@lru_cache(maxsize=32)
def corners(canvas_wh: Size, stride: int, anchors: int) -> NDArray[np.float32]:
    """The top left corner of the cell of each prediction.

    Args:
        canvas_wh: The size of the network's input, pixels.
        stride: The side of a cell, pixels.
        anchors: Predictions in each cell.

    Returns:
        Shape (N, 2), canvas pixels, row by row, cell by cell, anchor by anchor; shared, so not
        to be written to.
    """
    columns, rows = (-(-side // stride) for side in canvas_wh)
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1) * stride
    result = grid.reshape(-1, 2).repeat(anchors, axis=0).astype(np.float32)
    result.flags.writeable = False
    return result


def check(predictions: int, cells: int) -> None:
    """Notice a network whose outputs are not for these cells.

    Raises:
        RunError: if the numbers differ.
    """
    if predictions != cells:
        raise RunError(
            f"these weights are of another layout: {predictions} predictions for {cells} cells"
        )
