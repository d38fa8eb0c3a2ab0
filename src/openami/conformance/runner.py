"""Runs cases in their order, each with connections of its own, none for longer than its time."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable

from openami.conformance.case import Case
from openami.conformance.counters import learn_counters
from openami.conformance.talk import Wire
from openami.conformance.target import Target
from openami.conformance.trial import Memory, Trial
from openami.conformance.verdict import FailedError, InconclusiveError, NotApplicableError, Outcome, Verdict
from openami.core.errors import AmiError, LinkError

CLOSING_S = 10.0
"""How long the connections of a case may take to close."""

VERDICTS: dict[type[AmiError], Verdict] = {
    NotApplicableError: Verdict.NOT_APPLICABLE,
    InconclusiveError: Verdict.INCONCLUSIVE,
    LinkError: Verdict.INCONCLUSIVE,
}
"""What an error says of a case; any other is the meter's: it sent what breaks the rules of every case."""


async def run_cases(
    target: Target, cases: Iterable[Case], progress: Callable[[Outcome], object] = lambda _: None
) -> list[Outcome]:
    """Run cases; `progress` is told of each. `LinkError` when there is nobody to be tested."""
    await (await Wire.open(target)).close()
    memory = Memory()
    await learn_counters(target, memory)
    outcomes: list[Outcome] = []
    for case in cases:
        outcomes.append(await run_case(case, target, memory))
        progress(outcomes[-1])
    return outcomes


async def run_case(case: Case, target: Target, memory: Memory) -> Outcome:
    """Run one case."""
    trial, started = Trial(memory.current(target), memory), time.monotonic()
    verdict, detail = await judged(case, trial)
    with contextlib.suppress(TimeoutError, AmiError):
        async with asyncio.timeout(CLOSING_S):
            await trial.close()
    duration_s = time.monotonic() - started
    return Outcome(case.name, case.title, case.group, verdict, detail, tuple(trial.remarks), duration_s)


async def judged(case: Case, trial: Trial) -> tuple[Verdict, str]:
    """Say how a case ended, and why."""
    if case.writes and not trial.target.allows_writes:
        return Verdict.NOT_APPLICABLE, "it writes to the meter, and that was not allowed"
    limit_s = trial.target.limit_s
    try:
        async with asyncio.timeout(limit_s):
            await case.run(trial)
    except FailedError as error:
        return Verdict.FAIL, str(error)
    except AmiError as error:
        return verdict_of(error), str(error)
    except TimeoutError:
        return Verdict.INCONCLUSIVE, f"not done within {limit_s:g} s"
    return Verdict.PASS, ""


def verdict_of(error: AmiError) -> Verdict:
    """Say what an error means that is no broken rule in words."""
    found = [verdict for kind, verdict in VERDICTS.items() if isinstance(error, kind)]
    return found[0] if found else Verdict.FAIL
