/* What the parts of the load generator share. Times are nanoseconds of CLOCK_MONOTONIC. */
#ifndef BLAST_H
#define BLAST_H
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103 /* linux/udp.h */
#endif

enum { MICRO = 1000, MILLI = 1000000, SECOND = 1000000000 };
/* One bucket per microsecond up to 100 ms; the last one holds all that is slower. */
enum { BUCKETS = 100000 };

struct histogram {
  uint32_t buckets[BUCKETS];
  uint64_t count;
  int64_t max;
};

enum fault {
  MALFORMED,
  WRONG_QUESTION,
  WRONG_RCODE,
  TOO_FEW_ANSWERS,
  TRUNCATED,
  UNEXPECTED,
  REFUSED_PORT,
  FAULTS
};

struct tally {
  uint64_t sent, answered, lost, late, skipped, octets;
  /* Open loop: in turns longer than they can be. Closed loop: in turns that found nothing to do. */
  int64_t stalled, idle;
  uint64_t faults[FAULTS];
  struct histogram latency;
};

/* The file that packets-file.ts writes. */
struct packets {
  uint32_t count, stride;
  const uint32_t *order;
  const uint16_t *lengths;
  const uint8_t *rcodes, *answers, *bytes;
};

int64_t now_ns(void);
void sleep_until(int64_t then);
void fail(const char *what);
const uint8_t *map_file(const char *path, size_t *size);
void read_packets(struct packets *p, const char *path);
int connect_to(int kind, int port);

/* When the kernel took messages in (SO_TIMESTAMPNS), whenever they are read; at most STAMPS. */
enum { STAMPS = 256 };
void note_times(struct mmsghdr *messages, int count);
int64_t came_at(struct msghdr *message);
void add_latency(struct histogram *h, int64_t ns);
void print_latency(const char *name, const struct histogram *h);
void print_faults(const uint64_t *faults);

/* meter.c: the server's CPU time, read by whom it is counted against. */
struct meter {
  int64_t at, own, run, wait, busy[64];
};
void read_meter(struct meter *m, const char *pids, const char *cores);
void print_meter(const struct meter *from, const struct meter *to, const char *cores);

/* churn.c: changes over HTTP from inside the open loop. */
struct churn;
struct churn *open_churn(const char *path, int http_port, int dns_port, double per_second);
void turn_churn(struct churn *c, int64_t now);
void start_churn_over(struct churn *c);
void print_churn(const struct churn *c, double seconds);
#endif
