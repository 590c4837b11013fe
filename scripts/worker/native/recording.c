#include "recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define MAX_RECORDINGS 16

static struct recording recordings[MAX_RECORDINGS];
static int recording_count;

static uint8_t *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  uint8_t *data = NULL;
  if (fseek(file, 0, SEEK_END) == 0 && ftell(file) > 0) {
    *size = ftell(file);
    rewind(file);
    data = malloc(*size);
    if (data && fread(data, 1, *size, file) != *size) free(data), data = NULL;
  }
  fclose(file);
  return data;
}

bool recording_load(const char *name, bool is_video, uint32_t period, const char *path) {
  size_t size = 0;
  uint8_t *data = recording_count < MAX_RECORDINGS ? read_file(path, &size) : NULL;
  if (!data) return false;
  struct recording *recording = &recordings[recording_count];
  *recording = (struct recording){.is_video = is_video, .period = period};
  snprintf(recording->name, sizeof recording->name, "%s", name);
  recording->ticks = (uint64_t)period * (is_video ? 90 : 48) / 1000;
  // No frame is shorter than its length's four bytes and one of its own.
  recording->frames = calloc(size / 5 + 1, sizeof *recording->frames);
  size_t at = 0;
  while (recording->frames && at + 4 < size) {
    uint32_t length = get32(data + at);
    if (length == 0 || length > size - at - 4) break;
    recording->frames[recording->count++] = (struct frame){.data = data + at + 4, .length = length};
    at += 4 + length;
  }
  if (at != size || recording->count == 0) {
    free(recording->frames);
    free(data);
    return false;
  }
  recording_count++;
  return true;
}

const struct recording *recording_find(const char *name) {
  for (int i = 0; i < recording_count; i++)
    if (strcmp(recordings[i].name, name) == 0) return &recordings[i];
  return NULL;
}
