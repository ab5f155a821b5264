"""Pose: known rotations are found again, and the signs are what the page says."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from curator.imaging import decode
from curator.quality import Table
from curator.quality.attributes import pose_index
from curator.quality.headpose import HeadPoseNetwork, open_network
from curator.quality.pose import angles, camera, pose_of_points, rotation
from curator.schemes import to_five
from curator.shapes import known_points, shape_distance

SIZE = (640, 480)


def project(
    scheme: str, pose: tuple[float, float, float], place: tuple[float, float, float]
) -> np.ndarray:
    """The mean face, turned against the line of sight to it, through the assumed lens.

    The lens stands over the middle of the points, wherever in the picture that is: the face is
    put there, step by step, because the middle moves with it.
    """
    over = np.array(place[:2])
    at = np.array([0, 0, place[2]])
    for _ in range(30):
        points, middle = through(camera(SIZE, over), scheme, pose, at)
        at[:2] -= (middle - over) * at[2] / max(SIZE)
    assert middle == pytest.approx(over, abs=1e-6)
    return points


def through(
    lens: np.ndarray, scheme: str, pose: tuple[float, float, float], place: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """All points of a scheme, and the middle of those that the mean face has."""
    which, model = known_points(scheme)
    direction = place / np.linalg.norm(place)
    axis = np.cross((0, 0, 1), direction)
    sine, cosine = np.linalg.norm(axis), direction[2]
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    # Rodrigues' formula, written out.
    sight = np.eye(3) + k + (k @ k) * ((1 - cosine) / sine**2 if sine > 0 else 0)
    seen = (model @ (sight @ rotation(*pose)).T + place) @ lens.T
    points = np.zeros((int(scheme), 2))
    points[list(which)] = seen[:, :2] / seen[:, 2:]
    return points, points[list(which)].mean(0)


@pytest.mark.parametrize("scheme", ["5", "68", "98", "106"])
def test_known_rotations_are_found_to_a_tenth_of_a_degree(scheme: str) -> None:
    chance = np.random.default_rng(int(scheme))
    for _ in range(60):
        pose = (chance.uniform(-75, 75), chance.uniform(-50, 50), chance.uniform(-120, 120))
        place = (chance.uniform(0, 640), chance.uniform(0, 480), chance.uniform(40, 150))
        found = pose_of_points(project(scheme, pose, place), scheme, SIZE)
        assert found is not None
        assert (found.yaw, found.pitch, found.roll) == pytest.approx(pose, abs=0.1)
        assert found.method == f"solvepnp-{scheme}/2"


@pytest.mark.parametrize(
    ("pose", "axis", "direction"),
    [
        ((30, 0, 0), (0, 0, -1), (1, 0)),  # yaw: the nose to the right
        ((0, 30, 0), (0, 0, -1), (0, -1)),  # pitch: the nose up
        ((0, 0, 30), (0, -1, 0), (1, 0)),  # roll: the top of the head to the right
    ],
)
def test_the_signs_are_those_that_are_written_down(
    pose: tuple[float, float, float], axis: tuple[int, int, int], direction: tuple[int, int]
) -> None:
    went = (rotation(*pose) @ axis)[:2] - np.array(axis[:2])
    assert went @ direction == pytest.approx(0.5, abs=1e-9)


def test_angles_undo_the_rotation() -> None:
    for pose in ((10, 20, 30), (-80, 5, -170), (0, 0, 0), (45, -60, 90)):
        assert angles(rotation(*pose)) == pytest.approx(pose)


def test_points_on_one_spot_or_line_have_no_pose() -> None:
    assert pose_of_points(np.full((5, 2), 7.0), "5", SIZE) is None
    line = np.stack([np.arange(5.0), 2 * np.arange(5.0)], axis=1)
    assert pose_of_points(line, "5", SIZE) is None


def test_a_misplaced_point_is_far_from_the_mean_shape_and_a_similar_face_is_not() -> None:
    _, model = known_points("5")
    turned = model[:, :2] @ [[0, -3], [3, 0]] + (40, 90)
    assert shape_distance(turned, "5") == pytest.approx(0, abs=1e-12)
    swapped = turned[[1, 0, 2, 3, 4]]
    assert shape_distance(swapped, "5") > 0.4


def test_networks_say_how_far_they_disagree_and_one_alone_does_not(shared_models: Path) -> None:
    first, second = sorted(shared_models.glob("onnx/headpose_fsanet_*.onnx"))
    image = np.random.default_rng(5).integers(0, 255, (90, 90, 3)).astype(np.uint8)
    box = (10.0, 5.0, 70.0, 80.0)
    alone, other, same, both = (
        HeadPoseNetwork(files)(image, box)
        for files in ([first], [second], [first, first], [first, second])
    )
    assert alone is not None and other is not None and same is not None and both is not None
    assert alone.doubt is None
    assert same.doubt == pytest.approx(0, abs=1e-4)
    between = np.subtract(
        (alone.yaw, alone.pitch, alone.roll), (other.yaw, other.pitch, other.roll)
    )
    assert both.doubt == pytest.approx(np.hypot(np.hypot(*between[:2]), between[2]), rel=1e-4)
    assert both.yaw == pytest.approx((alone.yaw + other.yaw) / 2, abs=1e-3)


def test_a_pose_is_unusual_by_its_angles_by_doubt_and_by_the_shape_of_the_box() -> None:
    raw = {
        "HeadPoseYaw": [30.0, -30.0, 30.0, np.nan, 0.0],
        "HeadPosePitch": [0.0, 0.0, 0.0, 0.0, 0.0],
        "HeadPoseRoll": [0.0, 0.0, 20.0, 0.0, 0.0],
        "PoseDoubt": [np.nan, 40.0, np.nan, 0.0, 0.0],
        "FaceWidth": [78.0, 78.0, 78.0, 78.0, 78.0 * np.e**0.5],
        "FaceHeight": [100.0] * 5,
    }
    table = Table(
        faces=np.arange(5), images=np.arange(5),
        raw={name: np.array(values) for name, values in raw.items()}, copies=np.zeros(5),
        best_copy=np.ones(5, bool), sources=np.array(["web"] * 5, object),
        queries=np.array([""] * 5, object),
    )  # fmt: skip
    expected = [15, 25, 25, np.nan, 30]
    assert pose_index(table) == pytest.approx(expected, nan_ok=True)


def test_methods_agree_on_real_faces(shared_data: object, shared_models: object) -> None:
    """68 points against five, and against the network, on 200 portraits of Helen."""
    folder = shared_data / "helen"  # type: ignore[operator]
    network = open_network(shared_models)  # type: ignore[arg-type]
    assert network is not None
    rows = list(csv.reader((folder / "points68.csv").read_text().splitlines()))[::4][:200]
    many, five, net = [], [], []
    for name, *numbers in rows:
        points = np.array(numbers[:136], float).reshape(68, 2)
        image = decode((folder / name).read_bytes())
        size_wh = (image.shape[1], image.shape[0])
        few, _ = to_five(tuple((x, y) for x, y in points.tolist()), (2,) * 68, "68")
        top, bottom = points.min(0), points.max(0)
        # A detector's box reaches to the hair; the points end at the brows.
        box = (top[0], top[1] - 0.25 * (bottom[1] - top[1]), bottom[0], bottom[1])
        for out, pose in (
            (many, pose_of_points(points, "68", size_wh)),
            (five, pose_of_points(few, "5", size_wh)),
            (net, network(image, box)),
        ):
            assert pose is not None
            out.append((pose.yaw, pose.pitch, pose.roll))
    truth = np.array(many)
    assert len(truth) == 200
    apart_five = np.abs(np.array(five) - truth).mean(axis=0)
    apart_net = np.abs(np.array(net) - truth).mean(axis=0)
    # Measured: five points 2.3, 6.6, 1.2; network 3.4, 4.3, 3.4 degrees of yaw, pitch, roll.
    assert (apart_five < (4, 9, 3)).all()
    assert (apart_net < (5, 6, 5)).all()
    assert (np.corrcoef(truth[:, 0], np.array(net)[:, 0])[0, 1]) > 0.9
