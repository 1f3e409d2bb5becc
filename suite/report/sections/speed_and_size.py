"""Latency, throughput, memory and model size of both arms."""

from __future__ import annotations

from typing import Any

from suite.report.model import Report

ORDER = 70
TITLE = "Latency, throughput, memory, model size"


def context(report: Report) -> dict[str, Any] | None:
    """One table a group that has figures."""
    groups = [group for group in report.groups if group.ok]
    return {"groups": groups} if groups else None
