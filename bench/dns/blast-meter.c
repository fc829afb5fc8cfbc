/* Clocks, histograms, files: what the load generator measures with. */
#define _GNU_SOURCE
#include "blast.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

void sleep_until(int64_t then) {
  struct timespec at = {then / SECOND, then % SECOND};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, errno == 0 ? "not understood" : strerror(errno));
  exit(1);
}

const uint8_t *map_file(const char *path, size_t *size) {
  struct stat about;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &about) != 0) fail(path);
  *size = about.st_size;
  void *at = mmap(NULL, about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (at == MAP_FAILED) fail(path);
  close(fd);
  return at;
}

void read_packets(struct packets *p, const char *path) {
  size_t size;
  const uint8_t *at = map_file(path, &size);
  memcpy(&p->count, at, 4);
  memcpy(&p->stride, at + 4, 4);
  p->order = (const uint32_t *)(at + 8);
  p->lengths = (const uint16_t *)(p->order + p->count);
  p->rcodes = (const uint8_t *)(p->lengths + p->count);
  p->answers = p->rcodes + p->count;
  p->bytes = p->answers + p->count;
  if (size != 8 + (size_t)p->count * (8 + p->stride)) fail("not a file of packets");
}

/* Connected to 127.0.0.1: the kernel drops what comes from elsewhere. */
int connect_to(int kind, int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, kind, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0) fail("connect");
  return fd;
}

static union {
  char bytes[CMSG_SPACE(sizeof(struct timespec))];
  struct cmsghdr aligned;
} stamps[STAMPS];

void note_times(struct mmsghdr *messages, int count) {
  for (int i = 0; i < count && i < STAMPS; i++) {
    messages[i].msg_hdr.msg_control = &stamps[i];
    messages[i].msg_hdr.msg_controllen = sizeof stamps[i];
  }
}

int64_t came_at(struct msghdr *message) {
  struct cmsghdr *head = CMSG_FIRSTHDR(message);
  if (head == NULL || head->cmsg_type != SCM_TIMESTAMPNS) return now_ns();
  struct timespec real, then;
  memcpy(&then, CMSG_DATA(head), sizeof then);
  clock_gettime(CLOCK_REALTIME, &real);
  return now_ns() - (real.tv_sec - then.tv_sec) * SECOND - (real.tv_nsec - then.tv_nsec);
}

void add_latency(struct histogram *h, int64_t ns) {
  if (ns < 0) ns = 0;
  int64_t bucket = ns / MICRO;
  h->buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
  h->count++;
  if (ns > h->max) h->max = ns;
}

static int64_t quantile(const struct histogram *h, double share) {
  uint64_t rank = h->count * share, seen = 0;
  if (rank < 1) rank = 1;
  for (int i = 0; i < BUCKETS - 1 && h->count > 0; i++) {
    seen += h->buckets[i];
    if (seen >= rank) return i;
  }
  return h->max / MICRO;
}

void print_latency(const char *name, const struct histogram *h) {
  printf("\"%s\":{\"p50\":%ld,\"p90\":%ld,", name, quantile(h, 0.5), quantile(h, 0.9));
  printf("\"p99\":%ld,\"p999\":%ld,", quantile(h, 0.99), quantile(h, 0.999));
  printf("\"max\":%ld},", h->max / MICRO);
}

void print_faults(const uint64_t *faults) {
  static const char *const kinds[] = {"malformed", "wrong_question", "wrong_rcode",
                                      "too_few_answers", "truncated", "unexpected",
                                      "refused_port"};
  const char *comma = "";
  printf(",\"faults\":{");
  for (int i = 0; i < FAULTS; i++) {
    if (faults[i] == 0) continue;
    printf("%s\"%s\":%lu", comma, kinds[i], faults[i]);
    comma = ",";
  }
  printf("}");
}

/* Nanoseconds on a CPU and waiting for one, all threads of a process; exact, unlike its stat. */
static void add_process(struct meter *m, long pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/task", pid);
  DIR *threads = opendir(path);
  if (threads == NULL) fail(path);
  for (struct dirent *one; (one = readdir(threads)) != NULL;) {
    char stat[320];
    long run, wait;
    snprintf(stat, sizeof stat, "/proc/%ld/task/%s/schedstat", pid, one->d_name);
    FILE *file = one->d_name[0] == '.' ? NULL : fopen(stat, "r");
    if (file == NULL) continue;
    if (fscanf(file, "%ld %ld", &run, &wait) == 2) {
      m->run += run;
      m->wait += wait;
    }
    fclose(file);
  }
  closedir(threads);
}

/* Ticks of 10 ms in which a core was not idle, stolen ones included. */
static int64_t read_busy(long core) {
  char name[16], line[512];
  int64_t busy = 0;
  size_t length = snprintf(name, sizeof name, "cpu%ld ", core);
  FILE *file = fopen("/proc/stat", "r");
  if (file == NULL) fail("/proc/stat");
  while (fgets(line, sizeof line, file) != NULL) {
    long t[8];
    if (strncmp(line, name, length) != 0) continue;
    /* user nice system idle iowait irq softirq steal */
    sscanf(line + length, "%ld %ld %ld %ld %ld %ld %ld %ld", t, t + 1, t + 2, t + 3, t + 4, t + 5,
           t + 6, t + 7);
    busy = (t[0] + t[1] + t[2] + t[5] + t[6] + t[7]) * 10LL * MILLI;
  }
  fclose(file);
  return busy;
}

static const char *next_number(const char *at, long *number) {
  char *end;
  *number = strtol(at, &end, 10);
  if (end == at) return NULL;
  return *end == ',' ? end + 1 : end;
}

void read_meter(struct meter *m, const char *pids, const char *cores) {
  struct timespec own;
  long number;
  int count = 0;
  memset(m, 0, sizeof *m);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
  m->own = own.tv_sec * 1000000000LL + own.tv_nsec;
  for (const char *at = cores; count < 64 && (at = next_number(at, &number)) != NULL;) {
    m->busy[count++] = read_busy(number);
  }
  m->at = now_ns();
  for (const char *at = pids; (at = next_number(at, &number)) != NULL;) add_process(m, number);
}

void print_meter(const struct meter *from, const struct meter *to, const char *cores) {
  long number;
  int i = 0;
  printf("\"seconds\":%.6f,", (to->at - from->at) / 1e9);
  printf("\"cpu\":{\"run\":%ld,\"wait\":%ld},", to->run - from->run, to->wait - from->wait);
  printf("\"ownNs\":%ld,\"busyNs\":[", to->own - from->own);
  for (const char *at = cores; i < 64 && (at = next_number(at, &number)) != NULL; i++) {
    printf("%s%ld", i > 0 ? "," : "", to->busy[i] - from->busy[i]);
  }
  printf("]");
}
