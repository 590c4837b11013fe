// Many WebRTC peers in one small process, without a browser: proves a media server and loads it.
//
// Commands on standard input, one a line, words separated by spaces:
//   open ID IP PORT REMOTE_UFRAG REMOTE_PASSWORD LOCAL_UFRAG active|passive PROFILES FINGERPRINT
//        PROFILES in OpenSSL's names, separated by ':'; FINGERPRINT is the server's, SHA-256; active = DTLS client
//   send ID SSRC PAYLOAD_TYPE opus|vp8 STREAM MID_EXTENSION MID LEVEL_EXTENSION
//        STREAM is a number that travels in each payload; an extension id of 0 leaves it out; MID may be '-'
//   feedback ID EXTENSION      transport-wide congestion control feedback, every 100 ms
//   close ID
//   window                     gaps of flows count from now on
//   stats
//   quit                       (so does the end of the input)
//
// Events on standard output, one JSON object a line:
//   {"event":"ready","fingerprint":"AA:..."}
//   {"event":"connected","id":1,"profile":"SRTP_AEAD_AES_128_GCM","ms":12.3}
//   {"event":"failed","id":1,"reason":"..."}
//   {"event":"stats","cpuMs":1.5,"peers":[{"id":1,"undecryptable":0,"sent":[...],"received":[...],"flows":[...]}]}
//
// `rtc-clients ticker` is another program, see ticker.h.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"
#include "streams.h"
#include "ticker.h"

#define MAX_PEERS 4096
#define STDIN_INDEX UINT32_MAX

static struct peer peers[MAX_PEERS];
static int peer_count;
static int poller;

static struct peer *find(int id) {
  for (int i = 0; i < peer_count; i++)
    if (peers[i].state != PEER_FREE && peers[i].id == id) return &peers[i];
  return NULL;
}

static void report_failure(int id, const char *reason) {
  printf("{\"event\":\"failed\",\"id\":%d,\"reason\":\"", id);
  for (; *reason; reason++)
    if (*reason != '"' && *reason != '\\' && (unsigned char)*reason >= 32) putchar(*reason);
  puts("\"}");
}

static void report_change(struct peer *peer, enum peer_state before) {
  if (peer->state == before) return;
  if (peer->state == PEER_CONNECTED)
    printf("{\"event\":\"connected\",\"id\":%d,\"profile\":\"%s\",\"ms\":%.1f}\n", peer->id, peer->profile,
           (now_seconds() - peer->opened_at) * 1e3);
  if (peer->state == PEER_FAILED) report_failure(peer->id, peer->reason);
}

static void open_peer(int id, char *words[]) {
  struct peer *peer = NULL;
  if (find(id)) {
    report_failure(id, "there is a peer of this id");
    return;
  }
  for (int i = 0; i < peer_count && !peer; i++)
    if (peers[i].state == PEER_FREE) peer = &peers[i];
  if (!peer && peer_count < MAX_PEERS) peer = &peers[peer_count++];
  if (!peer) {
    report_failure(id, "too many peers");
    return;
  }
  memset(peer, 0, sizeof *peer);
  peer->id = id;
  peer->fd = -1;
  snprintf(peer->remote_ufrag, sizeof peer->remote_ufrag, "%s", words[2]);
  snprintf(peer->remote_password, sizeof peer->remote_password, "%s", words[3]);
  snprintf(peer->local_ufrag, sizeof peer->local_ufrag, "%s", words[4]);
  peer->active = strcmp(words[5], "passive") != 0;
  snprintf(peer->fingerprint, sizeof peer->fingerprint, "%s", words[7]);
  peer->streams = calloc(1, sizeof *peer->streams);
  peer->streams->own_ssrc = 0x44000000u + id;
  if (!peer_open(peer, words[0], atoi(words[1]), words[6])) {
    report_failure(id, peer->reason);
  } else {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = peer - peers};
    epoll_ctl(poller, EPOLL_CTL_ADD, peer->fd, &event);
  }
}

static void add_sender(struct peer *peer, char *words[]) {
  struct streams *streams = peer->streams;
  if (streams->sender_count == 8) return;
  struct sender *sender = &streams->senders[streams->sender_count++];
  *sender = (struct sender){
      .ssrc = strtoul(words[0], NULL, 10),
      .payload_type = atoi(words[1]),
      .kind = strcmp(words[2], "opus") == 0 ? KIND_OPUS : KIND_VP8,
      .stream = strtoul(words[3], NULL, 10),
      .mid_id = atoi(words[4]),
      .level_id = atoi(words[6]),
      .sequence = rand(),
      .timestamp = rand(),
      .picture = rand() & 0x7fff,
      // Sources are not in step with one another.
      .next_at = now_seconds() + (rand() % 40) / 1e3,
  };
  if (strcmp(words[5], "-") != 0) snprintf(sender->mid, sizeof sender->mid, "%s", words[5]);
}

// The one that sent last.
static struct sender *sender_of(uint32_t stream) {
  struct sender *found = NULL;
  for (int i = 0; i < peer_count; i++)
    for (int k = 0; peers[i].state != PEER_FREE && k < peers[i].streams->sender_count; k++) {
      struct sender *sender = &peers[i].streams->senders[k];
      if (sender->stream == stream && (!found || sender->sent_at > found->sent_at)) found = sender;
    }
  return found;
}

static void print_stats(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"event\":\"stats\",\"cpuMs\":%.0f,\"peers\":[",
         (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3);
  const char *comma = "";
  for (int i = 0; i < peer_count; i++) {
    struct peer *peer = &peers[i];
    if (peer->state == PEER_FREE) continue;
    printf("%s{\"id\":%d,\"connected\":%s,\"undecryptable\":%lu,\"sent\":[", comma, peer->id,
           peer->state == PEER_CONNECTED ? "true" : "false", (unsigned long)peer->undecryptable);
    for (int k = 0; k < peer->streams->sender_count; k++) {
      struct sender *sender = &peer->streams->senders[k];
      printf("%s{\"ssrc\":%u,\"stream\":%u,\"packets\":%u,\"keyFrames\":%u}", k ? "," : "", sender->ssrc, sender->stream,
             sender->packets, sender->key_frames);
    }
    printf("],\"received\":[");
    for (int k = 0; k < peer->streams->receiver_count; k++) {
      struct receiver *receiver = &peer->streams->receivers[k];
      int64_t lost = (int64_t)(receiver->cycles + receiver->highest - receiver->first + 1) - (int64_t)receiver->packets;
      printf("%s{\"ssrc\":%u,\"stream\":%u,\"packets\":%lu,\"octets\":%lu,\"intact\":%lu,\"lost\":%ld}", k ? "," : "",
             receiver->ssrc, receiver->stream, (unsigned long)receiver->packets, (unsigned long)receiver->octets,
             (unsigned long)receiver->intact, (long)(lost > 0 ? lost : 0));
    }
    printf("],\"flows\":[");
    for (int k = 0; k < peer->streams->flow_count; k++) {
      struct flow *flow = &peer->streams->flows[k];
      printf("%s{\"stream\":%u,\"gapMs\":%.1f}", k ? "," : "", flow->stream, flow_gap(flow, sender_of(flow->stream)) / 1e6);
    }
    printf("]}");
    comma = ",";
  }
  puts("]}");
}

static void close_peer(struct peer *peer) {
  peer_close(peer);
  free(peer->streams);
  peer->streams = NULL;
}

static void receive_all(struct peer *peer) {
  uint8_t data[MAX_DATAGRAM];
  // Bounded, so that one busy peer does not keep the others from sending in time.
  for (int i = 0; i < 64 && peer->state != PEER_FREE; i++) {
    int64_t arrived_at;
    ssize_t length = peer_read(peer, data, sizeof data, &arrived_at);
    if (length < 0) return;
    enum peer_state before = peer->state;
    bool is_rtcp = false;
    size_t size = peer_receive(peer, data, length, &is_rtcp);
    report_change(peer, before);
    if (size >= 8 && is_rtcp) streams_rtcp(peer->streams, data, size);
    else if (size >= 12) streams_rtp(peer->streams, data, size, arrived_at);
  }
}

// What lies in the kernel has come, though it was not read yet.
static void receive_everything(void) {
  for (int i = 0; i < 16 * peer_count; i++) receive_all(&peers[i % peer_count]);
}

static void start_window(void) {
  receive_everything();
  for (int i = 0; i < peer_count; i++)
    if (peers[i].state != PEER_FREE) streams_window(peers[i].streams);
}

// Returns false when the process is to end.
static bool command(char *line) {
  char *words[12] = {0};
  int count = 0;
  for (char *word = strtok(line, " \r\n"); word && count < 12; word = strtok(NULL, " \r\n")) words[count++] = word;
  if (count == 0) return true;
  int id = count > 1 ? atoi(words[1]) : 0;
  struct peer *peer = find(id);
  if (strcmp(words[0], "quit") == 0) return false;
  else if (strcmp(words[0], "stats") == 0) receive_everything(), print_stats();
  else if (strcmp(words[0], "window") == 0) start_window();
  else if (strcmp(words[0], "open") == 0 && count == 10) open_peer(id, words + 2);
  else if (strcmp(words[0], "send") == 0 && count == 9 && peer) add_sender(peer, words + 2);
  else if (strcmp(words[0], "feedback") == 0 && count == 3 && peer) peer->streams->feedback_id = atoi(words[2]);
  else if (strcmp(words[0], "close") == 0) peer ? close_peer(peer) : (void)0;
  else fprintf(stderr, "rtc-clients: not understood: %s with %d words\n", words[0], count);
  return true;
}

// Takes all complete lines of the input. Returns false at its end, or on quit.
static bool read_commands(void) {
  static char buffer[65536];
  static size_t used;
  ssize_t got = read(STDIN_FILENO, buffer + used, sizeof buffer - used);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  used += got;
  char *start = buffer, *end;
  while ((end = memchr(start, '\n', buffer + used - start))) {
    *end = 0;
    if (!command(start)) return false;
    start = end + 1;
  }
  used -= start - buffer;
  memmove(buffer, start, used);
  return used < sizeof buffer;
}

int main(int argc, char *argv[]) {
  if (argc == 2 && strcmp(argv[1], "ticker") == 0) return ticker();
  setvbuf(stdout, NULL, _IOLBF, 0);
  srand(getpid());
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const char *fingerprint = peers_init();
  if (!fingerprint) {
    fputs("rtc-clients: no certificate could be made\n", stderr);
    return 1;
  }
  poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event input = {.events = EPOLLIN, .data.u32 = STDIN_INDEX};
  epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &input);
  printf("{\"event\":\"ready\",\"fingerprint\":\"%s\"}\n", fingerprint);

  double next_peer_tick = 0, next = 0;
  for (;;) {
    double now = now_seconds(), wait = next - now;
    struct epoll_event events[128];
    int count = epoll_wait(poller, events, 128, wait <= 0 ? 0 : wait > 0.02 ? 20 : (int)(wait * 1e3) + 1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.u32 != STDIN_INDEX) receive_all(&peers[events[i].data.u32]);
      else if (!read_commands()) return 0;
    }
    now = now_seconds();
    bool is_peer_tick = now >= next_peer_tick;
    if (is_peer_tick) next_peer_tick = now + 0.02;
    next = now + 0.02;
    for (int i = 0; i < peer_count; i++) {
      struct peer *peer = &peers[i];
      if (is_peer_tick && peer->state != PEER_FREE) {
        enum peer_state before = peer->state;
        peer_tick(peer);
        report_change(peer, before);
      }
      if (peer->state != PEER_CONNECTED) continue;
      double due = streams_tick(peer, now);
      if (due < next) next = due;
    }
  }
}
