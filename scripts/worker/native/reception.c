// What comes: whether it is whole, when it came, and what a viewer would have seen of it.
#include <string.h>

#include "bytes.h"
#include "streams.h"

#define LONG_GAP 200000000LL

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

static int64_t period_of(const struct sender *sender) {
  if (sender->recording) return sender->recording->period * 1000LL;
  return sender->kind == KIND_OPUS ? 20000000 : 1000000000 / FRAMES_PER_SECOND;
}

// The frame that the sender sent last.
static struct mark mark_of(const struct sender *sender) {
  uint32_t counter = sender->counter - 1;
  bool is_synthetic_video = !sender->recording && sender->kind == KIND_VP8;
  return (struct mark){.frame = is_synthetic_video ? counter / PACKETS_PER_FRAME : counter, .sent_at = sender->sent_at};
}

// How late the source itself was between two of its frames, ns: a gap of that length is not the network's.
static int64_t late_between(struct mark from, struct mark to, int64_t period) {
  int64_t late = to.sent_at - from.sent_at - (int32_t)(to.frame - from.frame) * period;
  return late > 0 ? late : 0;
}

// After how long a picture stands still: the W3C's measure (webrtc-stats, freezeCount), of the mean time between pictures.
static int64_t freeze_after(const struct flow *flow) {
  int64_t relative = 3 * flow->interval, absolute = flow->interval + 150000000;
  return relative > absolute ? relative : absolute;
}

static void note_frame(struct flow *flow, struct mark mark, int64_t period) {
  if (flow->last.arrived_at) {
    int64_t gap = mark.arrived_at - flow->last.arrived_at - late_between(flow->last, mark, period);
    if (gap > flow->longest_gap) flow->longest_gap = gap;
    if (gap > LONG_GAP) flow->long_gaps++;
  }
  int64_t arrived_at = mark.arrived_at > flow->last.arrived_at ? mark.arrived_at : flow->last.arrived_at;
  // One that was overtaken says nothing of the sender's last.
  if (mark.sent_at > flow->last.sent_at) flow->last = mark;
  flow->last.arrived_at = arrived_at;
}

static void note_picture(struct flow *flow, struct mark mark, int64_t period) {
  if (flow->pictures++ == 0) {
    flow->first_picture_at = mark.arrived_at;
    flow->interval = period;
  } else {
    int64_t interval = mark.arrived_at - flow->picture.arrived_at - late_between(flow->picture, mark, period);
    if (interval > freeze_after(flow)) flow->freezes++, flow->frozen += interval;
    flow->interval += (interval - flow->interval) / 30;
  }
  flow->picture = mark;
}

void streams_window(struct streams *streams) {
  int64_t now = wall_nanoseconds();
  for (int i = 0; i < streams->flow_count; i++) {
    struct flow *flow = &streams->flows[i];
    flow->longest_gap = flow->frozen = 0;
    flow->long_gaps = flow->freezes = 0;
    flow->last.arrived_at = flow->picture.arrived_at = now;
  }
}

struct suffering flow_suffering(const struct flow *flow, const struct sender *sender) {
  struct suffering all = {flow->longest_gap, flow->frozen, flow->long_gaps, flow->freezes};
  if (!sender) return all;
  struct mark sent = mark_of(sender);
  int64_t period = period_of(sender);
  if (sent.sent_at > flow->last.sent_at) {
    int64_t lasting = sent.sent_at - flow->last.arrived_at - late_between(flow->last, sent, period);
    if (lasting > all.longest_gap) all.longest_gap = lasting;
    if (lasting > LONG_GAP) all.long_gaps++;
  }
  if (flow->pictures > 0 && sent.sent_at > flow->picture.sent_at) {
    int64_t lasting = sent.sent_at - flow->picture.arrived_at - late_between(flow->picture, sent, period);
    if (lasting > freeze_after(flow)) all.freezes++, all.frozen += lasting;
  }
  return all;
}

// Length of the VP8 payload descriptor (RFC 7741 section 4.2), 0 when the payload is too short for one.
static size_t descriptor_length(const uint8_t *payload, size_t size) {
  size_t at = 1;
  if (payload[0] & 0x80 && size > 3) {
    uint8_t extension = payload[1];
    at = 2;
    if (extension & 0x80) at += payload[2] & 0x80 ? 2 : 1;
    if (extension & 0x40) at++;
    if (extension & 0x30) at++;
  }
  return at < size ? at : 0;
}

// Follows the frames of what may be VP8; what comes out of order has been counted as lost already.
static void follow_frame(struct receiver *receiver, const uint8_t *payload, size_t size, int16_t step) {
  if (step <= 0) return;
  if (step > 1) {
    receiver->in_frame = false;
    if (!receiver->is_broken) receiver->is_broken = true, receiver->broken_since = now_seconds();
  }
  size_t start = descriptor_length(payload, size);
  if (start == 0) return;
  if ((payload[0] & 0x17) == 0x10) receiver->in_frame = true, receiver->is_key = !(payload[start] & 1);
}

static bool is_recorded(const uint8_t *payload, size_t size) {
  return size > FRAME_STAMP && memcmp(payload + size - FRAME_STAMP + 8, "DMCR", 4) == 0;
}

// Only the last packet of a frame carries a stamp.
static void note_recorded(struct streams *streams, struct receiver *receiver, const uint8_t *payload, size_t size, int64_t arrived_at) {
  const uint8_t *stamp = payload + size - FRAME_STAMP;
  uint8_t layer = get32(stamp + 20);
  bool is_video = layer != SOUND_LAYER;
  size_t start = is_video ? descriptor_length(payload, size - FRAME_STAMP) : 0;
  if (get32(stamp + 24) != checksum(payload + start, size - start - 4)) {
    receiver->spoiled++;
    return;
  }
  receiver->intact++;
  receiver->is_recorded = true;
  receiver->is_video = is_video;
  receiver->stream = get32(stamp + 12);
  if (!receiver->flow || receiver->flow->stream != receiver->stream) receiver->flow = flow_of(streams, receiver->stream);
  struct flow *flow = receiver->flow;
  if (!flow) return;
  if (!flow->first_at) flow->first_at = receiver->first_at;
  flow->layer = layer;
  int64_t period = (get32(stamp + 20) >> 8) * 1000LL;
  struct mark mark = {.frame = get32(stamp + 16), .sent_at = get64(stamp), .arrived_at = arrived_at};
  note_frame(flow, mark, period);
  if (is_video && receiver->in_frame) {
    if (receiver->is_key) receiver->is_broken = false;
    if (!receiver->is_broken) note_picture(flow, mark, period);
    receiver->in_frame = false;
  }
}

static void note_synthetic(struct streams *streams, struct receiver *receiver, const uint8_t *payload, size_t size, int64_t arrived_at) {
  const uint8_t *trailer = payload + size - TRAILER;
  if (size < UNCHECKED + STAMP + TRAILER || memcmp(trailer, "DMCU", 4) != 0 ||
      get32(trailer + 12) != checksum(payload + UNCHECKED, size - UNCHECKED - 4))
    return;
  receiver->intact++;
  receiver->stream = get32(trailer + 4);
  if (!receiver->flow || receiver->flow->stream != receiver->stream) receiver->flow = flow_of(streams, receiver->stream);
  struct flow *flow = receiver->flow;
  if (!flow) return;
  if (!flow->first_at) flow->first_at = receiver->first_at;
  bool is_video = size == VIDEO_PACKET;
  uint32_t counter = get32(trailer + 8);
  struct mark mark = {is_video ? counter / PACKETS_PER_FRAME : counter, get64(trailer - STAMP), arrived_at};
  note_frame(flow, mark, is_video ? 1000000000 / FRAMES_PER_SECOND : 20000000);
}

// Reads the header's extensions. Returns where the payload begins, 0 when the packet is cut short.
static size_t payload_start(struct streams *streams, const uint8_t *data, size_t length) {
  size_t start = 12 + 4 * (data[0] & 15);
  if (!(data[0] & 0x10) || start + 4 > length) return start <= length ? start : 0;
  size_t end = start + 4 + 4 * get16(data + start + 2);
  bool is_one_byte = data[start] == 0xbe && data[start + 1] == 0xde;
  if (end > length) return 0;
  for (size_t at = start + 4; is_one_byte && at < end;) {
    uint8_t id = data[at] >> 4, size = (data[at] & 15) + 1;
    if (id == 0) {
      at++;
      continue;
    }
    if (streams->feedback_id && id == streams->feedback_id && size == 2 && at + 2 < end)
      feedback_arrival(streams, get16(data + at + 1), get32(data + 8));
    at += 1 + size;
  }
  return end;
}

void streams_rtp(struct streams *streams, const uint8_t *data, size_t length, int64_t arrived_at) {
  uint32_t ssrc = get32(data + 8);
  size_t start = payload_start(streams, data, length);
  if (start == 0) return;
  size_t size = length - start;
  if (data[0] & 0x20 && size > 0) size -= data[length - 1] <= size ? data[length - 1] : size;
  uint16_t sequence = get16(data + 2);
  struct receiver *receiver = receiver_of(streams, ssrc);
  if (!receiver) {
    if (streams->receiver_count == MAX_STREAMS) return;
    receiver = &streams->receivers[streams->receiver_count++];
    *receiver = (struct receiver){.ssrc = ssrc, .highest = sequence - 1, .first = sequence, .first_at = arrived_at};
    receiver->cycles = sequence == 0 ? -65536 : 0;
    receiver->is_broken = true, receiver->broken_since = now_seconds();
  }
  int16_t step = sequence - receiver->highest;
  if (step > 0) {
    if (sequence < receiver->highest) receiver->cycles += 65536;
    receiver->highest = sequence;
  }
  receiver->packets++;
  receiver->octets += size;
  if (size == 0) return;
  const uint8_t *payload = data + start;
  follow_frame(receiver, payload, size, step);
  if (is_recorded(payload, size)) note_recorded(streams, receiver, payload, size, arrived_at);
  else if (receiver->is_recorded) receiver->spoiled += !receiver->is_video || data[1] & 0x80;
  else note_synthetic(streams, receiver, payload, size, arrived_at);
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
