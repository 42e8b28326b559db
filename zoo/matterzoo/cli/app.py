"""Every verb, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from matterzoo.cli import console
from matterzoo.cli.archive import archive, cite, diff, restore, verify
from matterzoo.cli.check import check, golden
from matterzoo.cli.compare import gather
from matterzoo.cli.embed import embed, run
from matterzoo.cli.environments import build, conflicts, fetch, lock
from matterzoo.cli.look import doctor, info, lint, list_models
from matterzoo.cli.metrics import metrics
from matterzoo.cli.new import new
from matterzoo.cli.schemas import schemas
from matterzoo.cli.site import site
from matterzoo.cli.study import app as study_app
from matterzoo.cli.upkeep import df, gc
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="Every scientific foundation model in its own pinned container, one embedding schema, one comparison.",
)
app.command("run")(run)
app.command("embed")(embed)
app.command("gather")(gather)
app.command("metrics")(metrics)
app.command("list")(list_models)
app.command("info")(info)
app.command("lint")(lint)
app.command("lock")(lock)
app.command("fetch")(fetch)
app.command("build")(build)
app.command("archive")(archive)
app.command("verify")(verify)
app.command("restore")(restore)
app.command("diff")(diff)
app.command("cite")(cite)
app.command("df")(df)
app.command("gc")(gc)
app.command("conflicts")(conflicts)
app.command("check")(check)
app.command("golden")(golden)
app.command("doctor")(doctor)
app.command("new")(new)
app.command("schemas")(schemas)
app.command("site")(site)
app.add_typer(study_app, name="study")


@app.callback(invoke_without_command=True)
def options(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    """Every scientific foundation model in its own pinned container, one embedding schema, one comparison."""
    if version:
        from matterzoo import __version__

        print(__version__)
        raise typer.Exit


def run_app(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = app(args=list(arguments), standalone_mode=False)
        if code == ExitCode.INTERRUPTED:  # typer makes this of a KeyboardInterrupt
            raise KeyboardInterrupt
    except MatterzooError as error:
        console.fail(error.message, error.hint)
        return int(error.code)
    except TyperException as error:  # a word that is no option, a number that is none; or nothing at all: then the help
        message = str(getattr(error, "message", error))
        if message.startswith("Usage:"):
            console.say(message)
        else:
            console.fail(message, "matterzoo --help")
        return int(ExitCode.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        console.fail("interrupted", "the same command goes on where it stopped")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.OK)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            console.fail(f"the disk is full: {error}", "free some space; the same command goes on where it stopped")
            return int(ExitCode.DISK_FULL)
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            console.fail(f"cannot read or write: {error}")
            return int(ExitCode.CANNOT_WRITE)
        traceback.print_exc()
        return int(ExitCode.BUG)
    except Exception:  # noqa: BLE001 (the last line: a bug is shown whole)
        traceback.print_exc()
        console.fail("this is a bug in matterzoo", "please report the lines above")
        return int(ExitCode.BUG)
    return int(code or 0)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
