-- How the floor is led, and the speaking list.
ALTER TABLE "meeting" ADD COLUMN "floorMode" TEXT NOT NULL DEFAULT 'free',
ADD COLUMN "lastCall" JSONB,
ADD COLUMN "nextTurnId" TEXT,
ADD COLUMN "speechLimitS" INTEGER NOT NULL DEFAULT 300,
ADD COLUMN "unspokenFirst" BOOLEAN NOT NULL DEFAULT false;

CREATE TABLE "speaking_turn" (
    "id" TEXT NOT NULL,
    "meetingId" TEXT NOT NULL,
    "identity" TEXT,
    "name" TEXT NOT NULL,
    "unit" TEXT NOT NULL DEFAULT '',
    "topic" TEXT NOT NULL DEFAULT '',
    "isFromHand" BOOLEAN NOT NULL DEFAULT false,
    "addedBy" TEXT NOT NULL DEFAULT '',
    "at" TIMESTAMPTZ(3) NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'waiting',
    "rank" DOUBLE PRECISION NOT NULL,
    "spokenBefore" INTEGER NOT NULL DEFAULT 0,
    "startedAt" TIMESTAMPTZ(3),
    "untilAt" TIMESTAMPTZ(3),
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "speaking_turn_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "speaking_turn_meetingId_idx" ON "speaking_turn"("meetingId");

ALTER TABLE "speaking_turn" ADD CONSTRAINT "speaking_turn_meetingId_fkey" FOREIGN KEY ("meetingId") REFERENCES "meeting"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Microphones that are held are the floor of several by permission.
UPDATE "meeting" SET "floorMode" = 'several' WHERE "microphonesHeld";
-- Where voters are met one speaks at a time; meetings already begun keep what their chair set.
UPDATE "meeting" SET "floorMode" = 'one', "microphonesHeld" = true
WHERE "kind" = 'voter_contact' AND "status" = 'scheduled';
