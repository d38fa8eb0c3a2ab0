"""Fuzz targets with atheris, each in a process of its own, and keep what reaches new code: `make fuzz`.

    python tests/fuzz/run.py --seconds 240 --keep hdlc data

A crash, a hang (over 5 s), or growth past 1 GiB ends a target with an error; the input then stands in
`build/fuzz/<target>/crash-*`. With `--keep`, the fewest and shortest inputs that reach the same code go into
`tests/fuzz/corpus/<target>.hex`, one to a line, where `test_corpus.py` tries them ever after.
"""

import argparse
import subprocess
import sys
from hashlib import sha1
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CORPUS = HERE / "corpus"
BUILD = ROOT / "build" / "fuzz"
LIMITS = ("-timeout=5", "-rss_limit_mb=1024", "-max_len=4096", "-print_final_stats=1")
LONGEST_KEPT = 256


def fuzz(name: str, words: list[str]) -> None:
    """Run one target as the words of libFuzzer say; this process ends there."""
    import atheris

    with atheris.instrument_imports(include=["openami"]):
        from targets import TARGETS
    itself = f"{sys.executable} {__file__} --target {name}"  # a merge starts itself anew
    atheris.Setup([itself, *words], TARGETS[name])
    atheris.Fuzz()


def begin(name: str) -> Path:
    """Give the folder of a target, with the kept inputs as files."""
    folder = BUILD / name
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    kept = CORPUS / f"{name}.hex"
    for line in kept.read_text(encoding="ascii").splitlines() if kept.exists() else ():
        octets = bytes.fromhex(line)
        (folder / "corpus" / sha1(octets).hexdigest()).write_bytes(octets)
    return folder


def run(name: str, seconds: int) -> bool:
    """Fuzz a target from its corpus; whether it stood."""
    folder = begin(name)
    command = [sys.executable, __file__, "--target", name, str(folder / "corpus")]
    command += [*LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={folder}/"]
    with (folder / "log").open("w") as log:
        done = subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False)
    counts = [line for line in (folder / "log").read_text().splitlines() if "number_of_executed_units" in line]
    verdict = "stood" if done.returncode == 0 else "FELL"
    print(f"{name}: {verdict}, {counts[-1].split()[-1] if counts else '?'} inputs in {seconds} s", flush=True)
    return done.returncode == 0


def keep(name: str) -> None:
    """Write the corpus of the tree anew: the fewest inputs that reach the same code."""
    folder = begin(name)
    chosen = folder / "chosen"
    chosen.mkdir(exist_ok=True)
    for file in chosen.iterdir():
        file.unlink()
    command = [sys.executable, __file__, "--target", name, "-merge=1", f"-max_len={LONGEST_KEPT}"]
    command += [str(chosen), str(folder / "corpus")]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    inputs = sorted({file.read_bytes() for file in chosen.iterdir()}, key=lambda octets: (len(octets), octets))
    CORPUS.mkdir(exist_ok=True)
    (CORPUS / f"{name}.hex").write_text("".join(f"{octets.hex()}\n" for octets in inputs), encoding="ascii")


def main() -> int:
    """Take the words of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="those to run; all without any")
    parser.add_argument("--seconds", type=int, default=240, help="for each target")
    parser.add_argument("--keep", action="store_true", help="write the corpus of the tree anew")
    chosen = parser.parse_args()
    from targets import TARGETS

    names = chosen.targets or list(TARGETS)
    fallen = [name for name in names if not run(name, chosen.seconds)]
    for name in names if chosen.keep else ():
        keep(name)
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    if "--target" in sys.argv:
        place = sys.argv.index("--target")
        fuzz(sys.argv[place + 1], sys.argv[place + 2 :])
    sys.exit(main())
