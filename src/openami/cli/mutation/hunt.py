"""The hunt: for each function drawn, mutations of what it cites or runs, until one of its tests says no."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from operator import itemgetter
from pathlib import Path
from queue import SimpleQueue
from random import Random
from tempfile import TemporaryDirectory
from typing import TypeVar

from openami.cli.mutation import rows, syntax
from openami.cli.mutation.rows import Edit
from openami.cli.mutation.scratch import Outcome, Project, Scratch

COMPARED = 30
"""How many functions' tests are looked at at least, to tell lines that few run from those that all do."""

OWN = "cli/mutation/"
BEHAVING = frozenset({"metering", "meters", "net", "headend"})
"""Folders where what a product does is written; lines elsewhere count as run by so many functions' tests more."""

AWAY = 3
MOST_OF_A_FILE = 20
ENOUGH = 40
"""Most tests of one function that are run; the quickest."""

COLLECTING_S = 300.0

Lines = dict[str, set[int]]
A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """How hard it is tried: seconds of a test, mutations of a function, workers, the seed of all that is drawn."""

    limit_s: float = 60.0
    tries: int = 12
    jobs: int = 2
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a function: the mutation that a test noticed, or why there is none."""

    identity: str
    mutation: str = ""
    test: str = ""
    tried: int = 0
    reason: str = ""
    passed: tuple[str, ...] = ()
    """Mutations with which its tests, and the package at large, went on as if nothing were."""

    @property
    def is_caught(self) -> bool:
        """Whether a test fails without the function."""
        return bool(self.mutation)


@dataclass(slots=True)
class Ground:
    """What is known before anything is spoiled: tests of each function, lines of each test, and how often they run."""

    tests: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    red: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    lines: dict[str, Lines] = field(default_factory=dict[str, Lines])
    users: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])

    def take(self, marks: Mapping[str, Sequence[str]], outcome: Outcome) -> None:
        """Learn from a run of tests as they are."""
        for name, test in sorted(outcome.tests.items(), key=lambda item: float(item[1]["seconds"])):
            for identity in marks[name]:
                if test["outcome"] != "passed":
                    self.red.setdefault(identity, []).append(name)
                    continue
                self.tests.setdefault(identity, []).append(name)
                held = self.lines.setdefault(identity, {})
                for file, numbers in test["lines"].items():
                    held.setdefault(file, set()).update(numbers)

    def count(self) -> None:
        """Count for each line how many functions' tests run it."""
        for held in self.lines.values():
            self.users.update((file, number) for file, numbers in held.items() for number in numbers)


class Copies:
    """Copies of a checkout, lent to one piece of work at a time."""

    def __init__(self, project: Project, folder: Path, pool: ThreadPoolExecutor, number: int) -> None:
        self._pool = pool
        self._free: SimpleQueue[Scratch] = SimpleQueue()
        for place in range(number):
            self._free.put(Scratch(project, folder / str(place)))

    def each(self, work: Callable[[Scratch, A], B], items: Iterable[A]) -> Iterator[B]:
        """Do the work on every item, several at once; results in their order."""

        def lent(item: A) -> B:
            copy = self._free.get()
            try:
                return work(copy, item)
            finally:
                self._free.put(copy)

        return self._pool.map(lent, items)


def hunt(
    project: Project, wanted: Sequence[str], others: Sequence[str], how: Hunt, progress: Callable[[str], None]
) -> Iterator[Verdict]:
    """Give a verdict on each function wanted; `others` are functions to compare with. `progress` hears what goes on."""
    with TemporaryDirectory(prefix="openami-mutation-") as folder, ThreadPoolExecutor(how.jobs) as pool:
        progress("copying the checkout")
        copies = Copies(project, Path(folder), pool, how.jobs)
        progress("collecting the tests")
        [marks] = copies.each(Scratch.collect, [max(how.limit_s, COLLECTING_S)])
        compared = {*wanted, *others[: max(0, COMPARED - len(wanted))]}
        tests = [name for name, found in marks.items() if compared & set(found)]
        progress(f"running {len(tests)} tests as they are")
        ground = surveyed(copies, marks, tests, how)
        products = sorted({product_of(identity) for identity in wanted})
        for lines in copies.each(lambda copy, slug: copy.common(max(how.limit_s, 60.0), slug), products):
            ground.users.update(dict.fromkeys(lines, COMPARED))
        progress("spoiling")
        yield from copies.each(lambda copy, identity: judged(copy, identity, ground, how), wanted)


def surveyed(copies: Copies, marks: Mapping[str, Sequence[str]], tests: Sequence[str], how: Hunt) -> Ground:
    """Run tests as they are, and note what each runs."""

    def run(copy: Scratch, share: Sequence[str]) -> Outcome:
        return copy.run(share, how.limit_s, trace=True)

    ground = Ground()
    shares = [tests[number :: how.jobs] for number in range(how.jobs)]
    for outcome in copies.each(run, filter(None, shares)):
        ground.take(marks, outcome)
    ground.count()
    return ground


def judged(copy: Scratch, identity: str, ground: Ground, how: Hunt) -> Verdict:
    """Try mutations until a test notices one that leaves the package alive."""
    tests = ground.tests.get(identity, [])[:ENOUGH]
    if identity in ground.red:
        return Verdict(identity, reason=f"its test fails as it is: {ground.red[identity][0]}")
    if not tests:
        return Verdict(identity, reason="no test carries it")
    tried, passed, broken = 0, list[str](), 0
    for edit in islice(edits(copy, identity, ground, how), how.tries):
        tried += 1
        with copy.spoiled(edit.file, edit.text):
            outcome = copy.run(tests, how.limit_s, stop=True)
            if outcome.noticed and works(copy, identity, edit, how):
                return Verdict(identity, edit.what, outcome.noticed, tried, passed=tuple(passed))
        if outcome.noticed or outcome.is_broken:
            broken += 1
        else:
            passed.append(edit.what)
    return Verdict(identity, tried=tried, reason=why(tried, broken), passed=tuple(passed))


def why(tried: int, broken: int) -> str:
    """Say why nothing was noticed."""
    if not tried:
        return "there is nothing to change in what it cites or runs"
    rest = f", {broken} broke the package as a whole" if broken else ""
    return f"of {tried} mutations none was noticed{rest}"


def works(copy: Scratch, identity: str, edit: Edit, how: Hunt) -> bool:
    """Whether the package lives on with a mutation."""
    file = Path(edit.file)
    module = ".".join(file.with_suffix("").parts[1:]).removesuffix(".__init__")
    return copy.works(max(how.limit_s, 60.0), product_of(identity), *([module] if file.suffix == ".py" else []))


def product_of(identity: str) -> str:
    """Name the product, as its file is called, that states a function; empty if nobody does."""
    from openami.cli.features import load_stated

    return next((slug for slug, found in load_stated().items() if any(f.identity == identity for f in found)), "")


def edits(copy: Scratch, identity: str, ground: Ground, how: Hunt) -> Iterator[Edit]:
    """Give mutations: of the rows that cite the function, then of what its tests run and few others do.

    Where many rows cite it, they have half of the tries, for a row may name what only code does.
    """
    files = (copy.root / copy.project.package).rglob("*.toml")
    tables = sorted(file for file in files if identity in file.read_text(encoding="utf-8"))
    dice = Random(f"{how.seed} {identity}")  # noqa: S311  drawn by a seed
    lines = ground.lines.get(identity, {})
    yield from islice(rows.edits(copy.root, tables, identity), max(1, how.tries // 2))
    yield from of_lines(copy.root, lines, ground.users, dice)


def of_lines(root: Path, lines: Lines, users: Counter[tuple[str, int]], dice: Random) -> Iterator[Edit]:
    """Mutations of lines: from one file to the next, in each those first that fewest functions' tests run."""
    queues: list[tuple[tuple[int, float], list[Edit | None]]] = []
    for file in (file for file in sorted(lines) if OWN not in file):
        source = (root / file).read_text(encoding="utf-8")
        changes = [*syntax.changes(source, lines[file].__contains__)]
        if not changes:
            continue
        shared = {change: users[file, change.line] for change in changes}
        first = min(shared.values()) + (0 if set(Path(file).parts) & BEHAVING else AWAY)
        queues.append(((first, dice.random()), [edited(root, file, change) for change in ordered(shared, dice)]))
    for turn in zip_longest(*(queue for _, queue in sorted(queues, key=itemgetter(0)))):
        yield from filter(None, turn)


def ordered(shared: Mapping[syntax.Change, int], dice: Random) -> list[syntax.Change]:
    """Order the changes of a file: few users first, then one of each function, then gentle ones."""
    seen: Counter[tuple[int, str]] = Counter()
    keys: dict[syntax.Change, tuple[int, int, int, float]] = {}
    for change in sorted(shared, key=lambda each: (shared[each], each.rank, dice.random())):
        place = shared[change], change.function
        keys[change] = shared[change], seen[place], change.rank, dice.random()
        seen[place] += 1
    return sorted(keys, key=keys.__getitem__)[:MOST_OF_A_FILE]


def edited(root: Path, file: str, change: syntax.Change) -> Edit | None:
    """Carry a change out; nothing where that is no Python."""
    try:
        text = syntax.changed((root / file).read_text(encoding="utf-8"), change)
    except SyntaxError:
        return None
    return Edit(file, text, f"{file}:{change.line} in {change.function}: {change.what}")
