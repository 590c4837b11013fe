// Recorded frames as packets: VP8 in layers (RFC 7741), Opus with the stamp as its padding (RFC 6716).
#include <string.h>

#include "bytes.h"
#include "streams.h"

#define PART 1100
#define DESCRIPTOR 6
// Of a microphone that hears nothing: one frame of so many is sent, as encoders do.
#define SILENT_FRAMES 20

// `data` is what the checksum covers, up to the stamp.
static void put_stamp(struct sender *sender, uint8_t *data, size_t length, uint8_t layer) {
  uint8_t *stamp = data + length;
  sender->sent_at = wall_nanoseconds();
  put64(stamp, sender->sent_at);
  memcpy(stamp + 8, "DMCR", 4);
  put32(stamp + 12, sender->stream);
  put32(stamp + 16, sender->counter);
  put32(stamp + 20, sender->recording->period << 8 | layer);
  put32(stamp + 24, checksum(data, length + FRAME_STAMP - 4));
}

static void send_sound(struct peer *peer, struct sender *sender, const struct frame *frame) {
  if (sender->is_silent && ++sender->silence < SILENT_FRAMES) return;
  bool is_onset = sender->packets == 0 || sender->silence > 0;
  sender->silence = 0;
  uint8_t packet[MAX_DATAGRAM];
  size_t start = sender_header(peer, sender, packet, is_onset && !sender->is_silent), length = frame->length + 2;
  uint8_t *payload = packet + start;
  // Section 3.2.5: the same frame under code 3, one frame, with padding of a stamp's length.
  payload[0] = frame->data[0] | 3, payload[1] = 0x41, payload[2] = FRAME_STAMP;
  memcpy(payload + 3, frame->data + 1, frame->length - 1);
  put_stamp(sender, payload, length, SOUND_LAYER);
  sender_packet(peer, sender, packet, start + length + FRAME_STAMP, length + FRAME_STAMP);
  sender->counter++;
}

// Section 4.2: extended, 15 bit picture id, and the temporal layers 0, 2, 1, 2 counted from the key frame. The second and the third
// frame of four refer to the lowest layer alone, so that a receiver may begin to take their layers there.
static void put_descriptor(struct sender *sender, uint8_t *at, bool is_start) {
  static const uint8_t layers[4] = {0, 2, 1, 2};
  uint32_t phase = sender->position % 4;
  at[0] = 0x80 | (is_start ? 0x10 : 0) | (layers[phase] == 2 ? 0x20 : 0);
  at[1] = 0xe0;
  at[2] = 0x80 | (sender->picture >> 8 & 0x7f), at[3] = sender->picture;
  at[4] = sender->base_index;
  at[5] = layers[phase] << 6 | (phase == 1 || phase == 2 ? 0x20 : 0);
}

static void send_picture(struct peer *peer, struct sender *sender, const struct frame *frame) {
  if (sender->position % 4 == 0) sender->base_index++;
  size_t total = frame->length + FRAME_STAMP, parts = (total + PART - 1) / PART, sent = 0;
  for (size_t i = 0; i < parts; i++) {
    uint8_t packet[MAX_DATAGRAM];
    // All parts of one size, so that the stamp is whole in the last one.
    size_t size = total * (i + 1) / parts - sent, start = sender_header(peer, sender, packet, i == parts - 1);
    uint8_t *payload = packet + start;
    put_descriptor(sender, payload, i == 0);
    bool is_last = i == parts - 1;
    memcpy(payload + DESCRIPTOR, frame->data + sent, is_last ? size - FRAME_STAMP : size);
    if (is_last) put_stamp(sender, payload + DESCRIPTOR, size - FRAME_STAMP, sender->layer);
    sender_packet(peer, sender, packet, start + DESCRIPTOR + size, DESCRIPTOR + size);
    sent += size;
  }
  sender->picture++;
  sender->counter++;
}

void playback_frame(struct peer *peer, struct sender *sender, double now) {
  const struct recording *recording = sender->recording;
  // The one key frame is the first: who needs one gets the recording from its beginning.
  if (recording->is_video && sender->key_wanted && now - sender->last_key_at > 0.3) sender->position = 0;
  if (recording->is_video && sender->position == 0) sender->key_wanted = false, sender->last_key_at = now, sender->key_frames++;
  const struct frame *frame = &recording->frames[sender->position];
  if (recording->is_video) send_picture(peer, sender, frame);
  else send_sound(peer, sender, frame);
  sender->position = (sender->position + 1) % recording->count;
  sender->timestamp += recording->ticks;
}
