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
  int64_t sent_at; // of the last packet, wall_nanoseconds
};

struct receiver {
  uint32_t ssrc, stream;
  uint16_t highest;
  uint32_t cycles, first;
  uint64_t packets, octets, intact;
  struct flow *flow;
  // For the report blocks.
  uint32_t expected_before, received_before, last_sender_report;
  double sender_report_at;
};

// One stream as it comes, whatever SSRC carries it: kept by the number and the time that travel in its packets.
struct flow {
  uint32_t stream, frame;
  int64_t arrived_at, sent_at; // of the last packet
  int64_t longest_gap;         // ns, without what the sender itself was late
};

struct streams {
  struct sender senders[8];
  int sender_count;
  struct receiver receivers[MAX_STREAMS];
  int receiver_count;
  struct flow flows[MAX_STREAMS];
  int flow_count;
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

// A decrypted packet arrived; `arrived_at` is when the kernel took it, as wall_nanoseconds.
void streams_rtp(struct streams *streams, const uint8_t *data, size_t length, int64_t arrived_at);
void streams_rtcp(struct streams *streams, const uint8_t *data, size_t length);

// Gaps count from now on.
void streams_window(struct streams *streams);

// The longest time without a packet of the flow, ns: what its sender (NULL when it is gone) has sent and has not come is a gap
// that lasts.
int64_t flow_gap(const struct flow *flow, const struct sender *sender);

// Sends all that is due. Returns the time at which it wants to be called again.
double streams_tick(struct peer *peer, double now);

#endif
