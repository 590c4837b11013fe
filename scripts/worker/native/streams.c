#include "streams.h"

#include <string.h>

#include "bytes.h"

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

static uint8_t *text_extension(uint8_t *at, uint8_t id, const char *text) {
  size_t length = strlen(text);
  if (!id || length == 0) return at;
  *at = id << 4 | (length - 1);
  memcpy(at + 1, text, length);
  return at + 1 + length;
}

size_t sender_header(struct peer *peer, struct sender *sender, uint8_t *packet, bool marker) {
  packet[0] = 0x80;
  packet[1] = sender->payload_type | (marker ? 0x80 : 0);
  packet[2] = sender->sequence >> 8, packet[3] = sender->sequence;
  sender->sequence++;
  put32(packet + 4, sender->timestamp);
  put32(packet + 8, sender->ssrc);
  // One-byte header extensions, RFC 8285: mid (RFC 9143), the layer's name (RFC 8852), audio level (RFC 6464; -20 dBov, voice,
  // or nothing), and the number for transport-wide congestion control.
  uint8_t *at = text_extension(packet + 16, sender->mid_id, sender->mid);
  at = text_extension(at, sender->rid_id, sender->rid);
  if (sender->level_id) *at++ = sender->level_id << 4, *at++ = sender->is_silent ? 127 : 0x80 | 20;
  if (sender->feedback_id) {
    uint16_t sequence = peer->streams->sent_sequence++;
    *at++ = sender->feedback_id << 4 | 1, *at++ = sequence >> 8, *at++ = sequence;
  }
  if (at == packet + 16) return 12;
  while ((at - packet) % 4) *at++ = 0;
  packet[0] |= 0x10;
  packet[12] = 0xbe, packet[13] = 0xde, packet[14] = 0, packet[15] = (at - packet - 16) / 4;
  return at - packet;
}

void sender_packet(struct peer *peer, struct sender *sender, uint8_t *packet, size_t length, size_t payload) {
  if (peer_send(peer, packet, length, false)) sender->packets++, sender->octets += payload;
}

static void send_audio(struct peer *peer, struct sender *sender) {
  uint8_t packet[512];
  size_t start = sender_header(peer, sender, packet, sender->packets == 0), length = 80;
  packet[start] = 0x78; // RFC 6716 section 3.1: hybrid, full band, 20 ms, mono, one frame
  fill(sender, packet + start, length, 1);
  sender_packet(peer, sender, packet, start + length, length);
  sender->timestamp += 960;
}

static void send_video(struct peer *peer, struct sender *sender, double now) {
  bool is_key = sender->key_frames == 0 || (sender->key_wanted && now - sender->last_key_at > 0.1) || now - sender->last_key_at > 5;
  if (is_key) sender->key_wanted = false, sender->last_key_at = now, sender->key_frames++;
  for (int i = 0; i < PACKETS_PER_FRAME; i++) {
    uint8_t packet[MAX_DATAGRAM];
    size_t start = sender_header(peer, sender, packet, i == PACKETS_PER_FRAME - 1), used = 4;
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
    sender_packet(peer, sender, packet, start + VIDEO_PACKET, VIDEO_PACKET);
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

double streams_tick(struct peer *peer, double now) {
  struct streams *streams = peer->streams;
  double next = now + 1;
  for (int i = 0; i < streams->sender_count; i++) {
    struct sender *sender = &streams->senders[i];
    double period = sender->recording ? sender->recording->period / 1e6 : sender->kind == KIND_OPUS ? 0.02 : 1.0 / FRAMES_PER_SECOND;
    // After a pause of the process the missed packets are not sent at once, as no real source would.
    if (now - sender->next_at > 0.5) sender->next_at = now;
    while (sender->next_at <= now) {
      if (sender->recording) playback_frame(peer, sender, now);
      else if (sender->kind == KIND_OPUS) send_audio(peer, sender);
      else send_video(peer, sender, now);
      sender->next_at += period;
    }
    if (sender->packets > 0 && now >= sender->next_report_at) send_sender_report(peer, sender, now), sender->next_report_at = now + 1;
    if (sender->next_at < next) next = sender->next_at;
  }
  double feedback = feedback_tick(peer, now);
  return feedback < next ? feedback : next;
}
