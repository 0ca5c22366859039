"""People, bicycles, trees, poles and signs of the street scenes."""
from typing import List

import numpy as np

from .shapes import (
    BICYCLE,
    PERSON,
    POLE,
    SIGN,
    VEGETATION,
    Face,
    Place,
    Thing,
    Variant,
    block,
    disc,
    limb,
    rectangle,
    sample_variant,
    upright,
)


def make_person(rng: np.random.Generator, place: Place) -> Thing:
    """A person who stands or walks.

    Args:
        rng (np.random.Generator): Source of randomness.
        place (Place): Foot point (x, y, z).

    Returns:
        Thing: The person, 1.15 to 1.95 m tall.
    """
    tall = rng.uniform(1.15, 1.5) if rng.random() < .15 else \
        rng.uniform(1.6, 1.95)
    turn, stride = rng.uniform(.75, 1.1), rng.uniform(-.13, .13)
    swing = rng.uniform(-.1, .1)
    top, trousers, skin, hair, shoe = (sample_variant(rng) for _ in range(5))
    hem = rng.choice([.46, .46, .4, .3])
    parts = [
        (limb((-.05, .5), (-.05 - stride, .02), .085), 'cloth', trousers, .9),
        (limb((.05, .5), (.05 + stride, .02), .085), 'cloth', trousers, 1.),
        (limb((-.08 - stride, .015), (.0 - stride, .015), .03), 'shoe', shoe,
         1.),
        (limb((.02 + stride, .015), (.1 + stride, .015), .03), 'shoe', shoe,
         1.),
        (limb((-.12, .79), (-.15 - swing, .47), .055), 'cloth', top, .85),
        (np.array([[-.13, .8], [-.06, .84], [.06, .84], [.13, .8],
                   [.1, hem], [-.1, hem]]), 'cloth', top, 1.),
        (limb((.12, .79), (.15 + swing, .47), .055), 'cloth', top, .9),
        (disc((.15 + swing, .46), .025, 6), 'skin', skin, 1.),
        (disc((0, .915), .075, 12, .8), 'skin', skin, 1.),
        (disc((0, .94), .07, 12, .9)[:7], 'hair', hair, 1.)]
    if rng.random() < .3:
        parts.insert(6, (rectangle(.03, .55, .17, .78), 'cloth', shoe, .8))
    faces = [Face(upright(outline * tall, place, turn), PERSON, material,
                  variant, shade)
             for outline, material, variant, shade in parts]
    return Thing(place[2], faces, block(place, .22, tall, .15))


def _wheel_faces(hub: float, place: Place, stretch: float,
                 variant: Variant) -> List[Face]:
    """Faces of a bicycle wheel: the disc is labeled, the tyre is visible."""
    outer, inner = disc((hub, .34), .36, 20), disc((hub, .34), .29, 20)
    ring = np.concatenate([outer, outer[:1], inner[:1], inner[::-1]])
    faces = [Face(upright(outer, place, stretch), BICYCLE, 'tyre', variant,
                  drawn=False),
             Face(upright(ring, place, stretch), BICYCLE, 'tyre', variant)]
    for angle in (.4, 1.45, 2.5):
        arm = .33 * np.array([np.cos(angle), np.sin(angle)])
        spoke = limb((hub - arm[0], .34 - arm[1]),
                     (hub + arm[0], .34 + arm[1]), .02)
        faces.append(Face(upright(spoke, place, stretch), BICYCLE, 'metal',
                          variant))
    return faces


def _rider_faces(rng: np.random.Generator, place: Place,
                 stretch: float) -> List[Face]:
    """Faces of someone on a bicycle that stands at ``place``."""
    top, trousers, skin, hair = (sample_variant(rng) for _ in range(4))
    lean = rng.uniform(.05, .35)
    shoulder = np.array([-.18 + lean, 1.5])
    head = shoulder + [.06, .22]
    parts = [
        (limb((-.2, .98), (.2, .72), .17), 'cloth', trousers, 1.),
        (limb((.2, .74), (.02, .28), .13), 'cloth', trousers, .9),
        (limb((-.2, .92), shoulder, .34), 'cloth', top, 1.),
        (limb(shoulder - [0, .05], (.38, 1.05), .1), 'cloth', top, .85),
        (disc(head, .14, 12, .85), 'skin', skin, 1.),
        (disc(head + [0, .03], .14, 12, .9)[:7], 'hair', hair, 1.)]
    # From behind a rider is still wide, unlike the bicycle.
    width = np.sign(stretch) * max(abs(stretch), .75)
    return [Face(upright(outline, place, width), PERSON, material, variant,
                 shade) for outline, material, variant, shade in parts]


def make_bicycle(rng: np.random.Generator, place: Place,
                 rider: bool) -> Thing:
    """A bicycle from the side or at an angle, parked or ridden.

    Args:
        rng (np.random.Generator): Source of randomness.
        place (Place): Foot point (x, y, z).
        rider (bool): Whether a person rides it; the rider counts as a person.

    Returns:
        Thing: The bicycle.
    """
    stretch = rng.uniform(.4, 1) * rng.choice([-1, 1])
    paint, dark = sample_variant(rng), sample_variant(rng)
    crank, saddle, head = (-.05, .3), (-.2, .88), (.4, .85)
    bars = [(crank, saddle), (crank, head), ((-.18, .78), (.38, .78)),
            ((-.52, .34), crank), ((-.52, .34), (-.18, .78)),
            ((.52, .34), (.38, 1.02))]
    faces = _wheel_faces(-.52, place, stretch, dark)
    faces += _wheel_faces(.52, place, stretch, dark)
    faces += [Face(upright(limb(start, end, .06), place, stretch), BICYCLE,
                   'bike', paint) for start, end in bars]
    faces.append(Face(upright(limb((-.32, .93), (-.08, .93), .08), place,
                              stretch), BICYCLE, 'tyre', dark))
    faces.append(Face(upright(limb((.28, 1.05), (.48, 1.02), .06), place,
                              stretch), BICYCLE, 'tyre', dark))
    if rider:
        faces += _rider_faces(rng, place, stretch)
    tall = 1.7 if rider else 1.0
    return Thing(place[2], faces,
                 block(place, .7 * abs(stretch), tall, .12))


def make_tree(rng: np.random.Generator, place: Place) -> Thing:
    """A broad-leaved tree or a conifer.

    Args:
        rng (np.random.Generator): Source of randomness.
        place (Place): Foot point (x, y, z).

    Returns:
        Thing: The tree, trunk included in its class, 3 to 9 m tall.
    """
    leaf, bark = sample_variant(rng), sample_variant(rng)
    trunk, width = rng.uniform(1.6, 3.2), rng.uniform(.18, .42)
    spread = rng.uniform(1.0, 2.4)
    faces = [Face(upright(limb((0, 0), (rng.normal(0, .1), trunk + 1),
                               width), place), VEGETATION, 'trunk', bark)]
    if rng.random() < .2:
        for tier in range(4):
            half, low = spread * (.8 - .17 * tier), trunk * .6 + tier * 1.1
            outline = np.array([[-half, low], [half, low], [0, low + 2.2]])
            faces.append(Face(upright(outline, place), VEGETATION, 'leaf',
                              leaf, .75 + .1 * tier))
        return Thing(place[2], faces, block(place, spread * .7, 5, .5))
    for height in np.sort(rng.uniform(0, 1, 13)):
        reach = spread * np.sqrt(1 - (2 * height - 1) ** 2 * .8)
        center = (rng.uniform(-.75, .75) * reach,
                  trunk + .5 + height * spread * 1.5)
        radius = spread * rng.uniform(.32, .5) * rng.uniform(.8, 1.15, 16)
        faces.append(Face(upright(disc(center, radius, 16), place),
                          VEGETATION, 'leaf', leaf,
                          .72 + .35 * height + rng.normal(0, .05)))
    crown = (place[0], place[1] + trunk, place[2])
    return Thing(place[2], faces,
                 block(crown, spread, spread * 1.8, spread))


def make_lamp(rng: np.random.Generator, place: Place, side: int) -> Thing:
    """A street lamp, a plain mast or a bollard.

    Args:
        rng (np.random.Generator): Source of randomness.
        place (Place): Foot point (x, y, z).
        side (int): Side of the road it stands on, -1 or 1.

    Returns:
        Thing: The pole.
    """
    variant, width = sample_variant(rng), rng.uniform(.13, .24)
    kind = rng.choice(['lamp', 'mast', 'bollard'], p=[.6, .25, .15])
    tall = .95 if kind == 'bollard' else rng.uniform(4.5, 8)
    outlines = [rectangle(-width / 2, 0, width / 2, tall)]
    if kind == 'lamp':
        reach = -side * rng.uniform(.8, 1.8)
        outlines.append(limb((0, tall), (reach, tall + .25), .1))
        outlines.append(limb((reach * .7, tall + .2),
                             (reach * 1.15, tall + .28), .2))
    if kind != 'bollard':
        outlines.append(rectangle(-width * .8, 0, width * .8, .7))
    faces = [Face(upright(outline, place), POLE, 'metal', variant, shade)
             for outline, shade in zip(outlines, (1., 1., .8, .85))]
    return Thing(place[2], faces, block(place, width / 2, tall, width / 2))


def _plate_outlines(rng: np.random.Generator) -> List[tuple]:
    """Outlines (around 0, 0) and materials of one traffic sign."""
    radius = rng.uniform(.33, .5)
    kind = rng.integers(6)
    if kind == 0:
        return [(disc((0, 0), radius, 20), 'sign_red'),
                (disc((0, 0), radius * .68, 20), 'sign_white'),
                (rectangle(-radius * .3, -.06, radius * .3, .06),
                 'sign_black')]
    if kind == 1:
        triangle = radius * 1.25 * np.array([[-1, -.7], [1, -.7], [0, 1.0]])
        return [(triangle, 'sign_red'), (triangle * .6, 'sign_white')]
    if kind == 2:
        return [(disc((0, 0), radius, 20), 'sign_blue'),
                (limb((0, -radius * .6), (0, radius * .6), radius * .3),
                 'sign_white')]
    if kind == 3:
        return [(disc((0, 0), radius * 1.2, 4), 'sign_white'),
                (disc((0, 0), radius * .95, 4), 'sign_yellow')]
    half = radius * (1.6 if kind == 4 else .9)
    board = rectangle(-half, -radius * .8, half, radius * .8)
    return [(board, rng.choice(['sign_blue', 'sign_yellow', 'sign_green'])),
            (rectangle(-half * .7, -.02, half * .5, .12), 'sign_white'),
            (rectangle(-half * .7, -.25, half * .3, -.13), 'sign_white')]


def make_sign(rng: np.random.Generator, place: Place) -> Thing:
    """One or two traffic signs on a pole, from the front or from behind.

    Args:
        rng (np.random.Generator): Source of randomness.
        place (Place): Foot point (x, y, z).

    Returns:
        Thing: The pole with its signs.
    """
    metal, paint = sample_variant(rng), sample_variant(rng)
    turn, level = rng.uniform(.65, 1), rng.uniform(2.1, 2.9)
    faces = [Face(upright(rectangle(-.06, 0, .06, level + .4), place), POLE,
                  'metal', metal)]
    behind = rng.random() < .12
    for drop in range(1 + int(rng.random() < .3)):
        plates = _plate_outlines(rng)
        if behind:
            plates = [(plates[0][0], 'sign_back')]
        faces += [Face(upright(outline + [0, level - 1.05 * drop], place,
                               turn), SIGN, material, paint)
                  for outline, material in plates]
    return Thing(place[2], faces, block(place, .3, level + .4, .06))
