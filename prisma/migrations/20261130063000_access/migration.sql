-- Who speaks for a hall, sessions behind tickets, held microphones, and the end that can be taken back.
ALTER TABLE "meeting" ADD COLUMN "microphonesHeld" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "meeting" ADD COLUMN "reopenedAt" TIMESTAMPTZ(3);

-- Halls of meetings that are already planned get a code, too: eight digits from the generator of random UUIDs.
ALTER TABLE "meeting_endpoint" ADD COLUMN "code" TEXT;
UPDATE "meeting_endpoint" SET "code" =
  lpad((('x' || substr(md5(gen_random_uuid()::text), 1, 13))::bit(52)::bigint % 100000000)::text, 8, '0');
ALTER TABLE "meeting_endpoint" ALTER COLUMN "code" SET NOT NULL;
CREATE UNIQUE INDEX "meeting_endpoint_meetingId_code_key" ON "meeting_endpoint"("meetingId", "code");

ALTER TABLE "meeting_participant" ADD COLUMN "endpointBy" TEXT;
ALTER TABLE "meeting_participant" ADD COLUMN "sessionId" TEXT;
ALTER TABLE "meeting_participant" ADD COLUMN "network" TEXT NOT NULL DEFAULT '';
ALTER TABLE "meeting_participant" ADD COLUMN "mayUnmute" BOOLEAN NOT NULL DEFAULT false;

ALTER TABLE "removed_identity" ADD COLUMN "name" TEXT NOT NULL DEFAULT '';
ALTER TABLE "removed_identity" ADD COLUMN "network" TEXT NOT NULL DEFAULT '';

ALTER TABLE "lobby_request" ADD COLUMN "claimEndpointId" TEXT;
ALTER TABLE "lobby_request" ADD COLUMN "claimConfirmed" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "lobby_request" ADD COLUMN "invited" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "lobby_request" ADD COLUMN "resembles" TEXT;

CREATE TABLE "hall_device" (
    "deviceId" TEXT NOT NULL,
    "hallId" TEXT NOT NULL,
    "confirmedBy" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "hall_device_pkey" PRIMARY KEY ("deviceId", "hallId")
);
CREATE INDEX "hall_device_hallId_idx" ON "hall_device"("hallId");
ALTER TABLE "hall_device" ADD CONSTRAINT "hall_device_hallId_fkey" FOREIGN KEY ("hallId") REFERENCES "hall"("id") ON DELETE CASCADE ON UPDATE CASCADE;
