-- Microseconds after the close in which the symbol rests in this direction; null in rows of earlier versions.
ALTER TABLE intents ADD COLUMN cooldown INTEGER;
