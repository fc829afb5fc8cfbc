/*
 * Changes of the registry while queries are measured, from inside the generator's loop: a client
 * process of its own would share the generator's core, and its turns would count as latency.
 *
 * Two kinds, both written beforehand by changes-file.ts: changes at a given rate, and probes that
 * tell how long a change takes to be seen in a UDP answer.
 */
#define _GNU_SOURCE
#include "blast.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than TypeScript's generator has: 10,000 changes a second wait for their answers. */
enum { LINES = 64, BUFFER = 16384, UDP_BUFFER = 1536 };
#define PROBE_EVERY (25LL * MILLI)
/* Between two looks: finer than the latencies told, rarer than a load of its own. */
#define LOOK_EVERY (100LL * MICRO)
#define UNSEEN_AFTER (5LL * SECOND)

struct text {
  const uint8_t *at;
  uint32_t length;
};

/* A keep-alive connection with one request at a time. */
struct line {
  int fd, is_busy, filled;
  uint64_t errors;
  char in[BUFFER + 1];
};

enum phase { IDLE, REGISTERING, UPDATING };

/* A service nobody knew: registered with weight 3, then updated to weight 7. */
struct probe {
  struct line line;
  int fd, weight, is_told;
  enum phase phase;
  uint32_t turn;
  uint16_t id;
  int64_t started_at, next_at, asked_at;
  uint64_t unseen;
  struct histogram registered, updated;
};

struct churn {
  uint32_t changes_count, probes_count, turn;
  struct text *changes;
  struct text (*probes)[3]; /* register, update, query */
  double interval, next_at;
  uint64_t done, skipped;
  int line;
  struct line lines[LINES];
  struct probe probe;
};

static void open_line(struct line *line, int port) {
  int one = 1;
  line->fd = connect_to(SOCK_STREAM, port);
  setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void send_text(struct line *line, const struct text *text) {
  ssize_t sent = send(line->fd, text->at, text->length, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent != (ssize_t)text->length) fail("the HTTP connection does not take a request");
  line->is_busy = 1;
  line->filled = 0;
}

/* Reads what has come; not busy any more once the answer is whole. */
static void receive_text(struct line *line) {
  ssize_t got = recv(line->fd, line->in + line->filled, BUFFER - line->filled, MSG_DONTWAIT);
  if (got == 0) fail("the server closed an HTTP connection");
  if (got < 0) return;
  line->filled += got;
  line->in[line->filled] = '\0';
  char *end = strstr(line->in, "\r\n\r\n");
  if (end == NULL) return;
  char *header = strcasestr(line->in, "\r\ncontent-length:");
  int length = header != NULL && header < end ? atoi(header + 17) : 0;
  if (line->in + line->filled < end + 4 + length) return;
  line->is_busy = 0;
  if (strncmp(line->in, "HTTP/1.1 200", 12) != 0) line->errors++;
}

static const uint8_t *read_text(const uint8_t *at, struct text *text) {
  memcpy(&text->length, at, 4);
  text->at = at + 4;
  return text->at + text->length;
}

struct churn *open_churn(const char *path, int http_port, int dns_port, double per_second) {
  size_t size;
  const uint8_t *at = map_file(path, &size);
  struct churn *c = calloc(1, sizeof *c);
  if (c == NULL) fail("calloc");
  memcpy(&c->changes_count, at, 4);
  memcpy(&c->probes_count, at + 4, 4);
  c->changes = calloc(c->changes_count, sizeof *c->changes);
  c->probes = calloc(c->probes_count, sizeof *c->probes);
  if (c->changes == NULL || c->probes == NULL) fail("calloc");
  at += 8;
  for (uint32_t i = 0; i < c->changes_count; i++) at = read_text(at, &c->changes[i]);
  for (uint32_t i = 0; i < c->probes_count; i++) {
    for (int part = 0; part < 3; part++) at = read_text(at, &c->probes[i][part]);
  }
  c->interval = per_second > 0 ? SECOND / per_second : 0;
  for (int i = 0; i < LINES; i++) open_line(&c->lines[i], http_port);
  open_line(&c->probe.line, http_port);
  c->probe.fd = connect_to(SOCK_DGRAM, dns_port);
  return c;
}

static void ask(struct probe *p, const struct text *query, int64_t now) {
  uint8_t packet[UDP_BUFFER];
  p->asked_at = now;
  p->id++;
  memcpy(packet, query->at, query->length);
  packet[0] = p->id >> 8;
  packet[1] = p->id;
  send(p->fd, packet, query->length, MSG_DONTWAIT);
}

/* The weight that an answer about this name shows now, also one to an earlier look; -1: none. */
static int look(struct probe *p, const struct text *query, int64_t now) {
  uint8_t in[UDP_BUFFER];
  if (now - p->asked_at >= LOOK_EVERY) ask(p, query, now);
  ssize_t size = recv(p->fd, in, sizeof in, MSG_DONTWAIT);
  /* The record: name (a pointer, as all servers write it), type, class, TTL, length, then priority
   * and weight (RFC 2782). */
  size_t weight = query->length + 2 + 10 + 2;
  if (size < (ssize_t)weight + 2 || memcmp(in + 12, query->at + 12, query->length - 12) != 0) {
    return -1;
  }
  if ((in[3] & 15) != 0 || (in[6] | in[7]) == 0) return -1;
  return in[weight] << 8 | in[weight + 1];
}

static void begin(struct churn *c, enum phase phase) {
  struct probe *p = &c->probe;
  p->phase = phase;
  p->is_told = 0;
  p->weight = phase == REGISTERING ? 3 : 7;
  p->started_at = now_ns();
  send_text(&p->line, &c->probes[p->turn][phase - REGISTERING]);
}

static void rest(struct probe *p, int64_t now) {
  p->phase = IDLE;
  p->turn++;
  p->next_at = now + PROBE_EVERY;
}

static void turn_probe(struct churn *c, int64_t now) {
  struct probe *p = &c->probe;
  if (p->line.is_busy) receive_text(&p->line);
  if (p->turn == c->probes_count) return;
  if (p->phase == IDLE) {
    if (!p->line.is_busy && now >= p->next_at) begin(c, REGISTERING);
    return;
  }
  int is_seen = look(p, &c->probes[p->turn][2], now) == p->weight;
  if (!is_seen && now - p->started_at > UNSEEN_AFTER) {
    p->unseen++;
    return rest(p, now);
  }
  /* An update follows as soon as the registration has been answered and seen. */
  if (!is_seen) return;
  if (p->phase == REGISTERING) {
    if (!p->is_told) add_latency(&p->registered, now_ns() - p->started_at);
    p->is_told = 1;
    if (!p->line.is_busy) begin(c, UPDATING);
    return;
  }
  add_latency(&p->updated, now_ns() - p->started_at);
  rest(p, now);
}

void turn_churn(struct churn *c, int64_t now) {
  for (int i = 0; i < LINES; i++) if (c->lines[i].is_busy) receive_text(&c->lines[i]);
  turn_probe(c, now);
  /* Somebody else makes the changes; here are the probes. */
  if (c->interval == 0) return;
  if (c->next_at == 0) c->next_at = now;
  if (now < c->next_at) return;
  c->next_at += c->interval;
  for (int i = 0; i < LINES; i++) {
    c->line = (c->line + 1) % LINES;
    if (c->lines[c->line].is_busy) continue;
    send_text(&c->lines[c->line], &c->changes[c->turn++ % c->changes_count]);
    c->done++;
    return;
  }
  c->skipped++;
}

void start_churn_over(struct churn *c) {
  c->done = c->skipped = 0;
  memset(&c->probe.registered, 0, sizeof c->probe.registered);
  memset(&c->probe.updated, 0, sizeof c->probe.updated);
}

void print_churn(const struct churn *c, double seconds) {
  uint64_t errors = c->probe.line.errors;
  for (int i = 0; i < LINES; i++) errors += c->lines[i].errors;
  printf("\"churn\":{\"changesPerSecond\":%.0f,\"skipped\":%lu,", c->done / seconds, c->skipped);
  print_latency("registerVisible", &c->probe.registered);
  print_latency("updateVisible", &c->probe.updated);
  printf("\"probes\":%lu,\"unseen\":%lu,", c->probe.registered.count, c->probe.unseen);
  printf("\"httpErrors\":%lu},", errors);
}
