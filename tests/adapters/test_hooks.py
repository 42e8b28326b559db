"""Hidden states read on their way through a torch model."""

from __future__ import annotations

import pytest

from matterzoo_adapters.hooks import entering, leaving

torch = pytest.importorskip("torch", exc_type=ImportError)


class Overwrites(torch.nn.Module):
    """Passes one dictionary on and overwrites its key, as SevenNet and NequIP do."""

    def forward(self, data: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        data["x"] *= 2.0
        return data


def test_what_enters_is_kept_as_it_was_when_it_passed() -> None:
    module = Overwrites()
    with entering(module, lambda arguments: arguments[0]["x"]) as tapped:
        module({"x": torch.ones(2, 3)})
    assert torch.equal(tapped.value, torch.ones(2, 3))


def test_what_leaves_is_kept_and_has_no_gradient() -> None:
    module = torch.nn.Linear(3, 4)
    with leaving(module, lambda output: output) as tapped:
        output = module(torch.ones(2, 3))
    assert torch.equal(tapped.value, output)
    assert output.requires_grad
    assert not tapped.value.requires_grad


def test_the_last_call_stands() -> None:
    module = torch.nn.Identity()
    with leaving(module, lambda output: output) as tapped:
        module(torch.zeros(1))
        module(torch.ones(1))
    assert tapped.value.item() == 1.0


def test_a_hook_is_gone_afterwards_even_if_the_model_raises() -> None:
    module = torch.nn.Linear(3, 4)
    with pytest.raises(RuntimeError), entering(module, lambda arguments: arguments[0]):
        module(torch.ones(2, 5))
    assert not module._forward_pre_hooks


def test_a_module_that_never_ran_is_an_error_and_not_an_empty_answer() -> None:
    with entering(torch.nn.Identity(), lambda arguments: arguments[0]) as tapped:
        pass
    with pytest.raises(RuntimeError, match="did not run"):
        _ = tapped.value
