import os
from types import SimpleNamespace

import psutil
import pytest

from suite.machine import cpu_contention
from suite.machine.cpu_contention import ForeignLoad, Moment, busy_machine, foreign_load


def test_others_took_what_the_machine_was_busy_beyond_our_own(monkeypatch):
    # In 10 s the machine was busy for 12 s of processor time, of which 8 s were ours: 4 s in 10 s are 0.4 cores.
    monkeypatch.setattr(cpu_contention, "begin", lambda: Moment(at_s=110.0, machine_s=1012.0, own_s=58.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    found = foreign_load(Moment(at_s=100.0, machine_s=1000.0, own_s=50.0))
    assert (found.cores, found.share) == (pytest.approx(0.4), pytest.approx(0.2))


def test_ticks_that_round_against_us_are_no_negative_load(monkeypatch):
    monkeypatch.setattr(cpu_contention, "begin", lambda: Moment(at_s=101.0, machine_s=1000.98, own_s=51.0))
    assert foreign_load(Moment(at_s=100.0, machine_s=1000.0, own_s=50.0)).cores == 0.0


def test_no_time_no_figure(monkeypatch):
    monkeypatch.setattr(cpu_contention, "begin", lambda: Moment(at_s=100.0, machine_s=1.0, own_s=1.0))
    assert foreign_load(Moment(at_s=100.0, machine_s=1.0, own_s=1.0)) is None


def test_the_kernels_figures_are_read():
    now = cpu_contention.begin()
    assert now.machine_s > now.own_s > 0


@pytest.mark.parametrize(("cores", "warned"), [(0.24, False), (0.25, True), (1.5, True)])
def test_a_busy_machine_is_a_warning_with_a_remedy(cores, warned):
    warning = busy_machine(ForeignLoad(cores=cores, share=cores / 2))
    assert (warning is not None) == warned
    if warning:
        assert warning.code == "busy_machine"
        assert "measure the point again" in warning.remedy


def test_no_figure_no_warning():
    assert busy_machine(None) is None


class Child:
    def __init__(self, seconds):
        self.seconds = seconds

    def cpu_times(self):
        if self.seconds is None:
            raise psutil.NoSuchProcess(1)
        return (self.seconds, 0.5, 0.25, 0.25, 99.0)  # user, system, of its ended children, and what it waited


def test_workers_of_our_own_are_no_foreign_work(monkeypatch):
    before = cpu_contention._own_s()
    children = SimpleNamespace(children=lambda recursive: [Child(3.0), Child(None)] if recursive else [])
    monkeypatch.setattr(psutil, "Process", lambda: children)
    assert cpu_contention._own_s() - before == pytest.approx(4.0, abs=0.9)
