"""One thread: the suite is measured, and others use the machine."""

from __future__ import annotations

import pytest
import torch
from metric_references import data


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", params=["gauss", "shared", "clustered"])
def models(request):
    """Five models of widths 8 … 200 on 400 records."""
    return data(request.param, 400, (8, 17, 32, 96, 200))
