/* The load of benchmarks/serving.py: one thread, epoll, connections that stay open, every answer compared.

     serving_load HOST PORT PAIRS CONNECTIONS SECONDS RATE

   PAIRS is a file of requests, each with the body that answers it: for each, two little-endian uint32 (the lengths of
   both), the request, the body. They are sent in turn. RATE 0 is a closed loop: a connection sends its next request
   when the last one was answered, and latency counts from then; that of refusals (429, 503) is not told. With a RATE (requests/s) the loop is open: request i is
   due at i / RATE whatever the server does, the first free connection takes it, and latency counts from when it was
   due (as in wrk2: a server that stalls delays all that were due meanwhile). What is unanswered two seconds after the
   end counts as `unanswered`, with its latency until then. Prints one line of JSON.

   serving_load_fallback.py takes the same arguments and prints the same, for machines without a compiler or epoll. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BUFFER 65536
#define DRAIN_NS 2000000000ull
#define TIMER UINT32_MAX

typedef struct {
    const char *request, *body;
    uint32_t request_size, body_size;
} Pair;

typedef struct {
    int socket, busy;
    uint32_t pair, sent, filled;
    uint64_t due;
    char buffer[BUFFER];
} Connection;

static struct {
    Pair *items;
    uint32_t count, next;
} pairs;
static struct {
    uint32_t *items; /* in units of 100 ns */
    size_t count, room;
} latencies;
static struct {
    uint64_t right, wrong, refused, failed, unanswered;
} told;
static struct sockaddr_in server;
static Connection *connections;
static uint32_t *idle, num_idle;
static int poll_set, first_wrong_told;

static void die(const char *what) {
    fprintf(stderr, "serving_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void read_pairs(const char *path) {
    FILE *file = fopen(path, "rb");
    uint32_t sizes[2];
    if (!file) die(path);
    while (fread(sizes, sizeof *sizes, 2, file) == 2) {
        char *both = malloc((size_t)sizes[0] + sizes[1] + 1);
        pairs.items = realloc(pairs.items, (pairs.count + 1) * sizeof *pairs.items);
        if (!both || !pairs.items || fread(both, 1, (size_t)sizes[0] + sizes[1], file) != (size_t)sizes[0] + sizes[1])
            die("a pair is cut off");
        pairs.items[pairs.count++] = (Pair){both, both + sizes[0], sizes[0], sizes[1]};
    }
    fclose(file);
    if (!pairs.count) die("no pairs");
}

static void record(uint64_t nanoseconds) {
    uint64_t units = nanoseconds / 100;
    if (latencies.count == latencies.room) {
        latencies.room = latencies.room ? 2 * latencies.room : 1 << 20;
        latencies.items = realloc(latencies.items, latencies.room * sizeof *latencies.items);
        if (!latencies.items) die("no memory");
    }
    latencies.items[latencies.count++] = units > UINT32_MAX ? UINT32_MAX : (uint32_t)units;
}

static void dial(uint32_t which) {
    Connection *c = &connections[which];
    int one = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = which};
    c->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (c->socket < 0 || connect(c->socket, (struct sockaddr *)&server, sizeof server)) die("cannot connect");
    setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (epoll_ctl(poll_set, EPOLL_CTL_ADD, c->socket, &event)) die("epoll_ctl");
    c->busy = 0;
    c->filled = 0;
}

/* A request of a few hundred bytes fits into an empty socket buffer: a short write is a failure. */
static int ask(Connection *c, uint64_t due) {
    const Pair *pair;
    c->pair = pairs.next;
    pairs.next = (pairs.next + 1) % pairs.count;
    pair = &pairs.items[c->pair];
    c->due = due;
    c->busy = 1;
    c->filled = 0;
    return send(c->socket, pair->request, pair->request_size, MSG_NOSIGNAL) == (ssize_t)pair->request_size;
}

static const char *header(const char *head, const char *end, const char *name) {
    size_t size = strlen(name);
    for (const char *line = head; line < end;) {
        const char *stop = memchr(line, '\r', (size_t)(end - line));
        if (!stop) return NULL;
        if ((size_t)(stop - line) > size && !strncasecmp(line, name, size)) return line + size;
        line = stop + 2;
    }
    return NULL;
}

/* 0: more has to come; 1: a whole answer; 2: a refusal; -1: nothing that can be read as one. */
static int take_answer(Connection *c) {
    const Pair *pair = &pairs.items[c->pair];
    const char *end = memmem(c->buffer, c->filled, "\r\n\r\n", 4), *length, *body;
    size_t size;
    if (!end) return c->filled == BUFFER ? -1 : 0;
    length = header(c->buffer, end + 2, "content-length:");
    if (!length || strncmp(c->buffer, "HTTP/1.1 ", 9)) return -1;
    body = end + 4;
    size = strtoul(length, NULL, 10);
    if ((size_t)(body - c->buffer) + size > BUFFER) return -1;
    if ((size_t)(c->buffer + c->filled - body) < size) return 0;
    if (!strncmp(c->buffer + 9, "200", 3)) {
        int same = size == pair->body_size && !memcmp(body, pair->body, size);
        if (same) told.right++;
        else told.wrong++;
        if (!same && !first_wrong_told++)
            fprintf(stderr, "serving_load: %.*s instead of %.*s\n", (int)size, body, (int)pair->body_size, pair->body);
    } else if (!strncmp(c->buffer + 9, "429", 3) || !strncmp(c->buffer + 9, "503", 3)) {
        told.refused++;
        return 2;
    } else {
        told.failed++;
    }
    return 1;
}

static void redial(uint32_t which) {
    told.failed++;
    close(connections[which].socket);
    dial(which);
}

/* What came on a connection; 1 when it has become free. */
static int hear(uint32_t which) {
    Connection *c = &connections[which];
    ssize_t came = recv(c->socket, c->buffer + c->filled, BUFFER - c->filled, MSG_DONTWAIT);
    int whole;
    if (came < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (came <= 0 || !c->busy) {
        int was_busy = c->busy;
        redial(which);
        return was_busy;
    }
    c->filled += (uint32_t)came;
    whole = take_answer(c);
    if (!whole) return 0;
    if (whole != 2) record(now() - c->due);
    if (whole < 0) redial(which);
    c->busy = 0;
    return 1;
}

static void ask_or_redial(uint32_t which, uint64_t due) {
    if (ask(&connections[which], due)) return;
    redial(which);
    if (!ask(&connections[which], due)) die("cannot send");
}

static void wake_at(int timer, uint64_t when) {
    struct itimerspec at = {.it_value = {(time_t)(when / 1000000000ull), (long)(when % 1000000000ull)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* Requests that are due, by as many connections as are free. */
static uint64_t send_due(uint64_t start, uint64_t sent, uint64_t total, double gap) {
    uint64_t time = now();
    while (num_idle && sent < total) {
        uint64_t due = start + (uint64_t)((double)sent * gap);
        if (due > time) break;
        ask_or_redial(idle[--num_idle], due);
        sent++;
    }
    return sent;
}

static void loop(uint32_t count, double seconds, double rate) {
    struct epoll_event events[256];
    uint64_t start = now(), end = start + (uint64_t)(seconds * 1e9), sent = 0;
    uint64_t total = rate > 0 ? (uint64_t)(rate * seconds) : UINT64_MAX;
    double gap = rate > 0 ? 1e9 / rate : 0;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event wake = {.events = EPOLLIN, .data.u32 = TIMER};
    if (timer < 0 || epoll_ctl(poll_set, EPOLL_CTL_ADD, timer, &wake)) die("timerfd");
    for (uint32_t i = 0; i < count; i++) {
        if (rate > 0) idle[num_idle++] = i;
        else ask_or_redial(i, now());
    }
    for (uint64_t time = start; rate > 0 ? time < end + DRAIN_NS : time < end; time = now()) {
        int ready;
        if (rate > 0) {
            sent = send_due(start, sent, total, gap);
            if (sent == total && num_idle == count) break;
            wake_at(timer, num_idle && sent < total ? start + (uint64_t)((double)sent * gap) : end + DRAIN_NS);
        } else {
            wake_at(timer, end);
        }
        ready = epoll_wait(poll_set, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            uint32_t which = events[i].data.u32;
            uint64_t expirations;
            if (which == TIMER) {
                if (read(timer, &expirations, sizeof expirations) < 0) continue;
            } else if (hear(which)) {
                if (rate > 0) idle[num_idle++] = which;
                else ask_or_redial(which, now());
            }
        }
    }
    for (uint32_t i = 0; rate > 0 && i < count; i++)
        if (connections[i].busy) told.unanswered++, record(now() - connections[i].due);
    for (; rate > 0 && sent < total; sent++) told.unanswered++, record(now() - start - (uint64_t)((double)sent * gap));
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* The smallest latency that no fewer than this share of them reach, in ms. */
static double quantile(double share) {
    size_t rank = (size_t)(share * (double)latencies.count);
    if (!latencies.count) return 0;
    if (rank >= latencies.count) rank = latencies.count - 1;
    return latencies.items[rank] / 1e4;
}

int main(int argc, char **argv) {
    struct rusage used;
    uint32_t count;
    uint64_t start;
    double seconds, cpu;
    if (argc != 7) return fprintf(stderr, "serving_load HOST PORT PAIRS CONNECTIONS SECONDS RATE\n"), 2;
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)atoi(argv[2]));
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) die("HOST is no IPv4 address");
    read_pairs(argv[3]);
    count = (uint32_t)atoi(argv[4]);
    connections = calloc(count, sizeof *connections);
    idle = calloc(count, sizeof *idle);
    if (!count || !connections || !idle || (poll_set = epoll_create1(0)) < 0) die("CONNECTIONS");
    for (uint32_t i = 0; i < count; i++) dial(i);
    start = now();
    loop(count, atof(argv[5]), atof(argv[6]));
    seconds = (double)(now() - start) / 1e9;
    getrusage(RUSAGE_SELF, &used);
    cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
          (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    if (latencies.count) qsort(latencies.items, latencies.count, sizeof *latencies.items, ascending);
    printf("{\"seconds\": %.6f, \"right\": %llu, \"wrong\": %llu, \"refused\": %llu, \"failed\": %llu, "
           "\"unanswered\": %llu, \"p50_ms\": %.4f, \"p99_ms\": %.4f, \"p999_ms\": %.4f, \"max_ms\": %.4f, "
           "\"generator_share\": %.4f}\n",
           seconds, (unsigned long long)told.right, (unsigned long long)told.wrong, (unsigned long long)told.refused,
           (unsigned long long)told.failed, (unsigned long long)told.unanswered, quantile(.5), quantile(.99),
           quantile(.999), quantile(1), cpu / seconds);
    return 0;
}
