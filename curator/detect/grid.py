"""The cells in which a network predicts: rows of stride x stride pixels, some anchors in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.detect.letterbox import Size


@dataclass(frozen=True, slots=True)
class Grid:
    """One level of a feature pyramid over one canvas.

    Predictions are numbered row by row, cell by cell, anchor by anchor.

    Attributes:
        stride: The side of a cell, canvas pixels.
        anchors: Predictions in each cell.
        columns: Cells in a row.
        rows: Rows of cells.
    """

    stride: int
    anchors: int
    columns: int
    rows: int

    @classmethod
    def over(cls, canvas_wh: Size, stride: int, anchors: int) -> Grid:
        """The grid that covers the canvas."""
        return cls(stride, anchors, -(-canvas_wh[0] // stride), -(-canvas_wh[1] // stride))

    def __len__(self) -> int:
        return self.columns * self.rows * self.anchors

    def corners(self, index: NDArray[np.intp]) -> NDArray[np.float32]:
        """Top left corners, shape (N, 2), canvas pixels, of the cells of these predictions."""
        row, column = np.divmod(index // self.anchors, self.columns)
        return np.stack([column, row], axis=1).astype(np.float32) * np.float32(self.stride)

    def anchor(self, index: NDArray[np.intp]) -> NDArray[np.intp]:
        """Which anchor of its cell each prediction belongs to."""
        return index % self.anchors
