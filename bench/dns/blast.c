/*
 * UDP load in batches, as blast.ts, at a lower cost per query than any server's: it never sleeps,
 * and one process on one core keeps a server on another busy.
 *
 * Closed loop: each answer makes room for one more query. Open loop (rate=): queries leave by the
 * clock, and latency counts from when they should have left. With burst=N they leave N at a time,
 * it sleeps in between, and the kernel notes when answers come: for who shares its core.
 *
 * `inflight`: some connected sockets, each with a window of queries; those of equal length leave as
 * one UDP_SEGMENT message. `spread=1`: every query of the window comes from a client address of its
 * own in 127/8, each with one query in flight, all through a few sockets.
 */
#define _GNU_SOURCE
#include "blast.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { WINDOW_MAX = 256, SOCKETS_MAX = 256, SLOT = 1536, SEGMENTS_MAX = 64, OPT = 11 };
/* Unanswered for so long, a query is lost, and its place is used again. */
#define LOST_AFTER (100LL * MILLI)
#define SCAN_EVERY (20LL * MILLI)
/* No turn takes so long by its own work. */
#define STALL (200LL * MICRO)
/* Waiting for the last answers at the end of a run. */
#define DRAIN (150LL * MILLI)

struct slot {
  int64_t left_at; /* 0: free */
  uint32_t question;
  uint32_t owed; /* queries given up, whose answers may still come */
  uint16_t id;
};

struct options {
  int port, sockets, window, spread, plain, http, burst;
  double seconds, warmup, rate, per_second;
  const char *packets, *pids, *cores, *changes;
};

union control {
  char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
  struct cmsghdr aligned;
};

static struct options o = {.sockets = 16, .window = 16, .burst = 1, .pids = "", .cores = ""};
static struct packets queries;
static struct tally tally;
static struct churn *churn;
static struct pollfd fds[SOCKETS_MAX];
static struct slot slots[SOCKETS_MAX * WINDOW_MAX];
static uint8_t free_slots[SOCKETS_MAX][WINDOW_MAX];
static int free_counts[SOCKETS_MAX];
static struct mmsghdr outs[WINDOW_MAX], ins[WINDOW_MAX];
static struct iovec out_vectors[WINDOW_MAX], in_vectors[WINDOW_MAX];
static union control controls[WINDOW_MAX];
static int firsts[WINDOW_MAX + 1];
static uint8_t *out_bytes, *in_bytes;
static uint32_t next_query, turns = 1;
static int64_t scan_at;

static int give_up_on(int error) {
  if (error == EAGAIN || error == EINTR || error == ENOBUFS) return 0;
  if (error != ECONNREFUSED) fail("socket error");
  tally.faults[REFUSED_PORT]++;
  return 0;
}

static void forget(struct slot *slot) {
  slot->left_at = 0;
  /* An id whose low bits name another slot: no answer can bear it here. */
  slot->id = ~slot->id;
}

static void give_back(int socket, int index) {
  free_slots[socket][free_counts[socket]++] = index;
}

/* The question comes back byte for byte (name, type, class), EDNS queries' OPT aside. */
static int is_same_question(const uint8_t *answer, size_t length, uint32_t question) {
  const uint8_t *asked = queries.bytes + (size_t)question * queries.stride;
  size_t size = queries.lengths[question] - (asked[11] == 1 ? OPT : 0);
  return length >= size && memcmp(answer + 12, asked + 12, size - 12) == 0;
}

static void check(const uint8_t *answer, uint32_t question) {
  if ((answer[3] & 15) != queries.rcodes[question]) tally.faults[WRONG_RCODE]++;
  else if ((answer[2] & 2) != 0) tally.faults[TRUNCATED]++;
  else if ((answer[6] << 8 | answer[7]) < queries.answers[question]) {
    tally.faults[TOO_FEW_ANSWERS]++;
  }
}

/* An answer nobody waits for: late, if its slot gave up on one; else the server's fault. */
static void take_stray(struct slot *slot, enum fault kind) {
  if (slot->owed == 0) {
    tally.faults[kind]++;
    return;
  }
  slot->owed--;
  tally.answered++;
  tally.late++;
  if (tally.lost > 0) tally.lost--;
}

static void take(int socket, const uint8_t *answer, size_t length, int64_t now) {
  if (length < 12 || answer[2] < 0x80) {
    tally.faults[MALFORMED]++;
    return;
  }
  uint16_t id = answer[0] << 8 | answer[1];
  int index = id & (o.window - 1);
  struct slot *slot = &slots[socket * o.window + index];
  if (slot->id != id || slot->left_at == 0) return take_stray(slot, UNEXPECTED);
  /* Ids come again: a late answer may bear the id of a newer query. */
  if (!is_same_question(answer, length, slot->question)) return take_stray(slot, WRONG_QUESTION);
  check(answer, slot->question);
  tally.answered++;
  tally.octets += length;
  if (o.rate > 0) add_latency(&tally.latency, now - slot->left_at);
  forget(slot);
  give_back(socket, index);
}

static int receive(int socket) {
  if (o.burst > 1) note_times(ins, o.window);
  int count = recvmmsg(fds[socket].fd, ins, o.window, MSG_DONTWAIT, NULL);
  if (count < 0) return give_up_on(errno);
  int64_t now = o.rate > 0 ? now_ns() : 0;
  for (int i = 0; i < count; i++) {
    if (o.burst > 1) now = came_at(&ins[i].msg_hdr);
    take(socket, in_bytes + i * SLOT, ins[i].msg_len, now);
  }
  return count;
}

/* The next question to `to`, with an id that names the slot and its turn. @returns its length. */
static size_t write_query(uint8_t *to, struct slot *slot, int index) {
  uint32_t question = queries.order[next_query];
  next_query = next_query + 1 == queries.count ? 0 : next_query + 1;
  uint16_t id = turns++ * o.window | index;
  memcpy(to, queries.bytes + (size_t)question * queries.stride, queries.stride);
  to[0] = id >> 8;
  to[1] = id;
  slot->id = id;
  slot->question = question;
  return queries.lengths[question];
}

/* Spread: the client address of this slot, 127.1.socket.index. */
static void set_source(struct mmsghdr *out, int i, int socket, int index) {
  struct cmsghdr *head = &controls[i].aligned;
  struct in_pktinfo info = {.ipi_spec_dst = {htonl(0x7f010000 | socket << 8 | index)}};
  *head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IP,
                           .cmsg_type = IP_PKTINFO};
  memcpy(CMSG_DATA(head), &info, sizeof info);
  out->msg_hdr.msg_control = head;
  out->msg_hdr.msg_controllen = CMSG_SPACE(sizeof info);
}

/* Queries of this length are cut out of the message again by the kernel. */
static void set_segment(struct mmsghdr *out, int i, uint16_t size) {
  struct cmsghdr *head = &controls[i].aligned;
  *head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof size), .cmsg_level = SOL_UDP,
                           .cmsg_type = UDP_SEGMENT};
  memcpy(CMSG_DATA(head), &size, sizeof size);
  out->msg_hdr.msg_control = head;
  out->msg_hdr.msg_controllen = CMSG_SPACE(sizeof size);
}

/* Writes `count` queries from the top of the free slots. @returns how many messages they are. */
static int write_batch(int socket, int count, int64_t at, int64_t interval) {
  int messages = 0;
  size_t last = 0;
  uint8_t *to = out_bytes;
  for (int i = 0; i < count; i++) {
    int index = free_slots[socket][free_counts[socket] - 1 - i];
    struct slot *slot = &slots[socket * o.window + index];
    size_t length = write_query(to, slot, index);
    slot->left_at = at + i * interval;
    int joins = messages > 0 && length == last && i - firsts[messages - 1] < SEGMENTS_MAX;
    if (joins && !o.spread && !o.plain) {
      out_vectors[messages - 1].iov_len += length;
      set_segment(&outs[messages - 1], messages - 1, length);
    } else {
      firsts[messages] = i;
      out_vectors[messages] = (struct iovec){to, length};
      outs[messages].msg_hdr.msg_control = NULL;
      outs[messages].msg_hdr.msg_controllen = 0;
      if (o.spread) set_source(&outs[messages], messages, socket, index);
      messages++;
    }
    last = length;
    to += length;
  }
  firsts[messages] = count;
  return messages;
}

/* @returns how many left, at most the free slots of the socket. */
static int send_some(int socket, int wanted, int64_t at, int64_t interval) {
  int count = wanted < free_counts[socket] ? wanted : free_counts[socket];
  if (count == 0) return 0;
  int messages = write_batch(socket, count, at, interval);
  int done = sendmmsg(fds[socket].fd, outs, messages, MSG_DONTWAIT);
  if (done < 0) done = give_up_on(errno);
  int left = firsts[done];
  /* The last to leave are on top: what did not leave lies below and moves nowhere. */
  int base = free_counts[socket] - count;
  for (int i = left; i < count; i++) {
    forget(&slots[socket * o.window + free_slots[socket][free_counts[socket] - 1 - i]]);
  }
  free_counts[socket] = base + count - left;
  tally.sent += left;
  return left;
}

/* Gives up what has been in flight for too long. */
static void scan(int64_t now) {
  if (now < scan_at) return;
  scan_at = now + SCAN_EVERY;
  for (int i = 0; i < o.sockets * o.window; i++) {
    struct slot *slot = &slots[i];
    if (slot->left_at == 0 || now - slot->left_at < LOST_AFTER) continue;
    tally.lost++;
    slot->owed++;
    forget(slot);
    give_back(i / o.window, i % o.window);
  }
}

static int receive_ready(void) {
  int worked = 0;
  if (poll(fds, o.sockets, 0) <= 0) return 0;
  for (int i = 0; i < o.sockets; i++) if (fds[i].revents != 0) worked += receive(i);
  return worked;
}

static void run_closed(double seconds) {
  int64_t now = now_ns(), end = now + seconds * SECOND;
  while (now < end) {
    int worked = 0;
    for (int i = 0; i < o.sockets; i++) {
      worked += receive(i);
      worked += send_some(i, free_counts[i], now, 0);
    }
    int64_t before = now;
    now = now_ns();
    if (worked == 0) tally.idle += now - before;
    scan(now);
  }
}

static void run_open(double seconds) {
  double interval = SECOND / o.rate, tick = o.burst * interval;
  int64_t start = now_ns(), end = start + seconds * SECOND, last = start;
  uint64_t left = 0;
  int socket = 0;
  for (int64_t now = start; now < end; now = now_ns()) {
    int64_t late = o.burst > 1 ? now - start - (int64_t)(left / o.burst * tick) : now - last;
    if (late > STALL) {
      tally.stalled += late;
      if (o.burst > 1) start += late; /* who shares this core held it up, not the server */
    }
    last = now;
    int64_t due = ((int64_t)((now - start) / tick) + 1) * o.burst - (int64_t)left;
    if (due > 0) {
      int room = o.burst > 1 ? o.burst - (int)(left % o.burst) : o.window;
      int wanted = due < room ? due : room;
      int64_t at = start + (left / o.burst) * tick;
      int sent = send_some(socket, wanted, at, o.burst > 1 ? 0 : interval);
      int is_full = sent == 0 && (o.burst > 1 || due >= o.window);
      int skipped = is_full ? (o.burst > 1 ? wanted : due) : 0;
      tally.skipped += skipped;
      left += sent + skipped;
      socket = (socket + 1) % o.sockets;
    }
    receive_ready();
    scan(now);
    if (churn != NULL) turn_churn(churn, now);
    if (o.burst > 1 && due <= o.burst) sleep_until(start + (left / o.burst) * tick);
  }
}

static void drive(double seconds) {
  if (o.rate > 0) run_open(seconds);
  else run_closed(seconds);
}

/* Ends a run: what is still missing afterwards is lost. */
static void drain(void) {
  for (int64_t end = now_ns() + DRAIN; now_ns() < end;) receive_ready();
  scan_at = 0;
  scan(now_ns() + LOST_AFTER);
}

static struct sockaddr_in server;

static int open_spread(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in any = {.sin_family = AF_INET};
  if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) != 0) fail("bind");
  return fd;
}

static void open_sockets(void) {
  int size = 4 << 20, one = 1;
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(o.port)};
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < o.sockets; i++) {
    int fd = o.spread ? open_spread() : connect_to(SOCK_DGRAM, o.port);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (o.burst > 1) setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
    fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
    for (int j = 0; j < o.window; j++) give_back(i, j);
  }
  out_bytes = calloc(o.window + 1, queries.stride);
  in_bytes = calloc(o.window, SLOT);
  if (out_bytes == NULL || in_bytes == NULL) fail("calloc");
  for (int i = 0; i < o.window; i++) {
    in_vectors[i] = (struct iovec){in_bytes + i * SLOT, SLOT};
    ins[i].msg_hdr = (struct msghdr){.msg_iov = &in_vectors[i], .msg_iovlen = 1};
    outs[i].msg_hdr = (struct msghdr){.msg_iov = &out_vectors[i], .msg_iovlen = 1};
    if (!o.spread) continue;
    outs[i].msg_hdr.msg_name = &server;
    outs[i].msg_hdr.msg_namelen = sizeof server;
  }
}

static void print_result(const struct meter *from, const struct meter *to) {
  double seconds = (to->at - from->at) / 1e9;
  printf("\"sent\":%lu,\"lost\":%lu,\"skipped\":%lu,", tally.sent, tally.lost, tally.skipped);
  printf("\"stalledNs\":%ld,\"idleNs\":%ld,", tally.stalled, tally.idle);
  if (o.rate > 0) print_latency("latency", &tally.latency);
  if (churn != NULL) print_churn(churn, seconds);
  print_meter(from, to, o.cores);
  print_faults(tally.faults);
  printf("}\n");
}

static void read_option(const char *key, const char *value) {
  if (strcmp(key, "port") == 0) o.port = atoi(value);
  else if (strcmp(key, "sockets") == 0) o.sockets = atoi(value);
  else if (strcmp(key, "window") == 0) o.window = atoi(value);
  else if (strcmp(key, "spread") == 0) o.spread = atoi(value);
  else if (strcmp(key, "plain") == 0) o.plain = atoi(value);
  else if (strcmp(key, "seconds") == 0) o.seconds = atof(value);
  else if (strcmp(key, "warmup") == 0) o.warmup = atof(value);
  else if (strcmp(key, "rate") == 0) o.rate = atof(value);
  else if (strcmp(key, "burst") == 0) o.burst = atoi(value);
  else if (strcmp(key, "http") == 0) o.http = atoi(value);
  else if (strcmp(key, "persecond") == 0) o.per_second = atof(value);
  else if (strcmp(key, "changes") == 0) o.changes = value;
  else if (strcmp(key, "packets") == 0) o.packets = value;
  else if (strcmp(key, "pids") == 0) o.pids = value;
  else if (strcmp(key, "cores") == 0) o.cores = value;
  else fail(key);
}

static void read_options(int count, char **arguments) {
  for (int i = 1; i < count; i++) {
    char *value = strchr(arguments[i], '=');
    if (value == NULL) fail(arguments[i]);
    *value = '\0';
    read_option(arguments[i], value + 1);
  }
  int is_power = o.window > 0 && (o.window & (o.window - 1)) == 0;
  if (!is_power || o.window > WINDOW_MAX) fail("window");
  if (o.burst < 1 || o.burst > o.window) fail("burst");
  if (o.sockets < 1 || o.sockets > SOCKETS_MAX) fail("sockets");
}

int main(int count, char **arguments) {
  static struct meter from, to;
  read_options(count, arguments);
  read_packets(&queries, o.packets);
  open_sockets();
  if (o.changes != NULL) churn = open_churn(o.changes, o.http, o.port, o.per_second);
  drive(o.warmup);
  /* Faults of the warm-up are faults, too; its counts and times are not ours. */
  uint64_t faults[FAULTS];
  memcpy(faults, tally.faults, sizeof faults);
  memset(&tally, 0, sizeof tally);
  memcpy(tally.faults, faults, sizeof faults);
  if (churn != NULL) start_churn_over(churn);
  read_meter(&from, o.pids, o.cores);
  drive(o.seconds);
  read_meter(&to, o.pids, o.cores);
  printf("{\"answered\":%lu,\"late\":%lu,", tally.answered, tally.late);
  printf("\"octets\":%lu,", tally.octets);
  drain();
  print_result(&from, &to);
}
