"""Fuzz targets with atheris, each in a process of its own, and keep what reaches new code: `make fuzz`.

    python tests/fuzz/run.py --seconds 240 hdlc_stream data

A crash, a hang (over 5 s), or growth past 1 GiB ends a target with an error, and the input stands in
`build/fuzz/<target>/crash-*`. What is new and smallest goes into `tests/fuzz/corpus/<target>` with `--keep`.
"""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "fuzz"
LIMITS = ("-timeout=5", "-rss_limit_mb=1024", "-max_len=4096", "-print_final_stats=1")


def fuzz(name: str, words: list[str]) -> None:
    """Run one target for ever, or as the words of libFuzzer say; this process ends there."""
    import atheris

    with atheris.instrument_imports(include=["openami"]):
        from targets import TARGETS
    target = TARGETS[name]
    atheris.Setup([sys.argv[0], *words], target)
    atheris.Fuzz()


def run(name: str, seconds: int) -> bool:
    """Fuzz a target from its corpus; whether it stood."""
    folder = BUILD / name
    for corpus in (folder / "corpus", HERE / "corpus" / name):
        corpus.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, "--target", name, str(folder / "corpus"), str(HERE / "corpus" / name)]
    command += [*LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={folder}/"]
    with (folder / "log").open("w") as log:
        done = subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False)
    counts = [line for line in (folder / "log").read_text().splitlines() if "number_of_executed_units" in line]
    verdict = "stood" if done.returncode == 0 else "FELL"
    print(f"{name}: {verdict}, {counts[-1].split()[-1] if counts else '?'} inputs in {seconds} s", flush=True)
    return done.returncode == 0


def keep(name: str) -> None:
    """Merge what is new into the corpus of the tree: the fewest inputs that reach the same code."""
    into = HERE / "corpus" / name
    into.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        __file__,
        "--target",
        name,
        "-merge=1",
        "-max_len=512",
        str(into),
        str(BUILD / name / "corpus"),
    ]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)


def main() -> int:
    """Take the words of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="those to run; all without any")
    parser.add_argument("--seconds", type=int, default=240, help="for each target")
    parser.add_argument("--keep", action="store_true", help="merge what is new into the corpus of the tree")
    chosen = parser.parse_args()
    from targets import TARGETS

    fallen = [name for name in chosen.targets or TARGETS if not run(name, chosen.seconds)]
    if chosen.keep:
        for name in chosen.targets or TARGETS:
            keep(name)
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    if "--target" in sys.argv:
        place = sys.argv.index("--target")
        fuzz(sys.argv[place + 1], sys.argv[place + 2 :])
    sys.exit(main())
