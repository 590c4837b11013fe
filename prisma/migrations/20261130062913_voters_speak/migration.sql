ALTER TABLE "raised_hand" ADD COLUMN "awaySince" TIMESTAMPTZ(3),
ADD COLUMN "unit" TEXT NOT NULL DEFAULT '';

CREATE TABLE "floor_grant" (
    "meetingId" TEXT NOT NULL,
    "identity" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "unit" TEXT NOT NULL DEFAULT '',
    "at" TIMESTAMPTZ(3) NOT NULL,
    "awaySince" TIMESTAMPTZ(3),

    CONSTRAINT "floor_grant_pkey" PRIMARY KEY ("meetingId","identity")
);

ALTER TABLE "floor_grant" ADD CONSTRAINT "floor_grant_meetingId_fkey" FOREIGN KEY ("meetingId") REFERENCES "meeting"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Voters ask and raise their hand in a meeting that is held for them; those already begun keep what their chair set.
UPDATE "meeting" SET "viewersMayAsk" = true, "viewersMayRaiseHand" = true
WHERE "kind" = 'voter_contact' AND "status" = 'scheduled';
