/** Bounds that keep one client from hurting the node; docs/limits.md is their table. The edge may overlay them; tests shorten the times. */
export interface RoomLimits {
  /** Rooms open on this node at once, with or without participants. */
  rooms: number
  /** Participants in a room that names no maximum of its own, or a higher one. */
  participantsPerRoom: number
  /** Second connections (`publish`) of one participant at once. */
  secondConnections: number
  /** UTF-8 bytes of room or participant metadata, as many as LiveKit allows; every byte goes to every participant. */
  metadataBytes: number
  /** UTF-8 bytes of all keys and values together. */
  attributesBytes: number
  /** UTF-8 bytes of a display name. */
  nameBytes: number
  /** Tracks one participant may offer at once, pending ones included. */
  tracksPerParticipant: number
  /** An AddTrackRequest in bytes: names, layers and codecs in it are told to everybody. */
  trackRequestBytes: number
  /** A `DataPacket` as it comes from a client, in bytes. */
  dataPacketBytes: number
  /** Data packets a second of one participant, and how many at once. */
  dataPacketsPerS: number
  dataPacketBurst: number
  /** Reliable packets over that rate wait, in bytes; a client that sends more is told to reconnect. */
  dataInletBytes: number
  /** Bytes of reliable data waiting for one client; one that keeps up worse is told to reconnect. */
  dataQueueBytes: number
  /** Reliable packets kept for those who resume: for so long, and so many bytes of one publisher and of a room. */
  dataHistoryMs: number
  dataHistoryPublisherBytes: number
  dataHistoryRoomBytes: number
  /** After a resume new reliable packets wait for the client's SyncState, so that what it missed goes first. */
  dataSyncWaitMs: number
  /** A client whose reliable data is lost is told so after this time: one that closes its connections is about to leave. */
  dataLossGraceMs: number
  /** Packets of data tracks a second of one participant, and how many at once; what is over is dropped. */
  dataTrackPacketsPerS: number
  dataTrackPacketBurst: number
  dataTracksPerParticipant: number
  /** Data tracks one participant may ask for at once. */
  dataTrackSubscriptions: number
  /** Keys and contents of the data blobs one participant stores, together; and the contents of one. */
  dataBlobsBytes: number
  dataBlobBytes: number
  /** Signal messages a second of one connection, and how many at once. */
  signalMessagesPerS: number
  signalMessageBurst: number
  signalMessageBytes: number
  /** Bytes a second, and at once, of messages that have no effect here; those are not counted as messages. */
  ignoredBytesPerS: number
  ignoredBurstBytes: number
  /** Changes of name, metadata and attributes by a participant itself, a second and at once; refused beyond. */
  profileChangesPerS: number
  profileChangeBurst: number
  /** Bytes of such changes, a second and at once: everybody is told each. */
  profileBytesPerS: number
  profileBurstBytes: number
  /** Tracks and data tracks that one participant begins, a second and at once; each makes work for everybody in the room. */
  newTracksPerS: number
  newTrackBurst: number
  /** SubscriptionPermissions of one participant, a second and at once: each is judged for every track and subscriber. */
  subscriberChangesPerS: number
  subscriberChangeBurst: number
  /** Changes of a participant's tracks told at once, a second and in a burst; beyond, every second, the newest state only. */
  announcementsPerS: number
  announcementBurst: number
  /** Bytes of offers and answers of one participant a second, and at once: reading them takes the node's time. */
  descriptionBytesPerS: number
  descriptionBurstBytes: number
  /** Tracks one message may name; those beyond are not looked at. */
  sidsPerMessage: number
  /** Unknown tracks, data tracks among them, that one message is told of. */
  unknownTracksTold: number
  /** Entries of a SubscriptionPermission; more are refused as a whole. */
  permissionEntries: number
  /** Messages and their bytes kept for a participant whose socket is lost. */
  keptMessages: number
  keptBytes: number
  /** Bytes waiting in a socket above which it is closed as too slow. What a newcomer is told at first does not count. */
  signalBufferBytes: number
  /** `JoinResponse.pingInterval` and `pingTimeout`. */
  pingIntervalS: number
  pingTimeoutS: number
  /** A connection silent for so long is taken for dead. */
  signalSilenceMs: number
  /**
   * How long a participant is kept after its socket was lost. A network may be away for 20 s, and stock clients then try again
   * only every 7 s, give or take half.
   */
  resumeWindowMs: number
  /** The same while its media has never connected, not more than that: whoever comes later joins anew. */
  unconnectedResumeMs: number
  /** A participant whose media has not connected for so long after joining is let go. */
  connectTimeoutMs: number
  /** A participant whose media has been lost for so long is let go. */
  mediaLossMs: number
  /** Connections of who is told to come back are left open for so long, until the client closes them. */
  partingMs: number
  /** How often a client gets a new token, and how long one is valid at least. */
  tokenRefreshMs: number
  tokenTtlS: number
  /** Updates about participants who publish nothing wait this long for company. */
  observerUpdateMs: number
  /** Up to so many participants in a room every update goes out at once. */
  promptUpdatesUpTo: number
  /** So many people who may not publish are an audience: they are not told of one another, until the room closes. */
  audienceFrom: number
  /** Counts in `RoomUpdate` are coalesced over this time. */
  roomUpdateMs: number
  /** Between two tellings of who is heard, of whichever nodes. */
  speakersMs: number
  qualityIntervalMs: number
  /** Dynacast: a lower demand must last so long before the publisher hears of it. */
  dynacastDowngradeMs: number
  /** Encoded bytes after which a `ParticipantUpdate` is split. */
  updateChunkBytes: number
  emptyTimeoutS: number
  departureTimeoutS: number
}

export const defaultLimits: RoomLimits = {
  rooms: 2_000,
  participantsPerRoom: 3_000,
  secondConnections: 4,
  metadataBytes: 512 * 1024,
  attributesBytes: 64 * 1024,
  nameBytes: 1024,
  tracksPerParticipant: 32,
  trackRequestBytes: 16 * 1024,
  dataPacketBytes: 66 * 1024,
  dataPacketsPerS: 600,
  dataPacketBurst: 2000,
  dataInletBytes: 8 * 1024 * 1024,
  dataQueueBytes: 16 * 1024 * 1024,
  // Below the 30 s after which clients forget what they had of a publisher, so that nothing comes twice.
  dataHistoryMs: 20_000,
  dataHistoryPublisherBytes: 2 * 1024 * 1024,
  dataHistoryRoomBytes: 16 * 1024 * 1024,
  dataSyncWaitMs: 5_000,
  dataLossGraceMs: 2_000,
  dataTrackPacketsPerS: 1000,
  dataTrackPacketBurst: 2000,
  dataTracksPerParticipant: 64,
  dataTrackSubscriptions: 1024,
  dataBlobsBytes: 64_000,
  dataBlobBytes: 50_000,
  signalMessagesPerS: 60,
  signalMessageBurst: 600,
  signalMessageBytes: 768 * 1024,
  ignoredBytesPerS: 100_000,
  ignoredBurstBytes: 2_000_000,
  profileChangesPerS: 5,
  profileChangeBurst: 60,
  profileBytesPerS: 320_000,
  profileBurstBytes: 4_000_000,
  newTracksPerS: 2,
  newTrackBurst: 100,
  subscriberChangesPerS: 5,
  subscriberChangeBurst: 60,
  announcementsPerS: 10,
  announcementBurst: 100,
  descriptionBytesPerS: 400_000,
  descriptionBurstBytes: 8_000_000,
  sidsPerMessage: 2_000,
  unknownTracksTold: 100,
  permissionEntries: 5_000,
  keptMessages: 500,
  keptBytes: 2 * 1024 * 1024,
  signalBufferBytes: 8 * 1024 * 1024,
  pingIntervalS: 5,
  pingTimeoutS: 15,
  signalSilenceMs: 30_000,
  resumeWindowMs: 40_000,
  unconnectedResumeMs: 5_000,
  connectTimeoutMs: 30_000,
  mediaLossMs: 30_000,
  partingMs: 2_000,
  tokenRefreshMs: 300_000,
  tokenTtlS: 600,
  observerUpdateMs: 1_000,
  promptUpdatesUpTo: 50,
  audienceFrom: 50,
  roomUpdateMs: 2_000,
  speakersMs: 250,
  qualityIntervalMs: 5_000,
  dynacastDowngradeMs: 5_000,
  updateChunkBytes: 128 * 1024,
  emptyTimeoutS: 300,
  departureTimeoutS: 20,
}

/** UTF-8 length. */
export const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8')
export const attributesLength = (attributes: Record<string, string>): number => {
  let bytes = 0
  for (const [key, value] of Object.entries(attributes)) bytes += byteLength(key) + byteLength(value)
  return bytes
}
