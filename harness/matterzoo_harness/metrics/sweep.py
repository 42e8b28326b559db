"""The sweep: strips of rows against all columns, every model's tile at once, never an N×N matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from matterzoo_harness.metrics.views import Features


@dataclass
class Strip:
    """What all models say about the rows start … stop of one view.

    Attributes
    ----------
    start, stop
        Rows of this strip; b = stop − start.
    features
        One `Features` a model.
    tile
        [M, b, N]: centred inner products while `Pass.stage` is `gram`, squared distances (self: +inf) after.
    work
        [M, b, N] scratch, anyone's between two calls.
    neighbours
        Left by a neighbour search for the passes that follow it: records [M, b, K], nearest first.
    """

    start: int
    stop: int
    features: Sequence[Features]
    tile: Tensor
    work: Tensor
    neighbours: dict[str, Tensor] = field(default_factory=dict)

    @property
    def rows(self) -> Tensor:
        """Record numbers of the strip, [b]."""
        return torch.arange(self.start, self.stop, device=self.tile.device)


class Pass:
    """One consumer of strips.

    `sums` are added over strips, each of their numbers once a strip, and `rows` are filled strip by strip (records on
    axis 1): those two are its whole state, so that a sweep can be saved, continued and split over devices without
    knowing what it computes.
    """

    stage = "distance"

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.rows: dict[str, Tensor] = {}

    def strip(self, strip: Strip) -> None:
        """Take in one strip."""
        raise TypeError(f"{type(self).__name__} takes no strip of {len(strip.tile)} models")


def strips(records: int, height: int, done: int = 0) -> Iterator[tuple[int, int]]:
    """Cut `records` rows into strips of `height`, from row `done` on."""
    for start in range(done, records, height):
        yield start, min(start + height, records)


class Buffers:
    """Two buffers of M·height·N numbers on the features' device, which every strip overwrites."""

    def __init__(self, features: Sequence[Features], height: int) -> None:
        records, like = len(features[0].source), features[0].tile
        self.features = features
        self.tile = torch.empty(len(features) * min(height, records) * records, dtype=like.dtype, device=like.device)
        self.work = torch.empty_like(self.tile)

    def strip(self, start: int, stop: int) -> Strip:
        """Return the rows start … stop, with nothing in them yet."""
        shape = (len(self.features), stop - start, len(self.features[0].source))
        size = shape[0] * shape[1] * shape[2]
        return Strip(start, stop, self.features, self.tile[:size].view(shape), self.work[:size].view(shape))


def take(strip: Strip, passes: Sequence[Pass]) -> None:
    """Fill one strip and show it to all passes."""
    for tile, model in zip(strip.tile, strip.features, strict=True):
        torch.mm(model.tile[strip.start : strip.stop], model.tile.T, out=tile)
    for each in passes:
        if each.stage == "gram":
            each.strip(strip)
    for tile, model in zip(strip.tile, strip.features, strict=True):
        to_squared_distances(tile, model.square, strip.start)
    for each in passes:
        if each.stage != "gram":
            each.strip(strip)


def sweep(
    features: Sequence[Features],
    passes: Sequence[Pass],
    height: int,
    done: int = 0,
    after: Callable[[int], None] | None = None,
) -> None:
    """Run all passes over all strips of one view.

    Parameters
    ----------
    features
        One a model, all with the same N.
    passes
        In the order in which they see a strip; a pass may use what an earlier one left there.
    height
        Rows a strip. Two buffers of M·height·N numbers are all that grows with N.
    done
        Rows whose results the passes already hold.
    after
        Called with the number of finished rows after every strip.
    """
    buffers = Buffers(features, height)
    for start, stop in strips(len(features[0].source), height, done):
        take(buffers.strip(start, stop), passes)
        if after is not None:
            after(stop)


def to_squared_distances(tile: Tensor, square: Tensor, start: int) -> None:
    """Turn inner products [b, N] of rows start … into squared distances, in place; self, by index, is +inf."""
    tile.mul_(-2).add_(square).add_(square[start : start + len(tile), None]).clamp_(min=0)
    tile.diagonal(offset=start).fill_(torch.inf)
