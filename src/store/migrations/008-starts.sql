-- Whether the trade of an intent is over: a start looks only at those that are not, however many there were.
ALTER TABLE intents ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;
UPDATE intents SET closed = 1 WHERE trade IN (SELECT trade FROM trades);
CREATE INDEX intents_open ON intents (time) WHERE closed = 0;
-- States of the execution's order status that are not an end.
CREATE INDEX orders_open ON orders (time) WHERE state IN ('sent', 'unknown', 'live', 'cancelling', 'triggered');
CREATE INDEX decisions_outside ON decisions (time) WHERE source IN ('intents', 'plans', 'decision_file');
CREATE INDEX intents_outside ON intents (time) WHERE source IN ('intents', 'plans', 'decision_file');
