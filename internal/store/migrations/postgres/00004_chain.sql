-- The chain begins with 1 and leaves no number out. An entry below the first
-- would be obeyed as the last of its month, and change neither the head nor
-- what follows.

-- +goose Up
SET LOCAL lock_timeout = '2s';
-- +goose StatementBegin
CREATE FUNCTION extrato.refuse_gap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq IS DISTINCT FROM (SELECT coalesce(max(seq), 0) + 1 FROM extrato.closings) THEN
        RAISE EXCEPTION 'closings is append-only: % is not its next number', NEW.seq;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER closings_refuse_gap BEFORE INSERT ON extrato.closings
    FOR EACH ROW EXECUTE FUNCTION extrato.refuse_gap();
