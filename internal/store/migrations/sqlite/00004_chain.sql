-- The chain begins with 1 and leaves no number out. An entry below the first
-- would be obeyed as the last of its month, and change neither the head nor
-- what follows.

-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER closings_refuse_gap BEFORE INSERT ON closings
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM closings)
BEGIN
    SELECT RAISE(ABORT, 'closings is append-only: this is not its next number');
END;
-- +goose StatementEnd
