-- Where an action was asked from and how it ended; refusals are rows, too.
ALTER TABLE "audit_entry" ADD COLUMN "ip" TEXT NOT NULL DEFAULT '',
ADD COLUMN "result" TEXT NOT NULL DEFAULT 'done';

-- What happened in a meeting outlives every attempt to remove the meeting.
ALTER TABLE "floor_event" DROP CONSTRAINT "floor_event_meetingId_fkey";
ALTER TABLE "presence_event" DROP CONSTRAINT "presence_event_meetingId_fkey";
ALTER TABLE "floor_event" ADD CONSTRAINT "floor_event_meetingId_fkey" FOREIGN KEY ("meetingId") REFERENCES "meeting"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "presence_event" ADD CONSTRAINT "presence_event_meetingId_fkey" FOREIGN KEY ("meetingId") REFERENCES "meeting"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Rows that are written once: neither UPDATE nor DELETE nor TRUNCATE, also not by the owner unless he takes the trigger away.
DROP TRIGGER presence_event_append_only ON "presence_event";
DROP TRIGGER floor_event_append_only ON "floor_event";
DROP TRIGGER audit_entry_append_only ON "audit_entry";
DROP FUNCTION refuse_update();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are append-only: % is refused', TG_TABLE_NAME, TG_OP;
END;
$$;
CREATE TRIGGER presence_event_append_only BEFORE UPDATE OR DELETE ON "presence_event"
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER floor_event_append_only BEFORE UPDATE OR DELETE ON "floor_event"
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON "audit_entry"
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER presence_event_no_truncate BEFORE TRUNCATE ON "presence_event"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER floor_event_no_truncate BEFORE TRUNCATE ON "floor_event"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON "audit_entry"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
