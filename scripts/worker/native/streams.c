#include "streams.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

// Bytes at the start of the payload that an SFU may rewrite: the VP8 payload descriptor and, generously, what follows.
#define UNCHECKED 20
#define TRAILER 16
// Before the trailer: when the packet was sent.
#define STAMP 8
#define VIDEO_PACKET 1160
#define PACKETS_PER_FRAME 4
#define FRAMES_PER_SECOND 26

static void put32(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}
static uint32_t get32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}
static void put64(uint8_t *at, uint64_t value) {
  put32(at, value >> 32);
  put32(at + 4, value);
}
static uint64_t get64(const uint8_t *at) { return (uint64_t)get32(at) << 32 | get32(at + 4); }
static uint16_t get16(const uint8_t *at) { return at[0] << 8 | at[1]; }

// Not cryptographic: SRTP's own tag has already excluded chance; this one proves that it is our payload, whole.
static uint32_t checksum(const uint8_t *data, size_t length) {
  uint64_t hash = 0x9e3779b97f4a7c15u ^ length;
  for (; length >= 8; data += 8, length -= 8) {
    uint64_t word;
    memcpy(&word, data, 8);
    hash = (hash ^ word) * 0xff51afd7ed558ccdu;
    hash ^= hash >> 32;
  }
  for (; length > 0; data++, length--) hash = (hash ^ *data) * 0xff51afd7ed558ccdu;
  return hash >> 32;
}

// Fills the payload after the first bytes, ending in: time of sending, "DMCU", stream number, counter, checksum.
static void fill(struct sender *sender, uint8_t *payload, size_t length, size_t used) {
  for (size_t i = used; i < length - TRAILER - STAMP; i++) payload[i] = (uint8_t)(sender->counter * 31 + i * 7);
  sender->sent_at = wall_nanoseconds();
  put64(payload + length - TRAILER - STAMP, sender->sent_at);
  uint8_t *trailer = payload + length - TRAILER;
  memcpy(trailer, "DMCU", 4);
  put32(trailer + 4, sender->stream);
  put32(trailer + 8, sender->counter++);
  put32(trailer + 12, checksum(payload + UNCHECKED, length - UNCHECKED - 4));
}

static size_t header(struct sender *sender, uint8_t *packet, bool marker) {
  packet[0] = 0x80;
  packet[1] = sender->payload_type | (marker ? 0x80 : 0);
  packet[2] = sender->sequence >> 8, packet[3] = sender->sequence;
  sender->sequence++;
  put32(packet + 4, sender->timestamp);
  put32(packet + 8, sender->ssrc);
  size_t at = 16, mid_length = strlen(sender->mid);
  // One-byte header extensions, RFC 8285: mid (RFC 9143) and audio level (RFC 6464; -20 dBov, voice).
  if (sender->mid_id && mid_length > 0) {
    packet[at++] = sender->mid_id << 4 | (mid_length - 1);
    memcpy(packet + at, sender->mid, mid_length);
    at += mid_length;
  }
  if (sender->level_id) packet[at++] = sender->level_id << 4, packet[at++] = 0x80 | 20;
  if (at == 16) return 12;
  while (at % 4) packet[at++] = 0;
  packet[0] |= 0x10;
  packet[12] = 0xbe, packet[13] = 0xde, packet[14] = 0, packet[15] = (at - 16) / 4;
  return at;
}

static void send_packet(struct peer *peer, struct sender *sender, uint8_t *packet, size_t length, size_t payload) {
  if (peer_send(peer, packet, length, false)) sender->packets++, sender->octets += payload;
}

static void send_audio(struct peer *peer, struct sender *sender) {
  uint8_t packet[512];
  size_t start = header(sender, packet, sender->packets == 0), length = 80;
  packet[start] = 0x78; // RFC 6716 section 3.1: hybrid, full band, 20 ms, mono, one frame
  fill(sender, packet + start, length, 1);
  send_packet(peer, sender, packet, start + length, length);
  sender->timestamp += 960;
}

static void send_video(struct peer *peer, struct sender *sender, double now) {
  bool is_key = sender->key_frames == 0 || (sender->key_wanted && now - sender->last_key_at > 0.1) || now - sender->last_key_at > 5;
  if (is_key) sender->key_wanted = false, sender->last_key_at = now, sender->key_frames++;
  for (int i = 0; i < PACKETS_PER_FRAME; i++) {
    uint8_t packet[MAX_DATAGRAM];
    size_t start = header(sender, packet, i == PACKETS_PER_FRAME - 1), used = 4;
    uint8_t *payload = packet + start;
    // RFC 7741 section 4.2: extended, start of the first partition, 15 bit picture id.
    payload[0] = i == 0 ? 0x90 : 0x80, payload[1] = 0x80;
    payload[2] = 0x80 | (sender->picture >> 8 & 0x7f), payload[3] = sender->picture;
    if (i == 0) {
      // RFC 6386 section 9.1: frame tag (shown; its lowest bit is 0 for a key frame), start code, 640 x 360.
      static const uint8_t key[10] = {0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01};
      used += is_key ? 10 : 3;
      memcpy(payload + 4, key, used - 4);
      if (!is_key) payload[4] |= 1;
    }
    fill(sender, payload, VIDEO_PACKET, used);
    send_packet(peer, sender, packet, start + VIDEO_PACKET, VIDEO_PACKET);
  }
  sender->picture++;
  sender->timestamp += 90000 / FRAMES_PER_SECOND;
}

static void send_sender_report(struct peer *peer, struct sender *sender, double now) {
  uint8_t report[28 + SRTP_MAX_TRAILER_LEN + 4] = {0x80, 200, 0, 6};
  put32(report + 4, sender->ssrc);
  put32(report + 8, 3900000000u + (uint32_t)now);
  put32(report + 12, (uint32_t)((now - (uint32_t)now) * 4294967296.0));
  put32(report + 16, sender->timestamp);
  put32(report + 20, sender->packets);
  put32(report + 24, sender->octets);
  peer_send(peer, report, 28, true);
}

static struct receiver *receiver_of(struct streams *streams, uint32_t ssrc) {
  for (int i = 0; i < streams->receiver_count; i++)
    if (streams->receivers[i].ssrc == ssrc) return &streams->receivers[i];
  return NULL;
}

static struct flow *flow_of(struct streams *streams, uint32_t stream) {
  for (int i = 0; i < streams->flow_count; i++)
    if (streams->flows[i].stream == stream) return &streams->flows[i];
  if (streams->flow_count == MAX_STREAMS) return NULL;
  struct flow *flow = &streams->flows[streams->flow_count++];
  *flow = (struct flow){.stream = stream};
  return flow;
}

static uint32_t frame_of(enum kind kind, uint32_t counter) { return kind == KIND_OPUS ? counter : counter / PACKETS_PER_FRAME; }

// How late the source itself was between the flow's last packet and this one, ns: a gap of that length is not the network's.
static int64_t late_since(const struct flow *flow, enum kind kind, uint32_t counter, int64_t sent_at) {
  int64_t period = kind == KIND_OPUS ? 20000000 : 1000000000 / FRAMES_PER_SECOND;
  int64_t late = sent_at - flow->sent_at - (int32_t)(frame_of(kind, counter) - flow->frame) * period;
  return late > 0 ? late : 0;
}

static void note_flow(struct flow *flow, enum kind kind, uint32_t counter, int64_t sent_at, int64_t arrived_at) {
  if (flow->arrived_at) {
    int64_t gap = arrived_at - flow->arrived_at - late_since(flow, kind, counter, sent_at);
    if (gap > flow->longest_gap) flow->longest_gap = gap;
  }
  // One that was overtaken says nothing of the sender's last.
  if (sent_at > flow->sent_at) flow->sent_at = sent_at, flow->frame = frame_of(kind, counter);
  if (arrived_at > flow->arrived_at) flow->arrived_at = arrived_at;
}

void streams_window(struct streams *streams) {
  int64_t now = wall_nanoseconds();
  for (int i = 0; i < streams->flow_count; i++) streams->flows[i].longest_gap = 0, streams->flows[i].arrived_at = now;
}

int64_t flow_gap(const struct flow *flow, const struct sender *sender) {
  if (!sender || sender->sent_at <= flow->sent_at) return flow->longest_gap;
  int64_t lasting = sender->sent_at - flow->arrived_at - late_since(flow, sender->kind, sender->counter - 1, sender->sent_at);
  return lasting > flow->longest_gap ? lasting : flow->longest_gap;
}

static void note_arrival(struct streams *streams, uint16_t sequence, uint32_t ssrc) {
  if (!streams->feedback_started) {
    streams->feedback_started = true;
    streams->feedback_next = streams->feedback_highest = sequence;
  }
  if ((int16_t)(sequence - streams->feedback_next) < 0) return; // reported as lost already
  if ((int16_t)(sequence - streams->feedback_highest) > 0) streams->feedback_highest = sequence;
  streams->arrivals[sequence % 1024] = (int64_t)(now_seconds() * 4000);
  streams->feedback_ssrc = ssrc;
}

void streams_rtp(struct streams *streams, const uint8_t *data, size_t length, int64_t arrived_at) {
  uint32_t ssrc = get32(data + 8);
  size_t start = 12 + 4 * (data[0] & 15);
  if (data[0] & 0x10 && start + 4 <= length) {
    size_t end = start + 4 + 4 * get16(data + start + 2);
    bool is_one_byte = data[start] == 0xbe && data[start + 1] == 0xde;
    if (end > length) return;
    for (size_t at = start + 4; is_one_byte && at < end;) {
      uint8_t id = data[at] >> 4, size = (data[at] & 15) + 1;
      if (id == 0) {
        at++;
        continue;
      }
      if (streams->feedback_id && id == streams->feedback_id && size == 2 && at + 2 < end)
        note_arrival(streams, get16(data + at + 1), ssrc);
      at += 1 + size;
    }
    start = end;
  }
  size_t size = length - start;
  if (data[0] & 0x20 && size > 0) size -= data[length - 1] <= size ? data[length - 1] : size;
  uint16_t sequence = get16(data + 2);
  struct receiver *receiver = receiver_of(streams, ssrc);
  if (!receiver) {
    if (streams->receiver_count == MAX_STREAMS) return;
    receiver = &streams->receivers[streams->receiver_count++];
    *receiver = (struct receiver){.ssrc = ssrc, .highest = sequence, .first = sequence};
  }
  if ((int16_t)(sequence - receiver->highest) > 0) {
    if (sequence < receiver->highest) receiver->cycles += 65536;
    receiver->highest = sequence;
  }
  receiver->packets++;
  receiver->octets += size;
  if (size < UNCHECKED + STAMP + TRAILER) return;
  const uint8_t *payload = data + start, *trailer = payload + size - TRAILER;
  if (memcmp(trailer, "DMCU", 4) != 0 || get32(trailer + 12) != checksum(payload + UNCHECKED, size - UNCHECKED - 4)) return;
  receiver->intact++;
  receiver->stream = get32(trailer + 4);
  if (!receiver->flow || receiver->flow->stream != receiver->stream) receiver->flow = flow_of(streams, receiver->stream);
  enum kind kind = size == VIDEO_PACKET ? KIND_VP8 : KIND_OPUS;
  if (receiver->flow) note_flow(receiver->flow, kind, get32(trailer + 8), get64(trailer - STAMP), arrived_at);
}

void streams_rtcp(struct streams *streams, const uint8_t *data, size_t length) {
  for (size_t at = 0; at + 8 <= length;) {
    size_t size = 4 * (get16(data + at + 2) + 1);
    if (at + size > length) return;
    uint8_t type = data[at + 1], format = data[at] & 31;
    if (type == 200 && size >= 28) {
      struct receiver *receiver = receiver_of(streams, get32(data + at + 4));
      if (receiver) {
        receiver->last_sender_report = get32(data + at + 10);
        receiver->sender_report_at = now_seconds();
      }
    } else if (type == 206 && (format == 1 || format == 4)) {
      // Picture loss (RFC 4585) names the stream in the header, full intra request (RFC 5104) in its body.
      uint32_t ssrc = format == 4 && size >= 20 ? get32(data + at + 12) : get32(data + at + 8);
      for (int i = 0; i < streams->sender_count; i++)
        if (streams->senders[i].ssrc == ssrc) streams->senders[i].key_wanted = true;
    }
    at += size;
  }
}

// RFC 3550 section 6.4.2, at most 31 blocks a packet; the jitter is not measured.
static void send_receiver_reports(struct peer *peer, double now) {
  struct streams *streams = peer->streams;
  for (int from = 0; from < streams->receiver_count; from += 31) {
    int count = streams->receiver_count - from < 31 ? streams->receiver_count - from : 31;
    uint8_t report[8 + 31 * 24 + SRTP_MAX_TRAILER_LEN + 4] = {0x80 | count, 201, 0, 1 + 6 * count};
    put32(report + 4, streams->own_ssrc);
    for (int i = 0; i < count; i++) {
      struct receiver *receiver = &streams->receivers[from + i];
      uint8_t *block = report + 8 + 24 * i;
      uint32_t highest = receiver->cycles + receiver->highest, expected = highest - receiver->first + 1;
      uint32_t expected_now = expected - receiver->expected_before;
      uint32_t received_now = receiver->packets - receiver->received_before;
      uint32_t lost_now = expected_now > received_now ? expected_now - received_now : 0;
      uint32_t lost = expected > receiver->packets ? expected - receiver->packets : 0;
      receiver->expected_before = expected, receiver->received_before = receiver->packets;
      put32(block, receiver->ssrc);
      put32(block + 4, (lost & 0xffffff) | (expected_now ? (lost_now * 255 / expected_now) << 24 : 0));
      put32(block + 8, highest);
      put32(block + 12, 0);
      put32(block + 16, receiver->last_sender_report);
      put32(block + 20, receiver->last_sender_report ? (uint32_t)((now - receiver->sender_report_at) * 65536) : 0);
    }
    peer_send(peer, report, 8 + 24 * count, true);
  }
}

// draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1, with two-bit status vectors only.
static void send_feedback(struct peer *peer) {
  struct streams *streams = peer->streams;
  int count = (uint16_t)(streams->feedback_highest - streams->feedback_next) + 1;
  if (!streams->feedback_started || (int16_t)(streams->feedback_highest - streams->feedback_next) < 0) return;
  // More than the ring holds: after so long a gap the count starts anew at the next packet.
  if (count > 1000) {
    streams->feedback_started = false;
    memset(streams->arrivals, 0, sizeof streams->arrivals);
    return;
  }
  if (count > 200) count = 200;
  uint8_t packet[20 + 60 + 400 + 8 + SRTP_MAX_TRAILER_LEN + 4] = {0x80 | 15, 205};
  uint8_t *chunks = packet + 20, deltas[400];
  int chunk_count = (count + 6) / 7, delta_length = 0;
  int64_t previous = 0;
  memset(chunks, 0, 2 * chunk_count);
  for (int i = 0; i < chunk_count; i++) chunks[2 * i] = 0xc0;
  for (int i = 0; i < count; i++) {
    int64_t *slot = &streams->arrivals[(uint16_t)(streams->feedback_next + i) % 1024], arrival = *slot;
    *slot = 0;
    if (arrival == 0) continue;
    if (previous == 0) {
      previous = arrival / 256 * 256;
      put32(packet + 16, (uint32_t)(previous / 256) << 8 | streams->feedback_count++);
    }
    int64_t delta = arrival - previous;
    bool is_small = delta >= 0 && delta <= 255;
    previous = arrival;
    // Seven symbols of two bits each, the first in the highest bits below the two that name the kind of chunk.
    uint16_t bits = (is_small ? 1 : 2) << (12 - 2 * (i % 7));
    chunks[2 * (i / 7)] |= bits >> 8, chunks[2 * (i / 7) + 1] |= bits;
    if (is_small) deltas[delta_length++] = delta;
    else deltas[delta_length++] = (uint16_t)delta >> 8, deltas[delta_length++] = delta;
  }
  uint16_t base = streams->feedback_next;
  streams->feedback_next += count;
  if (previous == 0) return;
  put32(packet + 4, streams->own_ssrc);
  put32(packet + 8, streams->feedback_ssrc);
  packet[12] = base >> 8, packet[13] = base, packet[14] = count >> 8, packet[15] = count;
  size_t length = 20 + 2 * chunk_count;
  memcpy(packet + length, deltas, delta_length);
  length += delta_length;
  while (length % 4) packet[length++] = 0;
  packet[2] = (length / 4 - 1) >> 8, packet[3] = length / 4 - 1;
  peer_send(peer, packet, length, true);
}

double streams_tick(struct peer *peer, double now) {
  struct streams *streams = peer->streams;
  double next = now + 1;
  for (int i = 0; i < streams->sender_count; i++) {
    struct sender *sender = &streams->senders[i];
    double period = sender->kind == KIND_OPUS ? 0.02 : 1.0 / FRAMES_PER_SECOND;
    // After a pause of the process the missed packets are not sent at once, as no real source would.
    if (now - sender->next_at > 0.5) sender->next_at = now;
    while (sender->next_at <= now) {
      if (sender->kind == KIND_OPUS) send_audio(peer, sender);
      else send_video(peer, sender, now);
      sender->next_at += period;
    }
    if (sender->packets > 0 && now >= sender->next_report_at) send_sender_report(peer, sender, now), sender->next_report_at = now + 1;
    if (sender->next_at < next) next = sender->next_at;
  }
  if (now >= streams->next_report_at) send_receiver_reports(peer, now), streams->next_report_at = now + 1;
  if (streams->feedback_id && now >= streams->next_feedback_at) send_feedback(peer), streams->next_feedback_at = now + 0.1;
  return next;
}
