"""What a build's stages left is read off its own log: the images of no other build."""

from __future__ import annotations

from matterzoo_harness.build_stages import left_by, text_of

LOG = """Step 1/5 : ARG BASE
Step 2/5 : FROM ${BASE} AS builder
 ---> 0000000000ba
Step 3/5 : COPY wheels /wheels
 ---> 000000000001
Step 4/5 : RUN install
 ---> Running in 00000000000c
I say ---> 00000000000d
Removing intermediate container 00000000000c
 ---> 000000000002
"""
SECOND = """Step 5/5 : FROM ${BASE} AS environment
 ---> 0000000000ba
Step 6/5 : COPY --from=builder /env /env
 ---> 000000000003
Successfully built 000000000003
"""


def test_the_first_stage_is_left_and_neither_the_base_nor_the_result() -> None:
    assert left_by(LOG + SECOND) == ["000000000002"]


def test_a_build_that_failed_leaves_its_last_stage_too() -> None:
    assert left_by(LOG, failed=True) == ["000000000002"]
    assert left_by(LOG + SECOND, failed=True) == ["000000000002", "000000000003"]


def test_a_stage_that_failed_at_once_leaves_nothing_and_the_base_stays() -> None:
    assert left_by("Step 1/2 : FROM ${BASE}\n ---> 0000000000ba\n", failed=True) == []


def test_a_log_is_what_the_builder_says_and_not_what_the_engine_adds() -> None:
    assert text_of([{"stream": "Step 1/1"}, {"aux": {"ID": "x"}}, {"stream": "\n"}, "\r"]) == "Step 1/1\n"
