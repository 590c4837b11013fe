-- Webhooks that can never be applied are kept here for people to look at, so that those after them go on.
CREATE TABLE "webhook_aside" (
    "bodyHash" TEXT NOT NULL,
    "eventId" TEXT NOT NULL,
    "event" TEXT NOT NULL,
    "roomName" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_aside_pkey" PRIMARY KEY ("bodyHash")
);
