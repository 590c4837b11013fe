-- What the chair said of the recording since it was planned: true after a start, false after a stop; null: as planned.
ALTER TABLE "meeting" ADD COLUMN "recordingWanted" BOOLEAN;
