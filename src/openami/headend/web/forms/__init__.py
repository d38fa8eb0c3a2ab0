"""Fields and buttons of pages that change something."""
