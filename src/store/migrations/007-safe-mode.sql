-- SAFE MODE as it last stood, as JSON; one row. How it came and went stands in `logs`.
CREATE TABLE safe_mode (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  state TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT;
