/*
 * The floor under every DNS server on sockets: recvmmsg and sendmmsg, 64 at a time, QR set, 64
 * octets appended as an answer's stand-in. It looks nothing up.
 *
 *   echo PORT [pktinfo] [THREADS]   pktinfo: bound to all addresses, answers from the one asked
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, SLOT = 1536, APPENDED = 64, HEADER = 12, BUFFER = 4 << 20 };

static int port;
static int has_pktinfo;

struct batch {
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  struct sockaddr_in clients[BATCH];
  char control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))] __attribute__((aligned(8)));
  uint8_t slots[BATCH][SLOT];
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void enlarge(int fd, int forced, int plain) {
  int size = BUFFER;
  if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof size) == 0) return;
  setsockopt(fd, SOL_SOCKET, plain, &size, sizeof size);
}

static int open_socket(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  int one = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  at.sin_addr.s_addr = htonl(has_pktinfo ? INADDR_ANY : INADDR_LOOPBACK);
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  if (has_pktinfo) setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
  enlarge(fd, SO_RCVBUFFORCE, SO_RCVBUF);
  enlarge(fd, SO_SNDBUFFORCE, SO_SNDBUF);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0) fail("bind");
  return fd;
}

/** The kernel shortens these while it receives. */
static void make_room(struct batch *b, int i) {
  struct msghdr *header = &b->messages[i].msg_hdr;
  b->vectors[i] = (struct iovec){b->slots[i], SLOT - APPENDED};
  *header = (struct msghdr){.msg_name = &b->clients[i],
                            .msg_namelen = sizeof b->clients[i],
                            .msg_iov = &b->vectors[i],
                            .msg_iovlen = 1};
  if (!has_pktinfo) return;
  header->msg_control = b->control[i];
  header->msg_controllen = sizeof b->control[i];
}

static void answer(struct batch *b, int i) {
  size_t length = b->messages[i].msg_len;
  if (length >= HEADER) b->slots[i][2] |= 0x80;
  b->vectors[i].iov_len = length + APPENDED;
  if (!has_pktinfo) return;
  // What came in says where from to answer: the address asked, whatever the interface.
  struct cmsghdr *first = CMSG_FIRSTHDR(&b->messages[i].msg_hdr);
  struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(first);
  info->ipi_spec_dst = info->ipi_addr;
  info->ipi_ifindex = 0;
}

static void *serve(void *unused) {
  int fd = open_socket();
  struct batch *b = calloc(1, sizeof *b);
  if (b == NULL) fail("calloc");
  for (;;) {
    for (int i = 0; i < BATCH; i++) make_room(b, i);
    int count = recvmmsg(fd, b->messages, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < count; i++) answer(b, i);
    for (int sent = 0; sent < count;) {
      int now = sendmmsg(fd, b->messages + sent, count - sent, 0);
      // One that cannot be sent is skipped, as servers do.
      sent += now > 0 ? now : 1;
    }
  }
  return unused;
}

int main(int argc, char **argv) {
  int threads = 1;
  port = argc > 1 ? atoi(argv[1]) : 0;
  for (int i = 2; i < argc; i++) {
    if (strcmp(argv[i], "pktinfo") == 0) has_pktinfo = 1;
    else threads = atoi(argv[i]);
  }
  for (int i = 1; i < threads; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, NULL) != 0) fail("pthread_create");
  }
  serve(NULL);
}
