// Synthetic RTP streams to send, and a record of the streams received, with the RTCP of both.
#ifndef STREAMS_H
#define STREAMS_H

#include "peer.h"

#define MAX_STREAMS 512

enum kind { KIND_OPUS, KIND_VP8 };

struct sender {
  uint32_t ssrc, stream, counter, timestamp;
  uint8_t payload_type, mid_id, level_id;
  char mid[16];
  enum kind kind;
  uint16_t sequence, picture;
  double next_at, next_report_at, last_key_at;
  bool key_wanted;
  uint32_t packets, octets, key_frames;
};

struct receiver {
  uint32_t ssrc, stream;
  uint16_t highest;
  uint32_t cycles, first;
  uint64_t packets, octets, intact;
  // For the report blocks.
  uint32_t expected_before, received_before, last_sender_report;
  double sender_report_at;
};

struct streams {
  struct sender senders[8];
  int sender_count;
  struct receiver receivers[MAX_STREAMS];
  int receiver_count;
  double next_report_at;
  uint32_t own_ssrc; // sender of our receiver reports
  // Transport-wide congestion control: arrival times in quarters of a millisecond, 0 = not arrived.
  uint8_t feedback_id, feedback_count;
  bool feedback_started;
  uint16_t feedback_next, feedback_highest;
  int64_t arrivals[1024];
  uint32_t feedback_ssrc;
  double next_feedback_at;
};

// A decrypted packet arrived.
void streams_rtp(struct streams *streams, const uint8_t *data, size_t length);
void streams_rtcp(struct streams *streams, const uint8_t *data, size_t length);

// Sends all that is due. Returns the time at which it wants to be called again.
double streams_tick(struct peer *peer, double now);

#endif
