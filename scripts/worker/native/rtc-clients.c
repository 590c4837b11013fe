// Many WebRTC peers in one small process, without a browser: proves a media server and loads it.
//
// Commands on standard input, one a line, words separated by spaces:
//   open ID IP PORT REMOTE_UFRAG REMOTE_PASSWORD LOCAL_UFRAG LOCAL_PASSWORD ROLE CONTROL PROFILES FINGERPRINT
//        ROLE is active (DTLS client) or passive, CONTROL controlling or controlled (ICE); PROFILES in OpenSSL's names, separated
//        by ':'; FINGERPRINT is the server's, SHA-256
//   send ID SSRC PAYLOAD_TYPE opus|vp8 STREAM MID_EXTENSION MID LEVEL_EXTENSION
//        STREAM is a number that travels in each payload; an extension id of 0 leaves it out; MID may be '-'
//   load NAME opus|vp8 PERIOD PATH
//        a recording (recording.h) with so many microseconds a frame; PATH is the rest of the line
//   play ID SSRC PAYLOAD_TYPE NAME STREAM LAYER MID_EXTENSION MID RID_EXTENSION RID LEVEL_EXTENSION FEEDBACK_EXTENSION
//        sends a recording again and again; the layers of a track have one STREAM
//   talk ID SSRC 0|1           a recorded sound falls silent, or not any more
//   feedback ID EXTENSION      transport-wide congestion control feedback, every 100 ms
//   close ID
//   window                     gaps and freezes of flows count from now on
//   stats
//   quit                       (so does the end of the input)
//
// Events on standard output, one JSON object a line:
//   {"event":"ready","fingerprint":"AA:..."}
//   {"event":"opened","id":1,"ip":"127.0.0.1","port":40000}
//   {"event":"connected","id":1,"profile":"SRTP_AEAD_AES_128_GCM","ms":12.3}
//   {"event":"failed","id":1,"reason":"..."}
//   {"event":"stats","cpuMs":1.5,"peers":[{"id":1,"undecryptable":0,"sent":[...],"received":[...],"flows":[...]}]}
//
// `rtc-clients ticker` and `rtc-clients bare` are other programs, see ticker.h and bare.h.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bare.h"
#include "peer.h"
#include "streams.h"
#include "ticker.h"

#define MAX_PEERS 8192
#define STDIN_INDEX UINT32_MAX

static struct peer peers[MAX_PEERS];
// When each peer's streams want to be called: by itself, so that a pass over thousands of them that have nothing to do is cheap.
static double due_at[MAX_PEERS];
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
  snprintf(peer->local_password, sizeof peer->local_password, "%s", words[5]);
  peer->active = strcmp(words[6], "passive") != 0;
  peer->controlled = strcmp(words[7], "controlled") == 0;
  snprintf(peer->fingerprint, sizeof peer->fingerprint, "%s", words[9]);
  due_at[peer - peers] = 0;
  peer->streams = calloc(1, sizeof *peer->streams);
  peer->streams->own_ssrc = 0x44000000u + id;
  if (!peer_open(peer, words[0], atoi(words[1]), words[8])) {
    report_failure(id, peer->reason);
  } else {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = peer - peers};
    epoll_ctl(poller, EPOLL_CTL_ADD, peer->fd, &event);
    char ip[INET_ADDRSTRLEN];
    int port;
    if (peer_address(peer, ip, sizeof ip, &port))
      printf("{\"event\":\"opened\",\"id\":%d,\"ip\":\"%s\",\"port\":%d}\n", id, ip, port);
  }
}

static struct sender *new_sender(struct peer *peer, enum kind kind, char *words[]) {
  struct streams *streams = peer->streams;
  if (streams->sender_count == MAX_SENDERS) return NULL;
  struct sender *sender = &streams->senders[streams->sender_count++];
  *sender = (struct sender){
      .ssrc = strtoul(words[0], NULL, 10),
      .payload_type = atoi(words[1]),
      .kind = kind,
      .stream = strtoul(words[3], NULL, 10),
      .sequence = rand(),
      .timestamp = rand(),
      .picture = rand() & 0x7fff,
      // Sources are not in step with one another.
      .next_at = now_seconds() + (rand() % 40) / 1e3,
  };
  due_at[peer - peers] = 0;
  return sender;
}

static void put_text(char *at, size_t size, const char *word) { snprintf(at, size, "%s", strcmp(word, "-") == 0 ? "" : word); }

static void send_synthetic(struct peer *peer, char *words[]) {
  struct sender *sender = new_sender(peer, strcmp(words[2], "opus") == 0 ? KIND_OPUS : KIND_VP8, words);
  if (!sender) return;
  sender->mid_id = atoi(words[4]);
  put_text(sender->mid, sizeof sender->mid, words[5]);
  sender->level_id = atoi(words[6]);
}

static void play(struct peer *peer, char *words[]) {
  const struct recording *recording = recording_find(words[2]);
  struct sender *sender = recording ? new_sender(peer, recording->is_video ? KIND_VP8 : KIND_OPUS, words) : NULL;
  if (!sender) {
    fprintf(stderr, "rtc-clients: %s cannot be played\n", words[2]);
    return;
  }
  sender->recording = recording;
  sender->layer = atoi(words[4]);
  sender->mid_id = atoi(words[5]);
  put_text(sender->mid, sizeof sender->mid, words[6]);
  sender->rid_id = atoi(words[7]);
  put_text(sender->rid, sizeof sender->rid, words[8]);
  sender->level_id = atoi(words[9]);
  sender->feedback_id = atoi(words[10]);
  // The layers of a picture are of one moment, and their frames have the same numbers.
  for (struct sender *other = peer->streams->senders; other < sender; other++)
    if (other->stream == sender->stream) sender->next_at = other->next_at, sender->counter = other->counter;
}

static void talk(struct peer *peer, uint32_t ssrc, bool is_silent) {
  for (int i = 0; i < peer->streams->sender_count; i++)
    if (peer->streams->senders[i].ssrc == ssrc) peer->streams->senders[i].is_silent = is_silent;
}

static bool load(const char *line) {
  char name[32], kind[8];
  unsigned period;
  int at = 0;
  if (sscanf(line, "load %31s %7s %u %n", name, kind, &period, &at) != 3 || at == 0) return false;
  bool is_loaded = recording_load(name, strcmp(kind, "vp8") == 0, period, line + at);
  printf("{\"event\":\"%s\",\"name\":\"%s\"}\n", is_loaded ? "loaded" : "unreadable", name);
  return true;
}

// All of them, gathered once for a report: looking through thousands of peers for each flow would take seconds.
static struct sender *all_senders[MAX_PEERS * MAX_SENDERS];
static int all_count;

static void gather_senders(void) {
  all_count = 0;
  for (int i = 0; i < peer_count; i++)
    for (int k = 0; peers[i].state != PEER_FREE && k < peers[i].streams->sender_count; k++)
      all_senders[all_count++] = &peers[i].streams->senders[k];
}

// The one that sent last.
static struct sender *sender_of(uint32_t stream) {
  struct sender *found = NULL;
  for (int i = 0; i < all_count; i++)
    if (all_senders[i]->stream == stream && (!found || all_senders[i]->sent_at > found->sent_at)) found = all_senders[i];
  return found;
}

static void print_stats(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"event\":\"stats\",\"cpuMs\":%.0f,\"peers\":[",
         (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3);
  gather_senders();
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
      printf("%s{\"ssrc\":%u,\"stream\":%u,\"packets\":%lu,\"octets\":%lu,\"intact\":%lu,\"spoiled\":%lu,\"lost\":%ld}",
             k ? "," : "", receiver->ssrc, receiver->stream, (unsigned long)receiver->packets, (unsigned long)receiver->octets,
             (unsigned long)receiver->intact, (unsigned long)receiver->spoiled, (long)(lost > 0 ? lost : 0));
    }
    printf("],\"flows\":[");
    for (int k = 0; k < peer->streams->flow_count; k++) {
      struct flow *flow = &peer->streams->flows[k];
      struct suffering suffered = flow_suffering(flow, sender_of(flow->stream));
      printf("%s{\"stream\":%u,\"gapMs\":%.1f,\"longGaps\":%u,\"firstAt\":%.3f", k ? "," : "", flow->stream,
             suffered.longest_gap / 1e6, suffered.long_gaps, flow->first_at / 1e6);
      if (flow->pictures)
        printf(",\"picture\":{\"layer\":%u,\"firstAt\":%.3f,\"count\":%u,\"freezes\":%u,\"frozenMs\":%.1f}", flow->layer,
               flow->first_picture_at / 1e6, flow->pictures, suffered.freezes, suffered.frozen / 1e6);
      putchar('}');
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
  if (strncmp(line, "load ", 5) == 0 && load(line)) return true;
  char *words[16] = {0};
  int count = 0;
  for (char *word = strtok(line, " \r\n"); word && count < 16; word = strtok(NULL, " \r\n")) words[count++] = word;
  if (count == 0) return true;
  int id = count > 1 ? atoi(words[1]) : 0;
  struct peer *peer = find(id);
  if (strcmp(words[0], "quit") == 0) return false;
  else if (strcmp(words[0], "stats") == 0) receive_everything(), print_stats();
  else if (strcmp(words[0], "window") == 0) start_window();
  else if (strcmp(words[0], "open") == 0 && count == 12) open_peer(id, words + 2);
  else if (strcmp(words[0], "send") == 0 && count == 9 && peer) send_synthetic(peer, words + 2);
  else if (strcmp(words[0], "play") == 0 && count == 13 && peer) play(peer, words + 2);
  else if (strcmp(words[0], "talk") == 0 && count == 4 && peer) talk(peer, strtoul(words[2], NULL, 10), words[3][0] == '0');
  else if (strcmp(words[0], "feedback") == 0 && count == 3 && peer) peer->streams->feedback_id = atoi(words[2]), due_at[peer - peers] = 0;
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
  if (argc == 5 && strcmp(argv[1], "bare") == 0) return bare(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
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
      if (now >= due_at[i]) due_at[i] = streams_tick(peer, now);
      if (due_at[i] < next) next = due_at[i];
    }
  }
}
