"""A pinhole camera in front of a shape: which point of the picture each pixel shows.

Rays are traced through the height field, so that a nose hides what is behind it. Every third pixel
is traced, the others are interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ml.lab.liveness.simulation.surfaces import STEP_MM, Surface

COARSE = 3


@dataclass(frozen=True)
class Camera:
    """Size of the picture, in multiples of `COARSE`, and focal length; in pixels."""

    width: int = 324
    height: int = 243
    focal: float = 267.0


@dataclass(frozen=True)
class Place:
    """Pose and position of a shape, in degrees and millimetres.

    Attributes:
        yaw: positive towards the picture's right.
        pitch: positive upwards.
        roll: positive clockwise.
        x, y: position of the origin, right of the optical axis and below it.
        distance: distance from the camera to the plane at rest.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    x: float = 0.0
    y: float = -35.0
    distance: float = 450.0


@dataclass(frozen=True)
class View:
    """Visible point of each pixel: float32 (height, width) each.

    Attributes:
        across, along: position in the flat picture, in mm.
        opacity: 0 to 1.
    """

    across: np.ndarray
    along: np.ndarray
    opacity: np.ndarray


def rotation(place: Place) -> np.ndarray:
    """Return the rotation (3, 3) from the shape's frame to the camera's."""
    yaw, pitch, roll = np.radians([place.yaw, place.pitch, place.roll])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    about_z = np.array(
        [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    )
    matrix: np.ndarray = about_z @ about_x @ about_y
    return matrix


def project(
    camera: Camera, place: Place, points: np.ndarray, turns_about: tuple[float, float, float]
) -> np.ndarray:
    """Project points (n, 3) in the shape's frame, in mm, to pixels (n, 2)."""
    pivot = np.array(turns_about)
    turned = (points - pivot) @ rotation(place).T + pivot + np.array([place.x, place.y, 0.0])
    depth = place.distance - turned[:, 2]
    middle = np.array([(camera.width - 1) / 2, (camera.height - 1) / 2])
    pixels: np.ndarray = turned[:, :2] * camera.focal / depth[:, None] + middle
    return pixels


def look(camera: Camera, place: Place, surface: Surface, steps: int) -> View:
    """Trace a shape with `steps` along each ray: 2 for a flat one, about 12 for a head."""
    window = _window(camera, place, surface)
    origin, direction = _rays(camera, place, surface, window)
    top, bottom = float(surface.height.max()) + 1.0, float(surface.height.min()) - 1.0
    levels = np.linspace(top, bottom, steps + 1)
    # Rays that run along the plane or away from it see nothing.
    usable = direction[..., 2] < -1e-3
    slope = np.where(usable, direction[..., 2], -1.0)
    reach = _crossing(surface, origin, direction, slope, levels)
    cells = _cells(surface, origin, direction, reach)
    found = [
        cv2.remap(grid, *cells, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for grid in (surface.across, surface.along)
    ]
    opacity = cv2.remap(surface.opacity, *cells, cv2.INTER_LINEAR, borderValue=0)
    opacity = np.where(usable, opacity, 0).astype(np.float32)
    rows, columns = (slice(each.start * COARSE, each.stop * COARSE) for each in window)
    view = View(*(np.zeros((camera.height, camera.width), np.float32) for _ in range(3)))
    size = columns.stop - columns.start, rows.stop - rows.start
    for whole, part in zip((view.across, view.along, view.opacity), (*found, opacity), strict=True):
        whole[rows, columns] = cv2.resize(part, size)
    return view


def _window(camera: Camera, place: Place, surface: Surface) -> tuple[slice, slice]:
    """Return rows and columns of the coarse pixels that can show the shape."""
    rows, columns = surface.height.shape
    x = surface.left + STEP_MM * np.array([0.0, columns - 1])
    y = surface.top + STEP_MM * np.array([0.0, rows - 1])
    z = np.array([surface.height.min(), surface.height.max()])
    corners = np.stack(np.meshgrid(x, y, z), axis=-1).reshape(-1, 3)
    pixels = project(camera, place, corners, surface.turns_about) / COARSE
    low, high = np.floor(pixels.min(axis=0)) - 1, np.ceil(pixels.max(axis=0)) + 1
    most = camera.width // COARSE, camera.height // COARSE
    first = [int(np.clip(low[axis], 0, most[axis] - 1)) for axis in (0, 1)]
    last = [int(np.clip(high[axis], first[axis] + 1, most[axis])) for axis in (0, 1)]
    return slice(first[1], last[1]), slice(first[0], last[0])


def _rays(
    camera: Camera, place: Place, surface: Surface, window: tuple[slice, slice]
) -> tuple[np.ndarray, np.ndarray]:
    """Return origin (3,) and directions (rows, columns, 3) of coarse rays in the shape's frame."""
    rows, columns = (np.arange(each.start, each.stop) for each in window)
    x = ((columns + 0.5) * COARSE - camera.width / 2) / camera.focal
    y = ((rows + 0.5) * COARSE - camera.height / 2) / camera.focal
    ahead = np.stack([*np.meshgrid(x, y), np.full((len(rows), len(columns)), -1.0)], axis=-1)
    turn, pivot = rotation(place), np.array(surface.turns_about)
    origin = np.array([-place.x, -place.y, place.distance]) - pivot
    return origin @ turn + pivot, ahead @ turn


def _crossing(
    surface: Surface,
    origin: np.ndarray,
    direction: np.ndarray,
    slope: np.ndarray,
    levels: np.ndarray,
) -> np.ndarray:
    """Return the distance along each ray at which it enters the shape; else the last level."""
    before = (levels[0] - origin[2]) / slope
    over_before = levels[0] - _height(surface, origin, direction, before)
    reach: np.ndarray = (levels[-1] - origin[2]) / slope
    open_ = np.ones(slope.shape, bool)
    for level in levels[1:]:
        now = (level - origin[2]) / slope
        over = level - _height(surface, origin, direction, now)
        hit = open_ & (over <= 0)
        share = over_before / np.maximum(over_before - over, 1e-6)
        reach = np.where(hit, before + np.clip(share, 0, 1) * (now - before), reach)
        open_ &= ~hit
        before, over_before = now, over
    return reach


def _height(
    surface: Surface, origin: np.ndarray, direction: np.ndarray, reach: np.ndarray
) -> np.ndarray:
    columns, rows = _cells(surface, origin, direction, reach)
    return cv2.remap(
        surface.height, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _cells(
    surface: Surface, origin: np.ndarray, direction: np.ndarray, reach: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    columns = (origin[0] + reach * direction[..., 0] - surface.left) / STEP_MM
    rows = (origin[1] + reach * direction[..., 1] - surface.top) / STEP_MM
    return columns.astype(np.float32), rows.astype(np.float32)
