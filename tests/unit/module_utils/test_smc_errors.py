"""Why a job failed, told so that a user knows what to do."""

from __future__ import annotations

import json

import pytest
from cloud_doubles import cases

from ansible_collections.alicloud.os_migration.plugins.module_utils.alicloud import smc_errors, smc_jobs


@pytest.mark.parametrize("case", cases("smc_in_error.yml"), ids=lambda case: case["name"])
def test_a_failed_job_says_what_to_do(case):
    status = json.dumps(case["info"]) if "info" in case else case.get("text")
    job = smc_jobs.normalise({"JobId": "j-1", "ErrorCode": case["code"], "StatusInfo": status, "Status": "InError"})
    reason = (job["error_code"] or "", job["error_message"] or "")
    error = smc_errors.in_error("j-1", *reason)
    assert error.code == case.get("known_as", case["code"]) and "j-1" in error.message
    assert case["hint"] in error.hint and case.get("message", "") in error.message
    assert error.message.isprintable()
    assert smc_errors.retryable(*reason) == case.get("retry", False)


@pytest.mark.parametrize("entry", [*smc_errors.TITLES, *smc_errors.CODES], ids=lambda entry: entry[0])
def test_every_explanation_has_a_remedy_and_a_source(entry):
    _text, explanation = entry
    assert explanation.remedy.endswith(".") and explanation.source.startswith(("documented", "assumed"))


@pytest.mark.parametrize("title", [title for title, _explanation in smc_errors.TITLES])
def test_every_title_can_be_found(title):
    assert title == title.lower() and smc_errors.explain("M199", f"Inhibitor: {title.upper()}.") is not None


@pytest.mark.parametrize(
    ("raw", "progress"),
    [(None, None), ("12.5", 12.5), (250, 100.0), (-1, 0.0), ("many", None), ("nan", None), ("inf", None)],
)
def test_an_odd_progress_breaks_nothing(raw, progress):
    assert smc_jobs.normalise({"JobId": "j-1", "Progress": raw})["progress"] == progress
