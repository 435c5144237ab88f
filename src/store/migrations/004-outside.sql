-- What outside systems asked for, as it was accepted. What became of it stands in `decisions` and `intents`, under the
-- decision's id, so that there is one truth about it.
CREATE TABLE outside_intents (
  intent_id TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  -- JSON: what was answered, and is answered again
  answer TEXT NOT NULL,
  accepted_at INTEGER NOT NULL
) STRICT;
CREATE INDEX outside_intents_by_time ON outside_intents (accepted_at);

-- `document` is the plan as it was accepted, JSON.
CREATE TABLE plans (
  plan_id TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  document TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  cancelled_at INTEGER
) STRICT;
CREATE INDEX plans_by_expiry ON plans (expires_at);
