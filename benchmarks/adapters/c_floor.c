/* The floor: libzmq from C on both ends, and its own proxy between them. No Python anywhere.
 *
 *     c_floor broker PUBLISHER_PORT SUBSCRIBER_PORT
 *     c_floor publisher | subscriber | asker | echoer
 *
 * The roles speak the JSON lines of benchmarks/role.py; benchmarks/publishing.py and receiving.py
 * say what the lines mean. Messages have the bytes that the Python adapters send: the topic, and
 * {"msg": number} or {"msg": number, "data": ...} as MessagePack, made anew for each message.
 * Queues are as long as Banyan's (banyan/transport/sockets.py), so that nothing is lost. The
 * subscriber counts, and decodes markers and, with many topics, numbers; nothing else.
 */
#include "c_floor.h"

enum { PUBLISHER_QUEUE = 1000, SUBSCRIBER_QUEUE = 200000 }; /* banyan/limits.py */
enum { LOOKS = 256, CHUNKS_A_SECOND = 1000, ASK_AGAIN_MS = 200, MOST_PUBLISHERS = 1024 };

/* --- sockets --------------------------------------------------------------------------------- */

static void set(void *socket, int option, int value) {
    zmq_setsockopt(socket, option, &value, sizeof value);
}

static void attach(void *socket, int (*how)(void *, const char *), const char *port) {
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%d", atoi(port));
    if (how(socket, url)) fail("cannot bind or connect");
}

static void *publisher_socket(void *context) {
    void *socket = checked(zmq_socket(context, ZMQ_PUB));
    set(socket, ZMQ_XPUB_NODROP, 1);
    set(socket, ZMQ_SNDHWM, PUBLISHER_QUEUE);
    attach(socket, zmq_connect, field("ports") + 1);
    return socket;
}

static void *subscriber_socket(void *context, Topics subscribed) {
    void *socket = checked(zmq_socket(context, ZMQ_SUB));
    set(socket, ZMQ_SNDHWM, 0);
    set(socket, ZMQ_RCVHWM, 0);
    attach(socket, zmq_connect, strchr(field("ports"), ',') + 1);
    for (long i = 0; i < subscribed.count; i++)
        zmq_setsockopt(socket, ZMQ_SUBSCRIBE, subscribed.names[i], strlen(subscribed.names[i]));
    return socket;
}

static void send_message(void *socket, const char *topic, const Byte *body, size_t size) {
    zmq_send(socket, topic, strlen(topic), ZMQ_SNDMORE);
    zmq_send(socket, body, size, 0);
}

static void receive(void *socket, zmq_msg_t *topic, zmq_msg_t *body) {
    if (zmq_msg_recv(topic, socket, 0) < 0 || zmq_msg_recv(body, socket, 0) < 0) fail("no message");
}

static zmq_msg_t empty(void) {
    zmq_msg_t message;
    zmq_msg_init(&message);
    return message;
}

static void broker(char **ports) {
    void *context = zmq_ctx_new(), *front = checked(zmq_socket(context, ZMQ_XSUB));
    void *back = checked(zmq_socket(context, ZMQ_PUB));
    set(front, ZMQ_SNDHWM, 0);
    set(front, ZMQ_RCVHWM, PUBLISHER_QUEUE);
    set(back, ZMQ_SNDHWM, SUBSCRIBER_QUEUE);
    set(back, ZMQ_RCVHWM, 0);
    zmq_send(front, "\x01", 1, 0);
    attach(front, zmq_bind, ports[0]);
    attach(back, zmq_bind, ports[1]);
    zmq_proxy(front, back, NULL);
}

/* --- publisher ------------------------------------------------------------------------------- */

static Byte *data_after_head(unsigned size, size_t *length) { /* room for a head, then the data */
    Byte *buffer = checked(calloc(HEAD + 10 + size, 1)), *at = buffer + HEAD;
    int bytes = size < 256 ? 1 : size < 65536 ? 2 : 4;
    at = (Byte *)memcpy(at, "\xa4""data", 5) + 5;
    *at++ = bytes == 1 ? 0xc4 : bytes == 2 ? 0xc5 : 0xc6;
    for (int left = bytes - 1; left >= 0; left--) *at++ = (Byte)(size >> 8 * left);
    *length = size ? (size_t)(at + size - (buffer + HEAD)) : 0;
    return buffer;
}

static void send_burst(void *socket) {
    Topics used = topics();
    long count = (long)number("count"), first = (long)number("first");
    double rate = number("rate"), begun = now();
    long chunk = rate > CHUNKS_A_SECOND ? (long)(rate / CHUNKS_A_SECOND + .5) : 1;
    size_t length;
    Byte *buffer = data_after_head((unsigned)number("size"), &length), head[HEAD];
    for (long i = 0; i < count; i++) {
        while (rate > 0 && i % chunk == 0 && now() < begun + (double)i / rate) pause_1_ms();
        size_t size = put_number(head, length > 0, (unsigned)(first + i));
        Byte *body = memcpy(buffer + HEAD - size, head, size);
        send_message(socket, used.names[i % used.count], body, size + length);
    }
    printf("{\"said\": \"sent\", \"begun\": %.9f, \"ended\": %.9f}\n", begun, now());
    free(buffer);
}

static void send_marks(void *socket, unsigned by) { /* until the next line comes */
    char *name = field("topic") + 1, *topic = strndup(name, strcspn(name, "\""));
    bool last = is("do", "last");
    Byte body[HEAD];
    for (int i = 0; last ? i < 1 : !line_waits(); i++) {
        send_message(socket, topic, body, marker(body, last ? -1 : i, by));
        pause_1_ms();
    }
    free(topic);
}

static void publisher(void *context) {
    unsigned by = (unsigned)number("number");
    void *socket = publisher_socket(context);
    puts("{\"said\": \"ready\"}");
    for (next_line(); !is("do", "end"); next_line())
        if (is("do", "burst")) send_burst(socket);
        else send_marks(socket, by);
    zmq_close(socket); /* lingers for ever, so all has left when the context has ended */
    zmq_ctx_term(context);
    puts("{\"said\": \"done\"}");
}

/* --- subscriber ------------------------------------------------------------------------------ */

static struct {
    _Atomic long count, look_at, expected, looked;
    _Atomic double at;
    _Atomic bool marking;
    unsigned publishers, heard, lasts;
    bool heard_of[MOST_PUBLISHERS];
    long topics;
    Byte *topic_heard;
} tally = {.marking = true};

static void say_progress(const char *said) {
    long heard = 0;
    for (long i = 0; tally.topic_heard && i < tally.topics; i++) heard += tally.topic_heard[i];
    printf("{\"said\": \"%s\", \"count\": %ld, \"looked\": %ld, \"at\": %.9f, \"topics\": %ld}\n",
           said, tally.count, tally.looked, tally.at, heard);
}

static void obey(void) {
    if (!is("do", "expect")) {
        say_progress("progress");
        return;
    }
    long expected = (long)number("count");
    tally.count = tally.looked = 0;
    tally.at = 0;
    tally.expected = expected;
    tally.look_at = expected / LOOKS > 1 ? expected / LOOKS : 1;
    if (tally.topic_heard) memset(tally.topic_heard, 0, (size_t)tally.topics);
    tally.marking = false;
    puts("{\"said\": \"expecting\"}");
}

static bool was_last_marker(const Byte *body, size_t size) {
    bool last;
    unsigned by;
    if (!is_marker(body, size, &last, &by) || by >= MOST_PUBLISHERS) return false;
    if (last) return ++tally.lasts == tally.publishers;
    if (!tally.heard_of[by]) {
        tally.heard_of[by] = true;
        if (++tally.heard == tally.publishers)
            printf("{\"said\": \"heard\", \"at\": %.9f}\n", now());
    }
    return false;
}

static void look(long count) {
    long expected = tally.expected, next = count + (expected > LOOKS ? expected / LOOKS : 1);
    tally.at = now();
    tally.looked = count;
    tally.look_at = next < expected || count >= expected ? next : expected;
    if (count == expected) say_progress("complete");
}

static void take(zmq_msg_t *body) {
    const Byte *bytes = zmq_msg_data(body);
    if (tally.marking) {
        if (was_last_marker(bytes, zmq_msg_size(body))) puts("{\"said\": \"steady\"}");
        return;
    }
    if (tally.topic_heard) {
        unsigned value;
        get_int(bytes + 5, &value);
        tally.topic_heard[value % tally.topics] = 1;
    }
    long count = atomic_load_explicit(&tally.count, memory_order_relaxed) + 1;
    atomic_store_explicit(&tally.count, count, memory_order_relaxed);
    if (count >= atomic_load_explicit(&tally.look_at, memory_order_relaxed)) look(count);
}

static void *listen_to_runner(void *obeys) {
    while (true) {
        next_line();
        if (obeys) obey();
    }
    return NULL;
}

static void count_messages(void *in) {
    zmq_msg_t topic = empty(), body = empty();
    while (true) {
        receive(in, &topic, &body);
        take(&body);
    }
}

/* --- round trips ----------------------------------------------------------------------------- */

static void echo_messages(void *in, void *out) {
    zmq_msg_t topic = empty(), body = empty();
    while (true) {
        receive(in, &topic, &body);
        send_message(out, "answer", zmq_msg_data(&body), zmq_msg_size(&body));
    }
}

static bool is_answered(void *in, zmq_msg_t *topic, zmq_msg_t *body, unsigned question) {
    unsigned answer;
    do {
        if (zmq_msg_recv(topic, in, 0) < 0) return false;
        if (zmq_msg_recv(body, in, 0) < 0) fail("half a message");
        get_int((Byte *)zmq_msg_data(body) + 5, &answer);
    } while (answer != question);
    return true;
}

static void make_trips(void *in, void *out, long trips, double seconds) {
    double *times = checked(calloc((size_t)trips, sizeof *times)), asked, begun;
    zmq_msg_t topic = empty(), body = empty();
    Byte question[HEAD];
    do receive(in, &topic, &body);
    while (!was_last_marker(zmq_msg_data(&body), zmq_msg_size(&body)));
    set(in, ZMQ_RCVTIMEO, ASK_AGAIN_MS); /* the first question may go before all is connected */
    unsigned made = 0;
    begun = now();
    do {
        size_t size = put_number(question, false, made);
        do {
            asked = now();
            send_message(out, "ask", question, size);
        } while (!is_answered(in, &topic, &body, made));
        times[made++] = now() - asked;
    } while (made < trips && asked < begun + seconds);
    fputs("{\"said\": \"trips\", \"times\": [", stdout);
    for (unsigned i = 0; i < made; i++) printf(i ? ", %.9f" : "%.9f", times[i]);
    puts("]}");
}

/* --- the program ----------------------------------------------------------------------------- */

static void converse(void *context, const char *role) {
    Topics subscribed = topics();
    void *in = subscriber_socket(context, subscribed), *out = publisher_socket(context);
    bool subscriber = !strcmp(role, "subscriber"), asker = !strcmp(role, "asker");
    long trips = (long)number("trips");
    double seconds = number("seconds");
    tally.publishers = asker ? 1 : (unsigned)number("publishers");
    tally.topics = subscribed.count;
    if (subscribed.count > 1) tally.topic_heard = checked(calloc((size_t)subscribed.count, 1));
    pthread_t thread;
    pthread_create(&thread, NULL, listen_to_runner, subscriber ? &tally : NULL);
    puts("{\"said\": \"ready\"}");
    if (subscriber) count_messages(in);
    else if (asker) make_trips(in, out, trips, seconds);
    else echo_messages(in, out);
    pthread_join(thread, NULL);
}

int main(int count, char **words) {
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    if (count == 4 && !strcmp(words[1], "broker")) broker(words + 2);
    if (count != 2) return 2;
    puts("{\"said\": \"loaded\"}");
    next_line();
    void *context = zmq_ctx_new();
    if (!strcmp(words[1], "publisher")) publisher(context);
    else converse(context, words[1]);
    while (true) next_line();
}
