"""Arguments and options that several commands take, each with one name and one meaning."""

from __future__ import annotations

from typing import Annotated

import typer

ModelId = Annotated[str, typer.Argument(help="A model's id; `matterzoo list` shows them.", show_default=False)]
Runtime = Annotated[str, typer.Option("--runtime", help="auto, docker or venv.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, or GPUs by their UUIDs (GPU-…,GPU-…).")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Models at one time  [as many as there are cores].")]
Threads = Annotated[int, typer.Option("--threads", min=0, help="Threads of a worker  [cores over jobs].")]
Memory = Annotated[float | None, typer.Option("--memory", metavar="GB", help="Most memory of one worker.")]
Json = Annotated[bool, typer.Option("--json", help="Write the result as JSON to standard output.")]
