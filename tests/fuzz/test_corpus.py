"""Every input that a fuzzer has found of interest is tried again: each target takes all of its corpus."""

from pathlib import Path

import pytest

from targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_target_takes_all_of_its_corpus(name: str) -> None:
    inputs = [bytes.fromhex(line) for line in (CORPUS / f"{name}.hex").read_text(encoding="ascii").splitlines()]
    assert inputs
    for octets in inputs:
        TARGETS[name](octets)


def test_every_corpus_has_its_target_and_all_are_small() -> None:
    files = list(CORPUS.iterdir())
    assert {file.stem for file in files} == TARGETS.keys()
    assert sum(file.stat().st_size for file in files) < 1_000_000
