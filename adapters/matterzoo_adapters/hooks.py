"""Read a hidden state on its way through a torch model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


class Tapped:
    """What passed the hook; `value` is the last call's."""

    def __init__(self) -> None:
        self._values: list[torch.Tensor] = []

    def keep(self, tensor: torch.Tensor) -> None:
        """Copy a tensor at the moment it passes: packages overwrite their dictionaries afterwards."""
        self._values.append(tensor.detach().clone())

    @property
    def value(self) -> torch.Tensor:
        """The tensor of the last call.

        Raises
        ------
        RuntimeError
            If the module never ran (a compiled model swallows hooks).
        """
        if not self._values:
            raise RuntimeError("the hooked module did not run: is the model compiled or exported?")
        return self._values[-1]


@contextmanager
def entering(module: torch.nn.Module, pick: Callable[[tuple[Any, ...]], torch.Tensor]) -> Iterator[Tapped]:
    """Tap what enters a module; `pick` takes the tensor out of its positional arguments."""
    tapped = Tapped()
    handle = module.register_forward_pre_hook(lambda _, arguments: tapped.keep(pick(arguments)))
    try:
        yield tapped
    finally:
        handle.remove()


@contextmanager
def leaving(module: torch.nn.Module, pick: Callable[[Any], torch.Tensor]) -> Iterator[Tapped]:
    """Tap what leaves a module; `pick` takes the tensor out of its output."""
    tapped = Tapped()
    handle = module.register_forward_hook(lambda _module, _arguments, output: tapped.keep(pick(output)))
    try:
        yield tapped
    finally:
        handle.remove()
