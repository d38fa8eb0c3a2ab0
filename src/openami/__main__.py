"""`python -m openami` and the command `openami`."""


def main() -> None:
    """Run the command line."""
    from openami.aio.kin import end_with_parent
    from openami.cli import app

    end_with_parent()
    app(prog_name="openami")


if __name__ == "__main__":
    main()
