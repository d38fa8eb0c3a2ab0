"""Run by Alembic: revisions go through the connection that the caller has begun. Merely imported it does nothing."""

from alembic import context
from alembic.config import Config


def run(config: Config) -> None:
    """Run what Alembic was told to."""
    context.configure(
        connection=config.attributes["connection"],
        target_metadata=config.attributes["metadata"],
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if hasattr(context, "config"):  # there only while Alembic runs
    run(context.config)
