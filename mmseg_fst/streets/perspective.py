"""Perspective of the street scenes: from faces in meters to pixels."""
from dataclasses import dataclass
from typing import List, NamedTuple, Tuple, TypeVar

import cv2
import numpy as np

from .shapes import Face

# Scenes are rasterized at this multiple of the final size.
OVERSAMPLING = 2

Depth = TypeVar('Depth', float, np.ndarray)


@dataclass(frozen=True)
class Camera:
    """A level pinhole camera above (0, 0, 0), in oversampled pixels.

    Attributes:
        width (int): Number of columns of the raster.
        rows (int): Number of rows of the raster.
        focal (float): Focal length.
        horizon (float): Row of the horizon.
        height (float): Height above the road in meters.
    """
    width: int
    rows: int
    focal: float
    horizon: float
    height: float

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project points of the world to the raster.

        Args:
            points (np.ndarray): Float array (N, 3) in meters.

        Returns:
            np.ndarray: Columns and rows, float array (N, 2).
        """
        scale = self.focal / np.maximum(points[:, 2], .5)
        return np.stack([self.width / 2 + points[:, 0] * scale, self.horizon
                         - (points[:, 1] - self.height) * scale], axis=1)


@dataclass(frozen=True)
class Road:
    """The course of a street over the ground, in meters.

    Attributes:
        offset (float): Middle of the road at the camera, to the right.
        heading (float): Its slope to the right.
        bend (float): Its quadratic bend to the right.
        lane (float): Width of the lane of either direction.
        half (float): Half of the road's width, with parking.
        walks (tuple[float, float]): Widths of the left and right sidewalks.
    """
    offset: float
    heading: float
    bend: float
    lane: float
    half: float
    walks: Tuple[float, float]

    def middle(self, depth: Depth) -> Depth:
        """Find the road's middle.

        Args:
            depth (float | np.ndarray): Depths in meters, of any shape.

        Returns:
            float | np.ndarray: X in meters, of the same shape.
        """
        return self.offset + self.heading * depth + self.bend * depth ** 2

    def at(self, lateral: float, depth: float,
           height: float = 0.0) -> np.ndarray:
        """Find a point relative to the road's middle.

        Args:
            lateral (float): Distance to the right of the middle in meters.
            depth (float): Depth in meters.
            height (float): Height above the road in meters.

        Returns:
            np.ndarray: The point (x, y, z), float array (3,).
        """
        return np.array([self.middle(depth) + lateral, height, depth])

    def front(self, side: int) -> float:
        """Find the building line.

        Args:
            side (int): Side of the road, -1 or 1.

        Returns:
            float: Its distance from the road's middle in meters, positive.
        """
        return self.half + self.walks[(side + 1) // 2]

    def yaw(self, depth: float) -> float:
        """Find the road's heading.

        Args:
            depth (float): Depth in meters.

        Returns:
            float: Angle to the right of straight ahead, in radians.
        """
        return float(np.arctan(self.heading + 2 * self.bend * depth))


@dataclass(frozen=True)
class Scene:
    """A street scene.

    Attributes:
        camera (Camera): The camera.
        road (Road): The course of the road.
        faces (list[Face]): Faces from far to near; the first one is the sky.
        casters (list[np.ndarray]): Point sets (N, 3) whose hulls cast shadows
            on the ground.
        rooflines (np.ndarray): Heights of the building lines in meters, float
            array (2, 141): left and right, one value per meter of depth.
    """
    camera: Camera
    road: Road
    faces: List[Face]
    casters: List[np.ndarray]
    rooflines: np.ndarray


class Raster(NamedTuple):
    """A scene as pixels.

    Attributes:
        face (np.ndarray): Index of the visible face, uint16 array (2H, 2W).
        label (np.ndarray): Class index or 255, uint8 array (H, W).
    """
    face: np.ndarray
    label: np.ndarray


def rasterize(scene: Scene) -> Raster:
    """Rasterize the faces of a scene from far to near.

    Args:
        scene (Scene): The scene.

    Returns:
        Raster: The visible face of each pixel, and the label map.
    """
    camera = scene.camera
    visible = np.zeros((camera.rows, camera.width), np.uint16)
    labeled = visible.copy()
    spots = camera.project(np.concatenate([f.points for f in scene.faces]))
    # Four fractional bits; far-off corners must still fit 32 bits.
    spots = np.round(np.clip(spots, -1e5, 1e5) * 16).astype(np.int32)
    ends = np.cumsum([len(face.points) for face in scene.faces])
    outlines = np.split(spots, ends[:-1])
    # The sky, face 0, remains where no other face is drawn.
    for index, (face, outline) in enumerate(zip(scene.faces, outlines)):
        if index == 0:
            continue
        cv2.fillPoly(labeled, [outline], index, cv2.LINE_8, 4)
        if face.drawn:
            cv2.fillPoly(visible, [outline], index, cv2.LINE_8, 4)
    labels = np.array([face.label for face in scene.faces], np.uint8)
    step = slice(None, None, OVERSAMPLING)
    return Raster(visible, labels[labeled[step, step]])


def trace(scene: Scene, raster: Raster) -> Tuple[np.ndarray, np.ndarray]:
    """Compute the position in the world of each pixel of the raster.

    Args:
        scene (Scene): The scene.
        raster (Raster): Its pixels, of size (2H, 2W).

    Returns:
        tuple[np.ndarray, np.ndarray]: Positions (x, y, z) in meters, float32
        array (3, 2H, 2W), and the faces' unit normals towards the camera,
        float32 array (faces, 3).
    """
    camera, faces = scene.camera, scene.faces
    normals = _normals(faces)
    starts = np.stack([face.points[0] for face in faces])
    towards = starts - [0, camera.height, 0]
    offsets = (normals * towards).sum(axis=1)
    normals *= -np.sign(offsets)[:, None]
    offsets = -np.abs(offsets)
    rays = [(np.arange(camera.width) + .5 - camera.width / 2)[None],
            (camera.horizon - np.arange(camera.rows) - .5)[:, None]]
    right, up = (ray.astype(np.float32) / camera.focal for ray in rays)
    across, rise, ahead, offset = (
        column.astype(np.float32)[raster.face]
        for column in (*normals.T, offsets))
    depth = offset / np.minimum(across * right + rise * up + ahead, -1e-4)
    depth = np.clip(depth, .5, 200)
    position = np.stack([depth * right, depth * up + camera.height, depth])
    return position, normals.astype(np.float32)


def _normals(faces: List[Face]) -> np.ndarray:
    """Unit normals of convex or concave polygons (Newell's method)."""
    counts = np.array([len(face.points) for face in faces])
    starts = np.cumsum(counts) - counts
    points = np.concatenate([face.points for face in faces])
    successor = np.arange(1, len(points) + 1)
    successor[starts + counts - 1] = starts
    after = points[successor]
    # Component k is the sum of (p - q) along k + 1 times (p + q) along k + 2.
    terms = np.roll(points - after, -1, axis=1) \
        * np.roll(points + after, -2, axis=1)
    normals = np.add.reduceat(terms, starts, axis=0)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.maximum(lengths, 1e-9)
