// What a receiver tells the sender: reports, lost pictures, arrival times.
#include <string.h>

#include "bytes.h"
#include "streams.h"

void feedback_arrival(struct streams *streams, uint16_t sequence, uint32_t ssrc) {
  if (!streams->feedback_started) {
    streams->feedback_started = true;
    streams->feedback_next = streams->feedback_highest = sequence;
  }
  if ((int16_t)(sequence - streams->feedback_next) < 0) return; // reported as lost already
  if ((int16_t)(sequence - streams->feedback_highest) > 0) streams->feedback_highest = sequence;
  streams->arrivals[sequence % 1024] = (int64_t)(now_seconds() * 4000);
  streams->feedback_ssrc = ssrc;
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

// RFC 4585 section 6.3.1. As a client whose repair has failed: nothing lost is asked for again here.
static void request_key_frames(struct peer *peer, double now) {
  for (int i = 0; i < peer->streams->receiver_count; i++) {
    struct receiver *receiver = &peer->streams->receivers[i];
    if (!receiver->is_video || !receiver->is_broken || now - receiver->broken_since < 0.2 || now < receiver->next_key_request_at) continue;
    uint8_t request[12 + SRTP_MAX_TRAILER_LEN + 4] = {0x80 | 1, 206, 0, 2};
    put32(request + 4, peer->streams->own_ssrc);
    put32(request + 8, receiver->ssrc);
    peer_send(peer, request, 12, true);
    receiver->next_key_request_at = now + 1;
  }
}

double feedback_tick(struct peer *peer, double now) {
  struct streams *streams = peer->streams;
  double next = now + 0.1;
  if (now >= streams->next_report_at) send_receiver_reports(peer, now), streams->next_report_at = now + 1;
  if (streams->feedback_id && now >= streams->next_feedback_at) {
    send_feedback(peer), streams->next_feedback_at = now + 0.1;
    request_key_frames(peer, now);
  } else if (!streams->feedback_id) {
    request_key_frames(peer, now);
  }
  if (streams->next_report_at < next) next = streams->next_report_at;
  return streams->feedback_id && streams->next_feedback_at < next ? streams->next_feedback_at : next;
}
