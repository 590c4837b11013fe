// Encoded frames to be sent again and again: made by an encoder once, kept in memory for all senders.
#ifndef RECORDING_H
#define RECORDING_H

#include <stdbool.h>
#include <stdint.h>

struct frame {
  const uint8_t *data;
  uint32_t length;
};

struct recording {
  char name[32];
  bool is_video;
  uint32_t period; // of a frame, microseconds
  uint32_t ticks;  // the same in units of its RTP clock
  uint32_t count;
  struct frame *frames; // the first one is a key frame of a picture, the only one
};

// Reads a file of frames, each after its length (32 bits, network order). They stay in memory until the process ends.
// False when it cannot be read or is cut short.
bool recording_load(const char *name, bool is_video, uint32_t period, const char *path);

// NULL when there is none of that name.
const struct recording *recording_find(const char *name);

#endif
