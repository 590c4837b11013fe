// The bare limit of forwarding: one packet to each of many receivers, each copy with a header and a key of its own, encrypted and handed to the
// kernel, and nothing else. Receivers are a socket that drops everything, so that no reader is paid for.
#include "bare.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PACKETS_A_ROUND 50000
#define MOST_BYTES 1400
#define MOST_ROUNDS 99

struct receiver {
  srtp_t session;
  int socket;
};

static double cpu_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static int ascending(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static int open_sink(struct sockaddr_in *address) {
  int sink = socket(AF_INET, SOCK_DGRAM, 0);
  struct sock_filter drop = {BPF_RET | BPF_K, 0, 0, 0};
  struct sock_fprog program = {1, &drop};
  socklen_t size = sizeof *address;
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (sink < 0 || bind(sink, (struct sockaddr *)address, size) || getsockname(sink, (struct sockaddr *)address, &size) ||
      setsockopt(sink, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program))
    return -1;
  return sink;
}

static bool open_receiver(struct receiver *receiver, const struct sockaddr_in *sink) {
  unsigned char key[SRTP_MAX_KEY_LEN];
  for (size_t i = 0; i < sizeof key; i++) key[i] = rand();
  srtp_policy_t policy = {.ssrc.type = ssrc_any_outbound, .key = key, .window_size = 1024};
  if (srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, srtp_profile_aead_aes_128_gcm) ||
      srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, srtp_profile_aead_aes_128_gcm) || srtp_create(&receiver->session, &policy))
    return false;
  receiver->socket = socket(AF_INET, SOCK_DGRAM, 0);
  return receiver->socket >= 0 && !connect(receiver->socket, (const struct sockaddr *)sink, sizeof *sink);
}

// CPU of one forwarded packet, seconds; negative when something failed.
static double round_cost(struct receiver *receivers, int count, int bytes, uint16_t *sequence) {
  static uint8_t original[MOST_BYTES], copy[MOST_BYTES + SRTP_MAX_TRAILER_LEN + 4];
  original[0] = 0x80, original[1] = 96;
  int times = PACKETS_A_ROUND / count + 1;
  double start = cpu_seconds();
  for (int time = 0; time < times; time++) {
    ++*sequence;
    for (int i = 0; i < count; i++) {
      memcpy(copy, original, bytes);
      uint16_t number = htons(*sequence);
      uint32_t ssrc = htonl(i + 1);
      memcpy(copy + 2, &number, sizeof number);
      memcpy(copy + 8, &ssrc, sizeof ssrc);
      int length = bytes;
      if (srtp_protect(receivers[i].session, copy, &length) || send(receivers[i].socket, copy, length, 0) != length) return -1;
    }
  }
  return (cpu_seconds() - start) / ((double)times * count);
}

int bare(int count, int bytes, int rounds) {
  struct sockaddr_in address;
  if (count < 1 || bytes < 12 || bytes > MOST_BYTES || rounds < 1 || rounds > MOST_ROUNDS || srtp_init() || open_sink(&address) < 0) return 1;
  struct receiver *receivers = calloc(count, sizeof *receivers);
  for (int i = 0; i < count; i++)
    if (!receivers || !open_receiver(&receivers[i], &address)) return 1;
  double costs[MOST_ROUNDS];
  uint16_t sequence = 0;
  for (int i = 0; i < rounds; i++)
    if ((costs[i] = round_cost(receivers, count, bytes, &sequence)) < 0) return 1;
  qsort(costs, rounds, sizeof *costs, ascending);
  printf("{\"nanoseconds\":%.0f}\n", costs[rounds / 2] * 1e9);
  return 0;
}
