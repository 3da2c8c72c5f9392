"""`near_duplicates`: the same picture in another size, format or brightness.

A perceptual hash proposes pairs and the pixels confirm them. The hash looks at the lowest frequencies of the discrete
cosine transform of the grey image, as pHash does (Zauner, "Implementation and Benchmarking of Perceptual Image Hash
Functions", 2010). Where pHash asks whether a coefficient is above the median, which is a matter of rounding for all that
are 0 in a symmetric icon, this hash asks on which side of random hyperplanes their vector lies (Charikar, "Similarity
Estimation Techniques from Rounding Algorithms", 2002): 16 bands of 16 bits. Images with an equal band are compared.

Measured on 4,847 files of 1,010 desktop icons in sizes from 8 to 512 pixels, read at 32: of the icons that are there in two
sizes, 90 % are found for 16 and 32 pixels, and for 24 and 48, where the others were drawn anew, and all for 32 and 64, 48
and 96, 16 and 96. Of 1,500 photographs at 32 pixels 99 % keep a cosine of 0.96 and more as a JPEG of quality 30, as a GIF, at
16 pixels, 40 % darker or 40 grey levels lighter. In the 60,000 of CIFAR-10 there are 224 pairs, none under two labels.

But a digit or a shirt has thousands of others that are as near, and near is then no sign of a copy. That shows in the pairs
themselves. Copies of one picture are all near each other; in a continuum A may be near B, and B near C, and A not near C.
Of points on a line three quarters of such triples are closed, of those in a plane or in space fewer (Dall and Christensen,
"Random geometric graphs", 2002). Measured: the icons 0.93, and those of 48 pixels alone 0.76; MNIST 0.50, Fashion-MNIST 0.55,
USPS 0.72, EMNIST 0.38. Where fewer than `CLOSED` are closed, nothing is said of near duplicates. Of few and large images
without copies a handful of pairs is left: 4 among 1,240 drawn characters, strokes that mean l, I or 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

FREQUENCIES = 12  # of either direction
BANDS = 16  # of 16 bits
LIKE = 0.95  # least cosine of two vectors of coefficients
ALIKE = 0.9  # least correlation of two images, pixel by pixel and colour by colour
CLOSED = 0.75  # least share of closed triples
LEAST_SIDE, LEAST_CONTRAST = 12, 2.0  # pixels, grey levels: of less there is nothing to compare
SAMPLE, BLOCK, WINDOW = 8_000, 1_000, 100
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow has it


def near_duplicates(*parts: NDArray[np.uint8]) -> NDArray[np.int64] | None:
    """Pairs of images that are one picture but not equal.

    Parameters
    ----------
    parts : uint8 (n, h, w, c), of one shape; they may be memory maps, of which a block at a time is read.

    Returns
    -------
    int64 (m, 2): places in the parts taken one after another, the lower one first. Of equal images only the first
    is in pairs. None where nearness means nothing: images of less than `LEAST_SIDE` pixels, or a continuum.
    """
    height, width, _ = parts[0].shape[1:]
    if min(height, width) < LEAST_SIDE:
        return None
    _, first = np.unique(np.concatenate([digests(part) for part in parts]), return_index=True)
    vectors, kept = _vectors(parts, np.sort(first))
    if len(kept) < 2:
        return np.empty((0, 2), np.int64)
    some = np.random.default_rng(0).permutation(len(kept))[:SAMPLE]
    if not _means_something(_pairs_of_all(vectors[some]), len(some)):
        return None
    pairs = _pairs(vectors)
    if not _means_something(pairs, len(kept)):
        return None
    return kept[pairs[_correlations(parts, kept[pairs]) >= ALIKE]]


def digests(X: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """64 bits of BLAKE2b per image: among a million images two differing ones collide with a chance of 3e-8."""
    rows = (np.ascontiguousarray(image).data for image in np.asarray(X))
    return np.frombuffer(b"".join(hashlib.blake2b(row, digest_size=8).digest() for row in rows), np.uint64)


def near_groups(*parts: NDArray[np.uint8]) -> NDArray[np.int64] | None:
    """int64 (n,), equal for images that are one picture, or linked by others that are; of the parts one after another.

    None where `near_duplicates` says nothing.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = near_duplicates(*parts)
    if pairs is None:
        return None
    _, first, place = np.unique(
        np.concatenate([digests(part) for part in parts]), return_index=True, return_inverse=True
    )
    links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), (len(place), len(place)))
    return connected_components(links, directed=False)[1].astype(np.int64)[first[place]]


def joined(groups: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64 (n,), equal for images that are of one group by either, or linked by others that are."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    one, other = (np.unique(some, return_inverse=True)[1] for some in (groups, others))
    size = len(one) + one.max(initial=0) + other.max(initial=0) + 2  # images, and behind them a node for each group
    image = np.arange(len(one))
    ends = np.concatenate([len(one) + one, len(one) + one.max(initial=0) + 1 + other])
    links = coo_array((np.ones(len(ends), np.int8), (np.tile(image, 2), ends)), (size, size))
    return connected_components(links, directed=False)[1][: len(one)].astype(np.int64)


def _vectors(parts: Sequence[NDArray[np.uint8]], places: NDArray) -> tuple[NDArray[np.float32], NDArray]:
    """Unit vectors of the low frequencies of the images at some places, and the places; those of one colour have none.

    Natural images have amplitudes of about one over the frequency, so each is multiplied by its own.
    """
    height, width, _ = parts[0].shape[1:]
    rows, columns = _cosines(height), _cosines(width).T
    weight = np.hypot(*np.mgrid[: rows.shape[0], : columns.shape[1]]).astype(np.float32)  # that of the mean is 0
    vectors, kept = [], []
    for block, X in _blocks(parts, places):
        grey = X[..., 0].astype(np.float32) if X.shape[3] == 1 else X.astype(np.float32) @ GREY
        some = grey.std(axis=(1, 2)) >= LEAST_CONTRAST
        found = (rows @ grey[some] @ columns * weight).reshape(-1, weight.size)[:, 1:]
        vectors.append(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9))
        kept.append(block[some])
    return np.concatenate(vectors), np.concatenate(kept)


def _cosines(side: int) -> NDArray[np.float32]:
    """The first rows of the discrete cosine transform, type II, of so many pixels."""
    pixel, frequency = np.arange(side), np.arange(min(FREQUENCIES, side))[:, np.newaxis]
    return (np.cos(np.pi * (pixel + 0.5) * frequency / side) / side).astype(np.float32)


def _pairs(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Pairs with a cosine of at least `LIKE`, nearly all of them: those with an equal band, and few others between."""
    planes = np.random.default_rng(0).normal(size=(vectors.shape[1], 16 * BANDS)).astype(np.float32)
    bits = np.packbits(np.concatenate([block @ planes > 0 for block in _sliced(vectors)]), axis=1)
    bands = bits.view(np.uint16)
    found = [np.empty((0, 2), np.int64)]
    for band in range(BANDS):
        # What is alike in other bands too comes to lie side by side.
        order = np.lexsort([bands[:, (band + other) % BANDS] for other in (2, 1, 0)])
        keys = bands[order, band]
        for step in range(1, min(WINDOW, len(order))):
            equal = np.flatnonzero(keys[step:] == keys[:-step])
            if not len(equal):
                break
            for some in _sliced(equal, 50_000):
                pairs = np.stack([order[some], order[some + step]], axis=1)
                like = np.einsum("ij,ij->i", vectors[pairs[:, 0]], vectors[pairs[:, 1]]) >= LIKE
                found.append(np.sort(pairs[like], axis=1))
        found = [np.unique(np.concatenate(found), axis=0)]
    return found[0]


def _pairs_of_all(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """All pairs with a cosine of at least `LIKE`, by looking at each: for a few thousand images."""
    found = [np.empty((0, 2), np.int64)]
    for start in range(0, len(vectors), BLOCK):
        one, other = np.nonzero(vectors[start : start + BLOCK] @ vectors[start:].T >= LIKE)
        found.append(np.stack([one, other], axis=1)[one < other] + start)
    return np.concatenate(found)


def _means_something(pairs: NDArray[np.int64], count: int) -> bool:
    """Whether pairs are copies and no continuum: they are few and apart, or what is near one is near the other."""
    from scipy.sparse import coo_array

    links = coo_array((np.ones(len(pairs), np.int64), (pairs[:, 0], pairs[:, 1])), (count, count)).tocsr()
    links = links + links.T
    near = np.bincount(pairs.ravel(), minlength=count)
    triples = int((near * (near - 1) // 2).sum())
    return triples <= len(pairs) or (links @ links).multiply(links).sum() / 2 >= CLOSED * triples


def _correlations(parts: Sequence[NDArray[np.uint8]], pairs: NDArray) -> NDArray[np.float32]:
    """Pearson's correlation of the pixels of each pair, all colours together."""
    found = [np.empty(0, np.float32)]
    for some in _sliced(pairs):
        one, other = (_standardized(_taken(parts, some[:, side])) for side in (0, 1))
        found.append(np.einsum("ij,ij->i", one, other))
    return np.concatenate(found)


def _standardized(X: NDArray[np.uint8]) -> NDArray[np.float32]:
    rows = X.reshape(len(X), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def _blocks(parts: Sequence[NDArray], places: NDArray) -> Iterator[tuple[NDArray, NDArray[np.uint8]]]:
    yield from ((some, _taken(parts, some)) for some in _sliced(places))


def _sliced(rows: NDArray, size: int = BLOCK) -> Iterator[NDArray]:
    yield from (rows[start : start + size] for start in range(0, len(rows), size))


def _taken(parts: Sequence[NDArray], places: NDArray) -> NDArray[np.uint8]:
    """The images at some places of all parts taken one after another."""
    ends = np.cumsum([len(part) for part in parts])
    part = np.searchsorted(ends, places, side="right")
    X = np.empty((len(places), *parts[0].shape[1:]), np.uint8)
    for number, images in enumerate(parts):
        here = part == number
        X[here] = images[places[here] - (ends[number] - len(images))]
    return X
