"""Every input that a fuzzer has ever found of interest is tried again: each target takes all of its corpus."""

from pathlib import Path

import pytest

from targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(CORPUS.glob("*/*"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.name[:12]}")
def test_an_input_of_the_corpus_is_taken(file: Path) -> None:
    TARGETS[file.parent.name](file.read_bytes())


def test_the_corpus_is_of_known_targets_and_small() -> None:
    assert {file.parent.name for file in FILES} == TARGETS.keys(), "a target without a corpus, or the reverse"
    assert sum(file.stat().st_size for file in FILES) < 2_000_000
