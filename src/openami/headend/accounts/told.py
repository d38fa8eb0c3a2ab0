"""What became of a proposal, in words of the pages."""

from openami.headend.accounts.proposals import Proposal, State
from openami.headend.web.markup import Html, html


def proposed(made: Proposal) -> Html:
    """Say whether it was done, or waits for another person."""
    if made.state is State.DONE:
        once = html(' <span class="once"><code>{}</code></span>', made.shown_once) if made.shown_once else Html()
        return html("Done: {}.{}", made.outcome, once)
    return html('Proposed as <a href="/proposals">number {}</a>; another person has to approve it.', made.id)
