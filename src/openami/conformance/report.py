"""What a run has found: a table, a document for programs, a page in Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from openami.conformance.target import Target
from openami.conformance.verdict import Outcome, Verdict

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

CLAIM: Final = (
    "Cases are named after those of the DLMS UA's abstract test suites (Yellow Book), whose texts are not public and "
    "were not used: what is tested is what the Green and Blue Books say. No certificate follows from this."
)
HEAD: Final = ("case", "verdict", "rule, or what broke it")


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of one run against one target."""

    url: str
    associations: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    @classmethod
    def of(cls, url: str, target: Target, outcomes: Sequence[Outcome]) -> "Report":
        """Make the report of a run."""
        return cls(url, tuple(map(str, target.logins)), tuple(outcomes))

    @property
    def is_failed(self) -> bool:
        """Whether any rule was broken."""
        return any(outcome.verdict is Verdict.FAIL for outcome in self.outcomes)

    @property
    def counts(self) -> dict[str, int]:
        """How many cases ended in each verdict."""
        return {verdict.value: sum(o.verdict is verdict for o in self.outcomes) for verdict in Verdict}

    @property
    def summary(self) -> str:
        """The counts in one line."""
        return ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items() if count)

    def rows(self) -> list[tuple[str, str, str]]:
        """Case, verdict and rule; where it is not passed, what was seen in place of the rule."""
        return [(o.name, o.verdict.value, o.detail or o.title) for o in self.outcomes]

    def document(self) -> Json:
        """Everything, for programs."""
        return {
            "url": self.url,
            "claim": CLAIM,
            "associations": self.associations,
            "counts": self.counts,
            "cases": [
                {
                    "name": outcome.name,
                    "title": outcome.title,
                    "group": outcome.group.value,
                    "verdict": outcome.verdict.value,
                    "detail": outcome.detail,
                    "remarks": outcome.remarks,
                    "duration_s": round(outcome.duration_s, 3),
                }
                for outcome in self.outcomes
            ],
        }

    def markdown(self) -> str:
        """Everything, for readers."""
        associations = "\n".join(f"- {association}" for association in self.associations)
        lines = [HEAD, ("---",) * len(HEAD), *self.rows()]
        table = "\n".join("| " + " | ".join(part.replace("|", "\\|") for part in line) + " |" for line in lines)
        return (
            f"# Conformance of {self.url}\n\n{CLAIM}\n\nAssociations tried:\n\n{associations}\n\n"
            f"{self.summary}.\n\n{table}\n\n## Remarks\n\n{self._remarks()}\n"
        )

    def _remarks(self) -> str:
        """List what was seen beside the rules."""
        found = [f"- {outcome.name}: {remark}" for outcome in self.outcomes for remark in outcome.remarks]
        return "\n".join(found) or "None."
