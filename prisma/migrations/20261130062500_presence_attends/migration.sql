-- Whether the row's participant attends (core/attendance/attends.ts), decided once, when the event came: recorders, agents,
-- cameras and second devices are written down and not counted. `kind` may now also be 'aborted': a connection that was
-- given up before it had any media.
ALTER TABLE "presence_event" ADD COLUMN "attends" BOOLEAN NOT NULL DEFAULT true;

-- Rows before this column were told apart by their identity alone; the table refuses updates otherwise.
ALTER TABLE "presence_event" DISABLE TRIGGER presence_event_append_only;
UPDATE "presence_event" SET "attends" = false
  WHERE "kind" <> 'room_finished' AND ("identity" LIKE 'viewer:%' OR "role" = 'viewer' OR "identity" LIKE '_%#%');
ALTER TABLE "presence_event" ENABLE TRIGGER presence_event_append_only;
