"""Bodies of the service's answers, written by tools/generate_types.py from its OpenAPI document.

Times are seconds since 1970 on the service's clock; field names end in their unit.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class ProblemDiagnostic(TypedDict):
    code: str
    file: str
    line: int
    column: int
    field: str
    message: str
    hint: str


class _ProblemRequired(TypedDict):
    type: str
    title: str
    status: int
    detail: str
    code: str


class Problem(_ProblemRequired, total=False):
    scope: str
    revision: int
    diagnostics: list[ProblemDiagnostic]


class Submitted(TypedDict):
    jobIds: list[str]
    existing: list[str]


class Condition(TypedDict):
    type: Literal["failed", "infeasible", "held", "stopping", "preempted", "moving", "backing-off"]
    reason: str
    message: str
    sinceSeconds: float | None


class PlacementRegion(TypedDict):
    region: str
    gpus: int


PlacementHop = TypedDict(
    "PlacementHop",
    {
        "from": "str",
        "to": "str",
        "reservedBitsPerSecond": "float",
    },
)


class Placement(TypedDict):
    regions: list[PlacementRegion]
    hops: list[PlacementHop]


class HopInterval(TypedDict):
    lowBitsPerSecond: float
    highBitsPerSecond: float | None


HopMeasured = TypedDict(
    "HopMeasured",
    {
        "from": "str",
        "to": "str",
        "bitsPerSecond": "float",
        "roundTripSeconds": "float | None",
        "ageSeconds": "float",
    },
)


_HopRequired = TypedDict(
    "_HopRequired",
    {
        "from": "str",
        "to": "str",
        "reservedBitsPerSecond": "float",
        "interval": "HopInterval | None",
        "measured": "list[HopMeasured]",
    },
)


class Hop(_HopRequired, total=False):
    plannedBitsPerSecond: float


_ReplanLinkRequired = TypedDict(
    "_ReplanLinkRequired",
    {
        "trigger": 'Literal["link"]',
        "action": 'Literal["move", "reschedule"]',
        "step": "int",
        "from": "str",
        "to": "str",
        "measuredBitsPerSecond": "float",
        "lowBitsPerSecond": "float",
        "highBitsPerSecond": "float | None",
        "gainSeconds": "float",
        "costSeconds": "float",
    },
)


class ReplanLink(_ReplanLinkRequired, total=False):
    gainUsd: float
    costUsd: float


ReplanPrice = TypedDict(
    "ReplanPrice",
    {
        "trigger": 'Literal["price"]',
        "action": 'Literal["move"]',
        "step": "int",
        "from": "list[str]",
        "to": "list[str]",
        "gainUsd": "float",
        "costUsd": "float",
        "gainSeconds": "float",
        "costSeconds": "float",
    },
)


class ReplanCapacity(TypedDict):
    trigger: Literal["capacity"]
    action: Literal["move"]
    step: int
    region: str
    gpus: int
    heldGpus: int
    costSeconds: float
    costUsd: float


Replan = ReplanLink | ReplanPrice | ReplanCapacity | None


class Stayed(TypedDict):
    because: Literal["price", "policy", "gain", "time", "deadline"]
    presentUsd: float
    mostUsd: float
    gainUsd: float
    costUsd: float
    gainSeconds: float
    costSeconds: float
    atSeconds: float


class EpochReport(TypedDict):
    epoch: int
    regions: list[str]
    steps: int
    predictedStepSeconds: float
    calibratedStepSeconds: float | None
    measuredStepSeconds: float
    predictedError: float
    calibratedError: float | None


class JobPreempted(TypedDict):
    by: str
    atSeconds: float


class _JobRequired(TypedDict):
    id: str
    tenant: str
    phase: Literal["queued", "infeasible", "starting", "running", "stopping", "ended"]
    outcome: Literal["finished", "cancelled", "failed"] | None
    reason: str | None
    submittedSeconds: float
    startedSeconds: float | None
    endedSeconds: float | None
    waitSeconds: float
    jctSeconds: float | None
    epoch: int
    placement: Placement | None
    iterations: int
    step: int
    firstLoss: float | None
    lastLoss: float | None
    predictedStepSeconds: float | None
    measuredStepSeconds: float | None
    blockRatio: float | None
    committedStep: int | None
    hops: list[Hop]
    replan: Replan
    electricityUsd: float
    energyKwh: float
    gpuSeconds: float


class Job(_JobRequired, total=False):
    conditions: list[Condition]
    stayed: Stayed
    epochs: list[EpochReport]
    priorityClass: str
    held: Literal[True]
    preempted: JobPreempted


class ExplanationOrderFcfs(TypedDict):
    kind: Literal["fcfs"]
    submitSeconds: float


class ExplanationOrderShortest(TypedDict):
    kind: Literal["shortest"]
    idealSeconds: float


class ExplanationOrderPriority(TypedDict):
    kind: Literal["priority"]
    score: float
    alpha: float
    intensity: float
    sensitivity: float


ExplanationOrder = ExplanationOrderFcfs | ExplanationOrderShortest | ExplanationOrderPriority


class ExplanationCandidateRejectionNoFreeGpus(TypedDict):
    constraint: Literal["no-free-gpus"]
    region: str


class ExplanationCandidateRejectionSingleRegion(TypedDict):
    constraint: Literal["single-region"]
    region: str


ExplanationCandidateRejectionBandwidth = TypedDict(
    "ExplanationCandidateRejectionBandwidth",
    {
        "constraint": 'Literal["bandwidth"]',
        "region": "str",
        "from": "str",
        "to": "str",
        "neededBitsPerSecond": "float",
        "residualBitsPerSecond": "float",
    },
)


ExplanationCandidateRejection = (
    ExplanationCandidateRejectionNoFreeGpus
    | ExplanationCandidateRejectionSingleRegion
    | ExplanationCandidateRejectionBandwidth
)


class _ExplanationCandidateRequired(TypedDict):
    regions: list[str]
    gpus: int
    outcome: Literal["chosen", "not-best", "too-few-gpus"]
    rejections: list[ExplanationCandidateRejection]


class ExplanationCandidate(_ExplanationCandidateRequired, total=False):
    runSeconds: float
    usd: float
    score: float


class ExplanationPostponed(TypedDict):
    kind: Literal["faster", "cheaper"]
    untilSeconds: float


class _ExplanationPrecedenceRequired(TypedDict):
    tenant: str
    priorityClass: str | None
    classValue: float
    weightedGpuSeconds: float | None


class ExplanationPrecedence(_ExplanationPrecedenceRequired, total=False):
    behind: str
    because: Literal["class", "share"]


class ExplanationOverQuotaGpus(TypedDict):
    kind: Literal["gpus"]
    tenant: str
    quota: float
    held: float
    needed: float


class ExplanationOverQuotaUsdPerDay(TypedDict):
    kind: Literal["usd-per-day"]
    tenant: str
    quota: float
    spent: float
    expected: float
    needed: float


ExplanationOverQuota = ExplanationOverQuotaGpus | ExplanationOverQuotaUsdPerDay


class _ExplanationRequired(TypedDict):
    policy: str
    position: int
    order: ExplanationOrder
    targetGpus: int
    neededGpus: int
    candidates: list[ExplanationCandidate]
    iterationLowerBoundSeconds: float


class Explanation(_ExplanationRequired, total=False):
    blockedBy: str
    depth: float
    reservedFor: str
    postponed: ExplanationPostponed
    precedence: ExplanationPrecedence
    overQuota: ExplanationOverQuota


class Explained(TypedDict):
    jobId: str
    kind: Literal["start", "wait", "infeasible", "placed", "ended"]
    placement: Placement | None
    hops: list[Hop]
    replan: Replan
    predictedStepSeconds: float | None
    why: Explanation | None


class Plan(TypedDict):
    decisions: list[Explained]
    revision: int


class Provenance(TypedDict):
    source: str
    ageSeconds: float | None
    isDefault: bool


class RegionLinkLimit(TypedDict):
    bitsPerSecond: float
    ageSeconds: float


class _RegionLinkRequired(TypedDict):
    to: str
    bandwidthBitsPerSecond: float
    reservedBitsPerSecond: float
    latencySeconds: float
    limit: RegionLinkLimit | None


class RegionLink(_RegionLinkRequired, total=False):
    bandwidthFrom: Provenance
    latencyFrom: Provenance
    plannedBitsPerSecond: float


class _RegionRequired(TypedDict):
    name: str
    gpuType: str
    emulated: bool
    gpus: int
    freeGpus: int
    priceUsdPerKwh: float
    pue: float
    latitude: float | None
    longitude: float | None
    links: list[RegionLink]


class Region(_RegionRequired, total=False):
    infrastructure: str
    priceFrom: Provenance
    carbonGramsPerKwh: float | None
    carbonFrom: Provenance
    cordon: Literal["cordoned", "drained"]
