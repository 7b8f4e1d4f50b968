/* What c_floor.c stands on: libzmq's functions, the clock, the runner's lines, MessagePack. */
#ifndef C_FLOOR_H
#define C_FLOOR_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What is used of libzmq's stable interface (zmq.h): the library of pyzmq's wheel has no header. */
typedef struct { _Alignas(void *) unsigned char bytes[64]; } zmq_msg_t;
extern void *zmq_ctx_new(void), *zmq_socket(void *context, int kind);
extern int zmq_ctx_term(void *context), zmq_close(void *socket);
extern int zmq_setsockopt(void *socket, int option, const void *value, size_t size);
extern int zmq_bind(void *socket, const char *url), zmq_connect(void *socket, const char *url);
extern int zmq_send(void *socket, const void *data, size_t size, int flags);
extern int zmq_msg_init(zmq_msg_t *), zmq_msg_recv(zmq_msg_t *, void *socket, int flags);
extern int zmq_proxy(void *front, void *back, void *capture);
extern void *zmq_msg_data(zmq_msg_t *);
extern size_t zmq_msg_size(const zmq_msg_t *);
enum { ZMQ_PUB = 1, ZMQ_SUB = 2, ZMQ_XSUB = 10 };
enum { ZMQ_SUBSCRIBE = 6, ZMQ_SNDHWM = 23, ZMQ_RCVHWM = 24, ZMQ_RCVTIMEO = 27 };
enum { ZMQ_XPUB_NODROP = 69 };
enum { ZMQ_SNDMORE = 2 };

enum { HEAD = 32 }; /* bytes: enough for a marker, and for all of a message before its data */

typedef unsigned char Byte;

static void fail(const char *why) {
    printf("{\"said\": \"failed\", \"why\": \"C: %s\"}\n", why);
    exit(1);
}

static void *checked(void *memory) {
    if (!memory) fail("out of memory or sockets");
    return memory;
}

static double now(void) { /* the clock of Python's time.perf_counter */
    struct timespec t;
#ifdef __APPLE__
    clock_gettime(CLOCK_UPTIME_RAW, &t);
#else
    clock_gettime(CLOCK_MONOTONIC, &t);
#endif
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void pause_1_ms(void) { nanosleep(&(struct timespec){0, 1000000}, NULL); }

/* --- the runner's lines: flat JSON as Python's json.dumps writes it, names without escapes --- */

static char *line;

static void next_line(void) { /* unbuffered, so that poll() tells the truth; EOF ends the process */
    static size_t room;
    size_t length = 0;
    for (char c = 0; c != '\n';) {
        if (read(0, &c, 1) != 1) _exit(0);
        if (length + 2 > room) line = checked(realloc(line, room = 2 * room + 256));
        line[length++] = c;
    }
    line[length] = 0;
}

static bool line_waits(void) {
    struct pollfd input = {0, POLLIN, 0};
    return poll(&input, 1, 0) > 0;
}

static char *field(const char *name) { /* what follows "name": or NULL */
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\": ", name);
    char *found = strstr(line, quoted);
    return found ? found + strlen(quoted) : NULL;
}

static double number(const char *name) {
    char *at = field(name);
    return at ? atof(at) : 0;
}

static bool is(const char *name, const char *value) {
    char *at = field(name);
    return at && !strncmp(at + 1, value, strlen(value)) && at[1 + strlen(value)] == '"';
}

typedef struct { long count; char **names; } Topics;

static Topics topics(void) {
    Topics found = {0, NULL};
    char *at = field("topics");
    while (at && *at != ']') {
        char *begin = strchr(at, '"') + 1, *end = strchr(begin, '"');
        found.names = checked(realloc(found.names, (size_t)(found.count + 1) * sizeof(char *)));
        found.names[found.count++] = strndup(begin, (size_t)(end - begin));
        at = end + 1;
    }
    return found;
}

/* --- MessagePack: what these messages need of it --------------------------------------------- */

static Byte *put_int(Byte *at, unsigned value) { /* the shortest form, as all encoders choose */
    int bytes = value < 128 ? 0 : value < 256 ? 1 : value < 65536 ? 2 : 4;
    if (bytes) *at++ = bytes == 1 ? 0xcc : bytes == 2 ? 0xcd : 0xce;
    for (int left = bytes ? bytes - 1 : 0; left >= 0; left--) *at++ = (Byte)(value >> 8 * left);
    return at;
}

static const Byte *get_int(const Byte *at, unsigned *value) {
    int bytes = *at < 128 ? 0 : *at == 0xcc ? 1 : *at == 0xcd ? 2 : 4;
    if (!bytes) *value = *at;
    else *value = 0;
    for (int i = 1; i <= bytes; i++) *value = *value << 8 | at[i];
    return at + 1 + bytes;
}

static size_t marker(Byte *body, int count, unsigned by) { /* count < 0: the last */
    Byte *at = body + 8;
    memcpy(body, "\x82\xa6marker", 8);
    if (count < 0) at = (Byte *)memcpy(at, "\xa4last", 5) + 5;
    else at = put_int(at, (unsigned)count);
    at = (Byte *)memcpy(at, "\xa2""by", 3) + 3;
    return (size_t)(put_int(at, by) - body);
}

static bool is_marker(const Byte *body, size_t size, bool *last, unsigned *by) {
    unsigned ignored;
    if (size < 8 || memcmp(body, "\x82\xa6marker", 8)) return false;
    *last = body[8] == 0xa4;
    get_int((*last ? body + 13 : get_int(body + 8, &ignored)) + 3, by);
    return true;
}

static size_t put_number(Byte *head, bool with_data, unsigned value) {
    memcpy(head, "\x81\xa3msg", 5);
    head[0] = with_data ? 0x82 : 0x81;
    return (size_t)(put_int(head + 5, value) - head);
}

#endif
