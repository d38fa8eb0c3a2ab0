"""ERT meters: what receivers overhear, walking by or at a fixed place, becomes readings, intervals and events."""
