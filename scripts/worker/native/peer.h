// One WebRTC peer connection without a browser: ICE (with one candidate of the server's, lite or not), DTLS, SRTP.
#ifndef PEER_H
#define PEER_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MAX_DATAGRAM 2048

enum peer_state { PEER_FREE, PEER_CHECKING, PEER_HANDSHAKING, PEER_CONNECTED, PEER_FAILED };

struct streams;

struct peer {
  int id;
  int fd;
  enum peer_state state;
  bool active;     // we are the DTLS client
  bool controlled; // the server chooses the candidates
  char remote_ufrag[260], remote_password[260], local_ufrag[64], local_password[128], fingerprint[128];
  struct sockaddr_in remote;
  uint8_t transaction[12];
  double opened_at, last_check_at;
  int checks;
  SSL *ssl;
  BIO *incoming; // memory: one datagram at a time, so that media and DTLS can share the socket
  srtp_t srtp_in, srtp_out;
  const char *profile; // as OpenSSL names it, once connected
  char reason[200];    // why it failed
  uint64_t undecryptable;
  struct streams *streams;
};

// Seconds of a clock that never jumps.
double now_seconds(void);

// Of the clock by which the kernel dates datagrams.
int64_t wall_nanoseconds(void);

// Makes the certificate that all peers of this process show. Returns its SHA-256 fingerprint (AA:BB:...), NULL on failure.
const char *peers_init(void);

// Opens the socket and sends the first connectivity check. `profiles` is a colon separated list in OpenSSL's names.
// False with `reason` set when that is impossible.
bool peer_open(struct peer *peer, const char *ip, int port, const char *profiles);

// Where the server sees us when nothing lies between: our side of the socket.
bool peer_address(const struct peer *peer, char *ip, size_t size, int *port);

// Reads one datagram and when the kernel took it. Returns its length, or -1 when there is none.
ssize_t peer_read(struct peer *peer, uint8_t *data, size_t size, int64_t *arrived_at);

// Handles one datagram. Returns the length of a decrypted RTP or RTCP packet left in `data`, or 0 when there is none.
size_t peer_receive(struct peer *peer, uint8_t *data, size_t length, bool *is_rtcp);

// Retransmissions and ICE consent; to be called every few ten milliseconds.
void peer_tick(struct peer *peer);

// Encrypts in place and sends. `data` needs SRTP_MAX_TRAILER_LEN + 4 bytes of room after `length`.
bool peer_send(struct peer *peer, uint8_t *data, size_t length, bool is_rtcp);

void peer_close(struct peer *peer);

#endif
