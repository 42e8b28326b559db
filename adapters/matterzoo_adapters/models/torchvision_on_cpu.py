"""Let torchvision be imported beside a CPU build of torch; importing this module does it.

The registry's torchvision is built for CUDA. Beside a CPU torch its operators stay away, and then it fails to be
imported because it speaks of two of them. timm imports it, and no model of ours calls them.
"""

from __future__ import annotations

import torch

OPERATORS = ("nms", "qnms")

if torch.version.cuda is None:
    for operator in OPERATORS:
        torch.library.define(f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
