"""gurux-dlms, a stack that somebody else wrote, at work on what it is ordered to do."""

import gurux_keys
import gurux_oracle
import gurux_pushes
import gurux_tour
import gurux_upgrade
import gurux_view
import gurux_work
from peer import serve

PARTS = (gurux_keys, gurux_oracle, gurux_pushes, gurux_tour, gurux_upgrade, gurux_view, gurux_work)

serve({name: job for part in PARTS for name, job in part.JOBS.items()})
