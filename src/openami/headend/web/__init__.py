"""What the pages and the REST interface share: words for figures and times, tables, charts, the frame, errors."""
