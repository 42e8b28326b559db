"""What cannot be exported is refused with what to type next."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_study import study

from matterzoo_harness.report.export import export
from matterzoo_harness.report.page import write_report
from matterzoo_harness.report.results import read_results
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return write_report(read_results(study(models=(), data=()), tmp_path, lambda _: pytest.fail("no model")), tmp_path)


def test_without_a_browser_it_says_what_to_install_or_to_click(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MatterzooError) as refused:
        export(page, tmp_path / "out")
    assert refused.value.code == ExitCode.INPUT_MISSING
    assert "apt install chromium" in refused.value.hint
    assert "SVG and PNG" in refused.value.hint
    assert not (tmp_path / "out").exists()


def test_a_format_or_a_figure_that_is_not_there_is_refused_by_name(page: Path, tmp_path: Path) -> None:
    with pytest.raises(MatterzooError, match="there is no format 'gif'") as refused:
        export(page, tmp_path, formats=("gif",))
    assert refused.value.code == ExitCode.USAGE
    with pytest.raises(MatterzooError, match="there is no figure 'moon'") as refused:
        export(page, tmp_path, only=("moon",))
    assert "matrix" in refused.value.hint


def test_without_a_report_it_names_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(MatterzooError) as refused:
        export(tmp_path / "report.html", tmp_path)
    assert "matterzoo study report" in refused.value.hint
