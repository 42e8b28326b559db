"""The one way in: files, folders, patterns and samples to records."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from matterzoo_harness.readers.files import Source, expand
from matterzoo_harness.readers.registry import Format, find_format, unknown_format
from matterzoo_harness.readers.result import Collector, Entry, ReadResult, name_entries
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.records import Records

SAMPLE_PREFIX = "sample:"
Progress = Callable[[int, int, str], None]
"""Called with the files done, the files there are, and the name of the one that comes next."""


def read(
    sources: str | Path | Sequence[str | Path],
    *,
    progress: Progress | None = None,
    on_error: Literal["record", "raise"] = "record",
) -> ReadResult:
    """Read everything that the sources name into records, in order.

    Parameters
    ----------
    sources
        Files (also compressed with gzip, bzip2 or xz), folders (read recursively, sorted by path), glob patterns,
        `sample:<name>`; one or several. A single file of records is mapped, not read.
    progress
        Called before each file and once at the end.
    on_error
        `record`: a record that cannot be parsed keeps its row and stands in `failures`. `raise`: it is an error.

    Returns
    -------
    ReadResult
        Records in the order of the sources, and what went wrong with which.

    Raises
    ------
    MatterzooError
        `INPUT_MISSING` if a source is not there; `BAD_INPUT` if its format is unknown, a whole file cannot be read,
        an id stands twice, or not one record could be parsed.
    """
    wanted = [sources] if isinstance(sources, str | Path) else list(sources)
    if len(wanted) == 1 and (single := _ready_made(wanted[0])) is not None:
        return ReadResult(single)
    files, skipped = _plan(wanted)
    collector = Collector()
    for done, (file, format_) in enumerate(files):
        if progress:
            progress(done, len(files), str(file if isinstance(file, str) else file.path))
        if isinstance(file, str):
            collector.add(file, _entries_of(_sample(file)))
        elif format_ is not None:
            collector.add(str(file.path), name_entries(_read_file(file, format_), file.name))
    if progress:
        progress(len(files), len(files), "")
    result = collector.result(skipped)
    if on_error == "raise" and result.failures:
        id_, reason = next(iter(result.failures.items()))
        raise MatterzooError(ExitCode.BAD_INPUT, f"record {id_!r} could not be parsed: {reason}")
    return result


def _ready_made(source: str | Path) -> Records | None:
    if str(source).startswith(SAMPLE_PREFIX):
        return _sample(str(source))
    path = Path(source).expanduser()
    return Records.open(path) if path.suffix == ".safetensors" and path.is_file() else None


def _plan(sources: Sequence[str | Path]) -> tuple[list[tuple[Source | str, Format | None]], list[Path]]:
    """Find every file and its format before any is read: a misspelt name is told at once."""
    files: list[tuple[Source | str, Format | None]] = []
    skipped: list[Path] = []
    for source in sources:
        if str(source).startswith(SAMPLE_PREFIX):
            files.append((str(source), None))
            continue
        before = len(files)
        for file in expand(source):
            format_ = find_format(file)
            if format_ is not None:
                files.append((file, format_))
            elif file.chosen:
                raise unknown_format(file)
            else:
                skipped.append(file.path)
        if len(files) == before:
            raise MatterzooError(ExitCode.BAD_INPUT, f"no reader takes any file of {source}", "see docs/input.md")
    return files, skipped


def _read_file(source: Source, format_: Format) -> list[Entry]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parsers warn about what they skip; what counts is an error here
            return list(format_.load()(source))
    except MatterzooError:
        raise
    except Exception as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise MatterzooError(
            ExitCode.BAD_INPUT, f"{source.path} cannot be read as {format_.name}: {why}", "see docs/input.md"
        ) from error


def _sample(source: str) -> Records:
    from matterzoo_harness.samples import load_sample

    return load_sample(source.removeprefix(SAMPLE_PREFIX))


def _entries_of(records: Records) -> list[tuple[str, Entry]]:
    samples = (records[row] for row in range(len(records)))
    return [(sample.id, Entry(sample.id, sample.views, sample.labels)) for sample in samples]
