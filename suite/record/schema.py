"""The record of one attempt at one point: raw measurements, nothing derived.

A record is written once, atomically, and never rewritten. A component of energy that was not read is
absent from ``energy_j``, never 0. ``method`` names how each component was got: a value that starts
with ``measured:`` came from a counter, one that starts with ``estimated:`` from a model, one that starts
with ``simulated:`` or ``replayed:`` from an instrument that was not there.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from suite.record.hashing import digest

SCHEMA_VERSION = 1

Status = Literal["ok", "skipped", "failed"]
Phase = Literal["inference", "training"]
Arm = Literal["baseline", "candidate"]
Pairing = Literal["resident", "swapped"]
Denominator = Literal["query", "token"]
"""What energies are divided by before arms are compared: queries, or tokens of the answers, where the two arms' answers
to a query may differ in length."""
Edges = Literal["interpolated", "tick_aligned", "unaligned"]
"""How a window's ends lie to the steps of an energy counter: its energy is interpolated between the steps around each
end, or it begins and ends on a step, or anywhere, and is then wrong by up to a step."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a point was skipped or failed."""

    kind: str
    message: str


class MitigationUse(msgspec.Struct, frozen=True, kw_only=True):
    """One technique of a stack and the parameters it was given."""

    name: str
    params: dict[str, Any] = {}

    @property
    def recipe(self) -> dict[str, Any] | None:
        """Its parameters' training recipe, of at least one step; None where it trains nothing."""
        for value in self.params.values():
            if isinstance(value, dict) and {"steps", "learning_rate"} <= value.keys() and value["steps"]:
                return value
        return None


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What identifies a comparison. ``batch_size`` and ``dtype`` are the baseline's; ``device`` is a class.

    ``device_map`` is how models are spread over several GPUs; None where they lie on one device.
    """

    task: str
    model: str
    mitigations: list[MitigationUse]
    phase: Phase
    workload: str
    batch_size: int
    device: str
    dtype: str
    runtime: str = "eager"
    device_map: str | None = None

    @property
    def label(self) -> str:
        """The stack's names joined by ``+``; ``none`` for the baseline against itself."""
        return "+".join(use.name for use in self.mitigations) or "none"

    @property
    def point_id(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of the point's canonical JSON."""
        identity = msgspec.to_builtins(self)
        if self.runtime == "eager":  # as in records that were made before there were others
            del identity["runtime"]
        if self.device_map is None:
            del identity["device_map"]
        return digest(identity)


class ApplyCost(msgspec.Struct, frozen=True, kw_only=True):
    """What applying the technique cost, once: seconds, joules by component and how they were got."""

    duration_s: float
    energy_j: dict[str, float]
    method: dict[str, str]


class CompileCost(msgspec.Struct, frozen=True, kw_only=True):
    """What compiling an arm cost, once.

    Attributes:
        graphs: compiled or recorded; 0 where the arm shares the other's.
        cache_hits: of them, read from the run's folder of compiled code.
    """

    duration_s: float
    graphs: int
    cache_hits: int
    energy_j: dict[str, float]
    method: dict[str, str]


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What the instrument saw beside the energy while a window was open. None, or empty: it cannot be read there.

    Where several boards are in use, energies and powers are sums over all of them, known where every part is, and
    temperatures, clocks and throttling are those of each.

    Attributes:
        counter_j: rise of the raw energy counter between the same two moments, in joules.
        integral_j: integral over the window of the power that was polled, in joules.
        polls: readings of power that the integral is made of.
        max_power_w: highest of them.
        power_limit_w: the board's enforced limit.
        longest_still_s: longest time for which the counter did not rise.
        temperature_c: of the board at the start and the end.
        sm_clock_mhz: clock of the multiprocessors at the start and the end.
        throttle_reasons: why the board held its clocks back at the start or the end (idle left out).
        foreign_processes: other processes with a context on the board, the most of start and end.
        truth_j: energy by component as it truly was; known to simulated instruments alone.
    """

    counter_j: float | None = None
    integral_j: float | None = None
    polls: int = 0
    max_power_w: float | None = None
    power_limit_w: float | None = None
    longest_still_s: float | None = None
    temperature_c: list[float] = []
    sm_clock_mhz: list[float] = []
    throttle_reasons: list[str] = []
    foreign_processes: int | None = None
    truth_j: dict[str, float] = {}


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One measured window of one arm.

    Attributes:
        queries: of a served model how many requests the tokens of its steady state are worth, which need not be whole.
        tokens: of the answers, written in the window; those of a served model need not be whole either.
        latencies_s: one entry per query, where each was waited for (single_stream, server, endpoint).
        first_token_s: seconds to the first token, one entry per query as ``latencies_s``; None where answers did not
            come token by token.
        between_tokens_s: mean seconds between two tokens of a query, one entry for each that has at least two.
        slices: pieces that the window was run in, in turn with the other arm's; 1 is one stretch.
        edges: how its ends lie to the steps of the energy counter; None where there is no counter that steps.
        codecarbon_energy_j: CodeCarbon's own reading of the same window, where ``energy_j`` has a better one of the
            GPU: it reads the counter as it was at the last step, so it differs by up to one step.
        energy_uncertainty_j: standard uncertainty of ``energy_j`` that comes of the window's ends.
        board_energy_j: where several GPUs are in use, the part of each in ``energy_j``, in the order in which the meter
            describes them; empty where not each was read by itself.
        gated: how older records say it: True for ``tick_aligned``, False for ``unaligned``.
        conditions: what else the instrument saw, for a window in one stretch.
    """

    arm: Arm
    block: int
    queries: int | float
    tokens: int | float | None
    duration_s: float
    energy_j: dict[str, float]
    method: dict[str, str]
    batches: int | None = None
    latencies_s: list[float] | None = None
    first_token_s: list[float] | None = None
    between_tokens_s: list[float] | None = None
    slices: int = 1
    edges: Edges | None = None
    codecarbon_energy_j: dict[str, float] = {}
    energy_uncertainty_j: dict[str, float] = {}
    board_energy_j: list[float] = []
    gated: bool | msgspec.UnsetType | None = msgspec.UNSET
    conditions: Conditions | None = None

    def __post_init__(self) -> None:
        """Reads ``edges`` of older records."""
        if self.edges is None and isinstance(self.gated, bool):
            msgspec.structs.force_setattr(self, "edges", "tick_aligned" if self.gated else "unaligned")


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """Power with the models resident and nothing running, in watts by component.

    ``power_w`` is the mean of what was read before and after the blocks. ``board_power_w`` is the part of each GPU in
    it, where several are in use and each was read by itself.
    """

    power_w: dict[str, float]
    method: dict[str, str]
    before_w: dict[str, float] = {}
    after_w: dict[str, float] = {}
    board_power_w: list[float] = []


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """One score a test item and arm, in the same order.

    Attributes:
        clusters: the number of the source of each item; None where items are independent.
        chance: what answers that do not look at an item would score; None where that is not known.
        scored_from: how many items of what were scored, for people.
    """

    metric: str
    higher_is_better: bool
    baseline: list[float]
    candidate: list[float]
    clusters: list[int] | None = None
    chance: float | None = None
    scored_from: str | None = None


class SeedScore(msgspec.Struct, frozen=True, kw_only=True):
    """The candidate's mean score after a training with ``seed``."""

    seed: int
    score: float


class TrainingCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A training so far: steps of the optimiser, samples trained on, and the mean score of held-out samples."""

    steps: int
    samples: int
    score: float


class RecordWarning(msgspec.Struct, frozen=True, kw_only=True):
    """Something that weakens a figure, with what to do about it."""

    code: str
    message: str
    remedy: str


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at one point. See the module's docstring for the rules of its fields.

    Attributes:
        converged: whether the interval reached its target; None where the attempt ended before its last block.
        prefill_windows: the same queries with one new token each, where both arms answer token by token; their blocks
            are those of ``windows``.
        further_scores: beside ``scores``, each on items of its own; empty in training.
        distinct_queries: how many different queries the windows of an arm ran; None for training.
        prompt_tokens_per_query: of the input, mean of the windows' queries, padding left out; None where the input is
            no text, or no answer is written token by token.
        seed_scores: of a technique that trains, once for each seed that was asked for; the first is the one that was
            measured. Empty where only one was.
        training_curves: by arm, the course of a training that is measured whole, up to where it ended.
        training_target_score: the held-out score at which it ended; None where it ended with its last step.
        denominator: of the energies, where they are compared: when to stop, the ratio and the verdict follow it.
    """

    schema_version: int
    record_id: str
    point_id: str
    config_hash: str
    status: Status
    reason: Reason | None
    started_at: str
    finished_at: str
    config: dict[str, Any]
    point: Point
    environment: dict[str, Any]
    effect: dict[str, Any] = {}
    apply_cost: ApplyCost | None = None
    windows: list[Window] = []
    prefill_windows: list[Window] = []
    distinct_queries: int | None = None
    prompt_tokens_per_query: float | None = None
    pairing: Pairing | None = None
    converged: bool | None = None
    peak_memory_bytes: dict[str, int] = {}
    idle: Idle | None = None
    scores: Scores | None = None
    further_scores: list[Scores] = []
    seed_scores: list[SeedScore] = []
    training_curves: dict[str, list[TrainingCheck]] = {}
    training_target_score: float | None = None
    model_bytes: dict[str, int] = {}
    device_busy_share: dict[str, float] = {}
    compile_cost: dict[str, CompileCost] = {}
    denominator: Denominator = "query"
    warnings: list[RecordWarning] = []
