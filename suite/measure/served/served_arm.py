"""Served arm: one server of a comparison, ready to be asked, and what its window is."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from suite.core.meter import Interpolation, Meter, OpenMeter, Readings
from suite.core.workload import Work
from suite.endpoint.answer import Answer, steady_state
from suite.endpoint.client import Client
from suite.endpoint.load import Load, Run, ask_all, run
from suite.endpoint.served_model import Endpoints, ServedModel, base_url, is_local
from suite.endpoint.server_process import ServerProcess, only_model, started, wait_until_ready
from suite.errors import ImpossibleOutput, ServerFailed
from suite.measure.interpolated_window import wait_for_step, window_between
from suite.measure.windows import make_window
from suite.record.schema import Arm, Edges, Window


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServedArm:
    """One server that answers.

    Attributes:
        name: of the arm.
        client: asks it.
        process: of the server, where it was started here.
        meter: sees the machine that it runs on; None: that is another one, or nothing here sees the server.
        unseen: components that ``meter`` reads of something else than the server.
        device: ``cpu`` or ``cuda``.
        interpolation: energy of the board between the steps of its counter; None where there is none.
    """

    name: Arm
    client: Client
    process: ServerProcess | None
    meter: OpenMeter | None
    unseen: frozenset[str]
    device: str
    interpolation: Interpolation | None = None

    def ask_all(self, prompts: Sequence[str], concurrency: int) -> list[Answer]:
        """Answers to ``prompts`` in order.

        Raises:
            ServerFailed: a request failed; says so first where the server has ended.
        """
        with self._explained():
            return ask_all(self.client, prompts, concurrency)

    def run(self, prompts: Sequence[str], load: Load, *, metered: bool = True) -> Run:
        """One run of ``load``. See ``suite.endpoint.load.run``.

        Raises:
            ServerFailed: a request failed; says so first where the server has ended.
        """
        with self._explained():
            return run(self.client, prompts, load, self.meter if metered else None)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (ServerFailed, ImpossibleOutput) as error:
            if self.process is not None:
                self.process.check_alive(patience_s=1.0)  # its end is the reason, and it may be just ending
            if isinstance(error, ServerFailed):
                raise ServerFailed(f"the {self.name}: {error}") from error
            raise

    def window(self, prompts: Sequence[str], load: Load, block: int) -> Window:
        """A window: the steady state of one run.

        Raises:
            ServerFailed: a request failed.
            ImpossibleOutput: the readings or the work cannot be.
        """
        ran = self.run(prompts, load)
        return window_of(
            self.name, ran, block, unseen=self.unseen, device=self.device, interpolation=self.interpolation
        )


def window_of(
    arm: Arm, ran: Run, block: int, *, unseen: frozenset[str], device: str, interpolation: Interpolation | None = None
) -> Window:
    """The window that a run's steady state makes.

    With an ``interpolation`` its GPU energy is that between the true ends: ramp-up goes before and drain after, so that
    the arm's own work is in the steps that hold them.

    Raises:
        ImpossibleOutput: the readings or the work cannot be.
    """
    steady = steady_state(ran.answers, ran.from_s, ran.to_s)
    if steady.queries < 1:
        raise ImpossibleOutput(
            f"the steady state held {steady.queries:.2f} of a request: give more requests a window (workload.requests)"
        )
    work = Work(queries=1, batches=1, tokens=None, latencies_s=_latencies_s(steady.whole), has_overlap=True)
    readings = _seen(ran.readings, unseen)
    if interpolation is not None:
        wait_for_step(interpolation, ran.to_s)
        window = window_between(
            ran.from_s, ran.to_s, arm=arm, block=block, work=work, readings=readings, interpolation=interpolation
        )
    else:
        edges: Edges | None = "unaligned" if device == "cuda" and readings.energy_j else None
        window = make_window(arm, block, [work], [readings], edges=edges)
    first_s = [each.first_token_s for each in steady.whole]
    between_s = [each.between_tokens_s for each in steady.whole]
    return msgspec.structs.replace(
        window,
        queries=steady.queries,
        tokens=steady.tokens,
        batches=None,  # the server's own
        first_token_s=[each for each in first_s if each is not None] or None,
        between_tokens_s=[each for each in between_s if each is not None] or None,
    )


def _latencies_s(answers: Sequence[Answer]) -> list[float] | None:
    return [answer.latency_s for answer in answers] or None


def _seen(readings: Readings, unseen: frozenset[str]) -> Readings:
    """``readings`` without the components of something else than the server: absent, never 0."""
    return dataclasses.replace(
        readings,
        energy_j={name: value for name, value in readings.energy_j.items() if name not in unseen},
        method={name: value for name, value in readings.method.items() if name not in unseen},
    )


@contextlib.contextmanager
def served_arm(
    name: Arm,
    served: ServedModel,
    endpoints: Endpoints,
    *,
    new_tokens: int,
    meter: Meter,
    device: str,
    boards: Sequence[int],
    log: Path,
) -> Iterator[ServedArm]:
    """Starts the server where it has to be started, waits until it answers, and opens the meter on it.

    Args:
        name: of the arm.
        served: its server and model.
        endpoints: how both arms are asked.
        new_tokens: most tokens of an answer.
        meter: not open yet.
        device: that works.
        boards: the GPUs that may work, where the device is ``cuda``.
        log: for what a server prints that is started here.

    Raises:
        InputError, NotApplicable: the server cannot be started as it is described.
        ServerFailed: it did not start, or does not answer.
    """
    key = endpoints.key()
    with contextlib.ExitStack() as running:
        process: ServerProcess | None = None
        url = served.url
        if served.is_started:
            url, process = running.enter_context(started(served, log, [key] if key else []))
        assert url is not None
        address, local = base_url(url), is_local(url)
        wait_until_ready(address, endpoints.ready_timeout_s, process, uses_proxy=not local)
        client = Client(
            base_url=address,
            model=served.model or only_model(address, key, uses_proxy=not local),
            api=endpoints.api,
            key=key,
            new_tokens=new_tokens,
            body=endpoints.body or {},
            silent_s=endpoints.request_timeout_s,
            uses_proxy=not local,
        )
        pid = process.pid if process else served.pid
        opened = running.enter_context(meter.open(device, boards=boards, pid=pid)) if local else None
        yield ServedArm(
            name=name,
            client=client,
            process=process,
            meter=opened,
            unseen=_unseen(opened, pid),
            device=device,
        )


def _unseen(meter: OpenMeter | None, pid: int | None) -> frozenset[str]:
    """Components that are estimated from the CPU time of the wrong process: of the client, where no pid is known."""
    if meter is None or pid is not None:
        return frozenset()
    components: dict[str, Any] = meter.describe()["components"]
    return frozenset(name for name, part in components.items() if str(part["method"]).startswith("estimated:"))


def is_metered(arm: ServedArm) -> bool:
    """Whether the headline's energy of the arm is read: the board's, or that of the CPU."""
    if arm.meter is None:
        return False
    return bool(set(arm.meter.describe()["components"]) & {"gpu", "cpu"} - arm.unseen)


def requests_a_window(seconds_per_request: Sequence[float], *, concurrency: int, window_s: float, least: int) -> int:
    """Requests of every window of both arms: those of ramp-up and drain, and as many between as fill the window.

    Args:
        seconds_per_request: of each arm, under the load.
        concurrency: requests at a time.
        window_s: shortest steady state, in seconds, of the faster arm.
        least: fewest requests of the steady state, as far as they take the slower arm at most twice as long as that.
    """
    filling = math.ceil(_MARGIN * window_s / min(seconds_per_request))
    return 2 * concurrency + max(1, filling, min(least, math.floor(2 * window_s / max(seconds_per_request))))


_MARGIN = 1.2  # a faster moment must not make a window too short
