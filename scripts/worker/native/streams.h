// RTP streams to send, synthetic or recorded, and a record of the streams received, with the RTCP of both.
#ifndef STREAMS_H
#define STREAMS_H

#include "peer.h"
#include "recording.h"

#define MAX_SENDERS 8
#define MAX_STREAMS 512

// Synthetic pictures.
#define VIDEO_PACKET 1160
#define PACKETS_PER_FRAME 4
#define FRAMES_PER_SECOND 26

// Bytes at the start of a synthetic payload that an SFU may rewrite: the VP8 payload descriptor and, generously, what follows.
#define UNCHECKED 20
#define TRAILER 16
// Before the trailer: when the packet was sent.
#define STAMP 8
// What follows each recorded frame: when it was sent, "DMCR", stream, number of the frame, its period, layer, checksum.
// A decoder of VP8 does not look at what is behind a frame, and one of Opus takes it for padding.
#define FRAME_STAMP 28
#define SOUND_LAYER 255

enum kind { KIND_OPUS, KIND_VP8 };

struct sender {
  uint32_t ssrc, stream, counter, timestamp;
  uint8_t payload_type, mid_id, level_id, rid_id, feedback_id;
  char mid[16], rid[16];
  enum kind kind;
  uint16_t sequence, picture;
  double next_at, next_report_at, last_key_at;
  bool key_wanted;
  uint32_t packets, octets, key_frames;
  int64_t sent_at; // of the last packet, wall_nanoseconds
  // What is recorded: NULL for a synthetic stream.
  const struct recording *recording;
  uint32_t position; // next frame of the recording
  uint8_t layer, base_index;
  bool is_silent;
  uint32_t silence; // frames not sent since the last one
};

struct flow;

struct receiver {
  uint32_t ssrc, stream;
  uint16_t highest;
  uint32_t cycles, first;
  uint64_t packets, octets, intact, spoiled;
  int64_t first_at; // wall_nanoseconds
  struct flow *flow;
  // For the report blocks.
  uint32_t expected_before, received_before, last_sender_report;
  double sender_report_at;
  // Recorded pictures: whether every packet of the present frame came, and whether a decoder waits for a key frame.
  bool is_recorded, is_video, in_frame, is_key, is_broken;
  double broken_since, next_key_request_at;
};

// When something was sent, as which frame, and when it came.
struct mark {
  uint32_t frame;
  int64_t sent_at, arrived_at;
};

// One stream as it comes, whatever SSRC carries it: kept by the number and the time that travel in its packets.
struct flow {
  uint32_t stream;
  uint8_t layer; // of the last frame
  struct mark last;
  int64_t first_at, first_picture_at; // 0: none came
  // All times without what the sender itself was late, ns.
  int64_t longest_gap;
  uint32_t long_gaps;
  // Pictures that a decoder could show.
  struct mark picture;
  uint32_t pictures, freezes;
  int64_t frozen, interval; // of pictures, the mean of the last thirty or so
};

// What a flow has suffered since the window began, with what lasts.
struct suffering {
  int64_t longest_gap, frozen;
  uint32_t long_gaps, freezes;
};

struct streams {
  struct sender senders[MAX_SENDERS];
  int sender_count;
  uint16_t sent_sequence; // of transport-wide congestion control
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

// Gaps and freezes count from now on.
void streams_window(struct streams *streams);

// What its sender (NULL when it is gone) has sent and has not come is a gap that lasts.
struct suffering flow_suffering(const struct flow *flow, const struct sender *sender);

// Sends all that is due. Returns the time at which it wants to be called again.
double streams_tick(struct peer *peer, double now);

// Writes the header of the sender's next packet. Returns its length.
size_t sender_header(struct peer *peer, struct sender *sender, uint8_t *packet, bool marker);
void sender_packet(struct peer *peer, struct sender *sender, uint8_t *packet, size_t length, size_t payload);

// Sends the next frame of a recording.
void playback_frame(struct peer *peer, struct sender *sender, double now);

// Receiver reports, requests for key frames, congestion control feedback, when they are due. Returns when they are due again.
double feedback_tick(struct peer *peer, double now);
void feedback_arrival(struct streams *streams, uint16_t sequence, uint32_t ssrc);

#endif
