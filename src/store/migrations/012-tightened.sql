-- What other settings have made of the exit rules and the hold of a running trade; null: nothing. `exits` and `hold_until` stay
-- what it was entered with.
ALTER TABLE intents ADD COLUMN tightened_exits TEXT;
ALTER TABLE intents ADD COLUMN tightened_hold_until INTEGER;
