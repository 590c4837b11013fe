#define _GNU_SOURCE
#include "peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static SSL_CTX *context;
static uint32_t crc_table[256];
static char own_fingerprint[100];

double now_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

int64_t wall_nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fingerprint_of(X509 *certificate, char *text) {
  uint8_t digest[32];
  unsigned length = 0;
  X509_digest(certificate, EVP_sha256(), digest, &length);
  for (unsigned i = 0; i < length; i++) sprintf(text + i * 3, i + 1 < length ? "%02X:" : "%02X", digest[i]);
}

// The chain means nothing in WebRTC: what counts is the fingerprint, compared after the handshake.
static int accept_any(int preverified, X509_STORE_CTX *store) {
  (void)preverified, (void)store;
  return 1;
}

// As browsers do: on a fast network a lost first flight must not cost OpenSSL's whole second.
static unsigned retransmit_after_us(SSL *ssl, unsigned before) {
  (void)ssl;
  return before == 0 ? 100000 : before >= 1600000 ? 1600000 : before * 2;
}

const char *peers_init(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t r = i;
    for (int k = 0; k < 8; k++) r = r & 1 ? 0xedb88320 ^ (r >> 1) : r >> 1;
    crc_table[i] = r;
  }
  if (srtp_init() != srtp_err_status_ok) return NULL;
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = X509_new();
  if (!key || !certificate) return NULL;
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 24 * 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME *name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"WebRTC", -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  if (!X509_sign(certificate, key, EVP_sha256())) return NULL;
  context = SSL_CTX_new(DTLS_method());
  if (!context || SSL_CTX_use_certificate(context, certificate) != 1 || SSL_CTX_use_PrivateKey(context, key) != 1) return NULL;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
  fingerprint_of(certificate, own_fingerprint);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return own_fingerprint;
}

static void fail(struct peer *peer, const char *reason) {
  snprintf(peer->reason, sizeof peer->reason, "%s", reason);
  peer->state = PEER_FAILED;
}

static uint8_t *attribute(uint8_t *at, unsigned type, unsigned length) {
  at[0] = type >> 8, at[1] = type, at[2] = length >> 8, at[3] = length;
  return at + 4;
}

// RFC 8489 sections 14.5 and 14.7: message integrity and fingerprint end the message; `at` is its end. Sends it.
static void finish_message(struct peer *peer, uint8_t *message, uint8_t *at, const char *password) {
  // The length in the header counts up to and including the attribute that is being computed.
  unsigned length = at - message - 20 + 24, mac_length = 0;
  message[2] = length >> 8, message[3] = length;
  uint8_t mac[20];
  HMAC(EVP_sha1(), password, strlen(password), message, at - message, mac, &mac_length);
  memcpy(attribute(at, 0x0008, 20), mac, 20);
  at += 24;
  length += 8;
  message[2] = length >> 8, message[3] = length;
  uint32_t crc = ~0u;
  for (uint8_t *p = message; p < at; p++) crc = crc_table[(crc ^ *p) & 255] ^ (crc >> 8);
  crc = htonl(~crc ^ 0x5354554e);
  memcpy(attribute(at, 0x8028, 4), &crc, 4);
  at += 8;
  send(peer->fd, message, at - message, 0);
}

// Binding request, with USE-CANDIDATE where we choose: RFC 8489 section 5 and RFC 8445 section 7.1.
static void send_check(struct peer *peer) {
  uint8_t message[1024] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
  // The same transaction until it is answered, so that an answer to any of its messages counts.
  if (peer->checks++ == 0 || peer->state == PEER_CONNECTED) RAND_bytes(peer->transaction, sizeof peer->transaction);
  memcpy(message + 8, peer->transaction, 12);
  uint8_t *at = message + 20;
  char user[400];
  unsigned user_length = snprintf(user, sizeof user, "%s:%s", peer->remote_ufrag, peer->local_ufrag);
  memcpy(attribute(at, 0x0006, user_length), user, user_length);
  at += 4 + ((user_length + 3) & ~3u);
  uint32_t priority = htonl(0x6e7f1eff);
  memcpy(attribute(at, 0x0024, 4), &priority, 4);
  at += 8;
  memset(attribute(at, peer->controlled ? 0x8029 : 0x802a, 8), 1, 8);
  at += 12;
  if (!peer->controlled) {
    attribute(at, 0x0025, 0);
    at += 4;
  }
  finish_message(peer, message, at, peer->remote_password);
  peer->last_check_at = now_seconds();
}

// A server that is not lite checks us too, and goes on doing so (RFC 7675). Who knows our name for this connection may ask:
// what its message integrity would prove, DTLS proves.
static void answer_check(struct peer *peer, const uint8_t *request) {
  uint8_t message[128] = {1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
  memcpy(message + 8, request + 8, 12);
  // XOR-MAPPED-ADDRESS, RFC 8489 section 14.2.
  uint8_t *mapped = attribute(message + 20, 0x0020, 8);
  uint16_t port = peer->remote.sin_port ^ htons(0x2112);
  uint32_t address = peer->remote.sin_addr.s_addr ^ htonl(0x2112a442);
  mapped[1] = 1;
  memcpy(mapped + 2, &port, 2);
  memcpy(mapped + 4, &address, 4);
  finish_message(peer, message, message + 32, peer->local_password);
}

bool peer_open(struct peer *peer, const char *ip, int port, const char *profiles) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  peer->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (peer->fd < 0 || inet_pton(AF_INET, ip, &address.sin_addr) != 1 ||
      connect(peer->fd, (struct sockaddr *)&address, sizeof address) != 0) {
    fail(peer, "the socket could not be opened");
    return false;
  }
  peer->remote = address;
  int size = 4 << 20, on = 1;
  setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(peer->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  peer->ssl = SSL_new(context);
  if (!peer->ssl || SSL_set_tlsext_use_srtp(peer->ssl, profiles) != 0) {
    fail(peer, "unknown SRTP profile");
    return false;
  }
  peer->incoming = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(peer->incoming, -1);
  BIO *outgoing = BIO_new_dgram(peer->fd, BIO_NOCLOSE);
  BIO_ctrl(outgoing, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &address);
  SSL_set_bio(peer->ssl, peer->incoming, outgoing);
  SSL_set_options(peer->ssl, SSL_OP_NO_QUERY_MTU);
  SSL_set_mtu(peer->ssl, 1200);
  DTLS_set_timer_cb(peer->ssl, retransmit_after_us);
  if (peer->active) SSL_set_connect_state(peer->ssl);
  else SSL_set_accept_state(peer->ssl);
  peer->opened_at = now_seconds();
  peer->state = PEER_CHECKING;
  send_check(peer);
  return true;
}

bool peer_address(const struct peer *peer, char *ip, size_t size, int *port) {
  struct sockaddr_in own;
  socklen_t length = sizeof own;
  if (getsockname(peer->fd, (struct sockaddr *)&own, &length) != 0 || !inet_ntop(AF_INET, &own.sin_addr, ip, size)) return false;
  *port = ntohs(own.sin_port);
  return true;
}

// RFC 5764 section 4.2: client key, server key, client salt, server salt.
static bool start_srtp(struct peer *peer) {
  const SRTP_PROTECTION_PROFILE *selected = SSL_get_selected_srtp_profile(peer->ssl);
  if (!selected) return false;
  srtp_profile_t profile = selected->id == SRTP_AEAD_AES_256_GCM   ? srtp_profile_aead_aes_256_gcm
                           : selected->id == SRTP_AEAD_AES_128_GCM ? srtp_profile_aead_aes_128_gcm
                                                                   : srtp_profile_aes128_cm_sha1_80;
  size_t key_length = srtp_profile_get_master_key_length(profile);
  size_t salt_length = srtp_profile_get_master_salt_length(profile);
  uint8_t material[128], keys[2][64];
  if (SSL_export_keying_material(peer->ssl, material, 2 * (key_length + salt_length), "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0) != 1)
    return false;
  for (int i = 0; i < 2; i++) {
    memcpy(keys[i], material + i * key_length, key_length);
    memcpy(keys[i] + key_length, material + 2 * key_length + i * salt_length, salt_length);
  }
  srtp_policy_t policy = {.window_size = 1024, .allow_repeat_tx = 1};
  srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile);
  srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile);
  policy.ssrc.type = ssrc_any_outbound;
  policy.key = keys[peer->active ? 0 : 1];
  if (srtp_create(&peer->srtp_out, &policy) != srtp_err_status_ok) return false;
  policy.ssrc.type = ssrc_any_inbound;
  policy.key = keys[peer->active ? 1 : 0];
  if (srtp_create(&peer->srtp_in, &policy) != srtp_err_status_ok) return false;
  peer->profile = selected->name;
  return true;
}

static void continue_handshake(struct peer *peer) {
  ERR_clear_error();
  int result = SSL_do_handshake(peer->ssl);
  if (result != 1) {
    int error = SSL_get_error(peer->ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
    char text[160];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    fail(peer, text);
    return;
  }
  char shown[100] = "";
  X509 *certificate = SSL_get1_peer_certificate(peer->ssl);
  if (certificate) fingerprint_of(certificate, shown);
  X509_free(certificate);
  if (strcasecmp(shown, peer->fingerprint) != 0) fail(peer, "the server's certificate has another fingerprint");
  else if (!start_srtp(peer)) fail(peer, "no SRTP profile was agreed");
  else peer->state = PEER_CONNECTED;
}

ssize_t peer_read(struct peer *peer, uint8_t *data, size_t size, int64_t *arrived_at) {
  char control[CMSG_SPACE(sizeof(struct timespec))];
  struct iovec part = {.iov_base = data, .iov_len = size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(peer->fd, &message, 0);
  struct cmsghdr *stamp = length < 0 ? NULL : CMSG_FIRSTHDR(&message);
  if (stamp && stamp->cmsg_level == SOL_SOCKET && stamp->cmsg_type == SCM_TIMESTAMPNS) {
    struct timespec t;
    memcpy(&t, CMSG_DATA(stamp), sizeof t);
    *arrived_at = t.tv_sec * 1000000000LL + t.tv_nsec;
  } else {
    *arrived_at = wall_nanoseconds();
  }
  return length;
}

size_t peer_receive(struct peer *peer, uint8_t *data, size_t length, bool *is_rtcp) {
  if (length < 12) return 0;
  // RFC 7983: the first byte tells STUN, DTLS and media apart.
  if (data[0] < 4) {
    if (data[0] == 0 && data[1] == 1 && length >= 20) answer_check(peer, data);
    bool is_success = data[0] == 1 && data[1] == 1 && memcmp(data + 8, peer->transaction, 12) == 0;
    if (peer->state != PEER_CHECKING || length < 20) return 0;
    if (is_success) {
      peer->state = PEER_HANDSHAKING;
      continue_handshake(peer);
    } else if (data[0] == 1 && data[1] == 0x11) {
      fail(peer, "the server refused the connectivity check");
    }
    return 0;
  }
  if (data[0] >= 20 && data[0] < 64) {
    // A server in the DTLS client role may be faster than its answer to our check.
    if (peer->state == PEER_CHECKING) peer->state = PEER_HANDSHAKING;
    BIO_write(peer->incoming, data, length);
    if (peer->state == PEER_HANDSHAKING) {
      continue_handshake(peer);
    } else if (peer->state == PEER_CONNECTED) {
      uint8_t ignored[MAX_DATAGRAM];
      // Data channels are not spoken here; reading also answers a repeated last flight and sees the closing alert.
      while (SSL_read(peer->ssl, ignored, sizeof ignored) > 0) continue;
      if (SSL_get_shutdown(peer->ssl) & SSL_RECEIVED_SHUTDOWN) fail(peer, "the server closed the connection");
    }
    return 0;
  }
  if (data[0] < 128 || data[0] > 191 || peer->state != PEER_CONNECTED) return 0;
  *is_rtcp = data[1] >= 192 && data[1] <= 223;
  int size = length;
  srtp_err_status_t err = *is_rtcp ? srtp_unprotect_rtcp(peer->srtp_in, data, &size) : srtp_unprotect(peer->srtp_in, data, &size);
  if (err == srtp_err_status_ok) return size;
  // A repeated packet is the network's doing and no fault of the keys.
  if (err != srtp_err_status_replay_fail && err != srtp_err_status_replay_old) peer->undecryptable++;
  return 0;
}

void peer_tick(struct peer *peer) {
  double now = now_seconds();
  if (peer->state == PEER_HANDSHAKING && DTLSv1_handle_timeout(peer->ssl) < 0) fail(peer, "the DTLS handshake timed out");
  // As browsers do: often at first, for a server may learn of us a moment later.
  if (peer->state == PEER_CHECKING && now - peer->last_check_at > (peer->checks < 10 ? 0.05 : 0.25)) send_check(peer);
  if (peer->state == PEER_CONNECTED && now - peer->last_check_at > 4) send_check(peer);
  if ((peer->state == PEER_CHECKING || peer->state == PEER_HANDSHAKING) && now - peer->opened_at > 20)
    fail(peer, peer->state == PEER_CHECKING ? "no answer to the connectivity checks" : "the DTLS handshake did not end");
}

bool peer_send(struct peer *peer, uint8_t *data, size_t length, bool is_rtcp) {
  int size = length;
  srtp_err_status_t err = is_rtcp ? srtp_protect_rtcp(peer->srtp_out, data, &size) : srtp_protect(peer->srtp_out, data, &size);
  return err == srtp_err_status_ok && send(peer->fd, data, size, 0) == size;
}

void peer_close(struct peer *peer) {
  if (peer->ssl) {
    if (peer->state == PEER_CONNECTED) SSL_shutdown(peer->ssl);
    SSL_free(peer->ssl);
  }
  if (peer->srtp_in) srtp_dealloc(peer->srtp_in);
  if (peer->srtp_out) srtp_dealloc(peer->srtp_out);
  if (peer->fd >= 0) close(peer->fd);
  peer->ssl = NULL, peer->srtp_in = NULL, peer->srtp_out = NULL, peer->fd = -1, peer->state = PEER_FREE;
}
