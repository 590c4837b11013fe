// Numbers in network order, and the checksum of payloads.
#ifndef BYTES_H
#define BYTES_H

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void put32(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}
static inline uint32_t get32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}
static inline void put64(uint8_t *at, uint64_t value) {
  put32(at, value >> 32);
  put32(at + 4, value);
}
static inline uint64_t get64(const uint8_t *at) { return (uint64_t)get32(at) << 32 | get32(at + 4); }
static inline uint16_t get16(const uint8_t *at) { return at[0] << 8 | at[1]; }

// Not cryptographic: SRTP's own tag has already excluded chance; this one proves that it is our payload, whole.
static inline uint32_t checksum(const uint8_t *data, size_t length) {
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

#endif
